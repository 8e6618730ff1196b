using System.Globalization;

namespace Runbooks.Workflows.Triggers.Cron;

/// <summary>
/// A cron expression as Elsa takes it: five fields (minutes, hours, day of month, month, day of week) or six with seconds
/// in front. A day must fit both the day of month and the day of week. Knows wall clock times only; see <see cref="CronSchedule"/>.
/// </summary>
public sealed class CronExpression
{
    /// <summary>29 February on a given weekday comes again within 40 years.</summary>
    private const int MaxDays = 41 * 366;

    private readonly CronField seconds;
    private readonly CronField minutes;
    private readonly CronField hours;
    private readonly CronField days;
    private readonly CronField months;
    private readonly CronField weekdays;
    private readonly bool onLastDay;
    private readonly (int Weekday, int Which)? nthWeekday;

    private CronExpression(string text, string[] fields)
    {
        Text = text;
        seconds = CronFieldRules.Seconds.Read(fields[0]);
        minutes = CronFieldRules.Minutes.Read(fields[1]);
        hours = CronFieldRules.Hours.Read(fields[2]);
        onLastDay = fields[3] is "L" or "l";
        days = onLastDay ? default : CronFieldRules.DaysOfMonth.Read(fields[3]);
        months = CronFieldRules.Months.Read(fields[4]);
        nthWeekday = ReadNth(fields[5]);
        weekdays = nthWeekday is null ? CronFieldRules.DaysOfWeek.Read(fields[5]) : default;
    }

    public string Text { get; }

    /// <summary>True when it lets every hour through: then it means real time, and not certain times of the day.</summary>
    public bool IsEveryHour => hours.Count == 24;

    /// <exception cref="FormatException">It is not a cron expression, or no day ever fits it; the message names the field.</exception>
    public static CronExpression Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var fields = text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
        if (fields.Length is not (5 or 6))
        {
            throw new FormatException($"It has {fields.Length} fields; it should have five (minutes, hours, day of month, month, day of week), or six with seconds in front.");
        }

        var expression = new CronExpression(text, fields.Length == 5 ? ["0", .. fields] : fields);
        return expression.NextLocal(new DateTime(2000, 1, 1, 0, 0, 0, DateTimeKind.Unspecified)) is null
            ? throw new FormatException("There is no such day: day of month, month and day of week exclude each other.")
            : expression;
    }

    /// <summary>The first wall clock time that fits, from this one on; null when there is none.</summary>
    internal DateTime? NextLocal(DateTime from)
    {
        var whole = from.AddTicks(-(from.Ticks % TimeSpan.TicksPerSecond));
        var start = whole < from ? whole.AddSeconds(1) : whole;
        var day = start.Date;
        for (var i = 0; i < MaxDays && day < DateTime.MaxValue.Date; i++, day = day.AddDays(1))
        {
            if (FitsDay(day) && TimeOfDay(i == 0 ? start.TimeOfDay : TimeSpan.Zero) is { } time)
            {
                return day + time;
            }
        }

        return null;
    }

    private static (int Weekday, int Which)? ReadNth(string field)
    {
        if (field.Split('#') is [var weekday, var which])
        {
            return int.TryParse(which, NumberStyles.None, CultureInfo.InvariantCulture, out var n) && n is >= 1 and <= 5
                ? (CronFieldRules.DaysOfWeek.Value(weekday) % 7, n)
                : throw new FormatException($"'{field}' in the field day of week should be a weekday, # and a number from 1 to 5, such as MON#1.");
        }

        // 5L is the last Friday of the month; -1 counts from its end.
        return field.Length > 1 && field[^1] is 'L' or 'l' && field.Length > 1 && !field.Contains(',', StringComparison.Ordinal)
            ? (CronFieldRules.DaysOfWeek.Value(field[..^1]) % 7, -1)
            : null;
    }

    private bool FitsDay(DateTime day)
    {
        var last = DateTime.DaysInMonth(day.Year, day.Month);
        return months.Has(day.Month)
            && (onLastDay ? day.Day == last : days.Has(day.Day))
            && (nthWeekday is { } nth
                ? (int)day.DayOfWeek == nth.Weekday && (nth.Which > 0 ? (day.Day + 6) / 7 == nth.Which : day.Day > last - 7)
                : weekdays.Has((int)day.DayOfWeek));
    }

    private TimeSpan? TimeOfDay(TimeSpan from)
    {
        for (var hour = hours.FirstFrom(from.Hours); hour >= 0; hour = hours.FirstFrom(hour + 1))
        {
            var isFirstHour = hour == from.Hours;
            for (var minute = minutes.FirstFrom(isFirstHour ? from.Minutes : 0); minute >= 0; minute = minutes.FirstFrom(minute + 1))
            {
                var second = seconds.FirstFrom(isFirstHour && minute == from.Minutes ? from.Seconds : 0);
                if (second >= 0)
                {
                    return new TimeSpan(hour, minute, second);
                }
            }
        }

        return null;
    }
}
