using System.Globalization;
using System.Numerics;

namespace Runbooks.Workflows.Triggers.Cron;

/// <summary>The values that one field of a cron expression lets through.</summary>
/// <param name="Bits">One bit for each value.</param>
internal readonly record struct CronField(ulong Bits)
{
    public bool Has(int value) => (Bits & (1UL << value)) != 0;

    public int Count => BitOperations.PopCount(Bits);

    /// <summary>The lowest value from <paramref name="from"/> on; -1 when there is none.</summary>
    public int FirstFrom(int from)
    {
        var left = from > 63 ? 0 : Bits >> from << from;
        return left == 0 ? -1 : BitOperations.TrailingZeroCount(left);
    }
}

/// <summary>What a field may hold.</summary>
/// <param name="Name">For messages.</param>
/// <param name="Min">Lowest value.</param>
/// <param name="Max">Highest value.</param>
/// <param name="Names">Names of values, from <paramref name="Min"/> on; null: only numbers.</param>
internal sealed record CronFieldRules(string Name, int Min, int Max, string[]? Names = null)
{
    public static readonly CronFieldRules Seconds = new("seconds", 0, 59);
    public static readonly CronFieldRules Minutes = new("minutes", 0, 59);
    public static readonly CronFieldRules Hours = new("hours", 0, 23);
    public static readonly CronFieldRules DaysOfMonth = new("day of month", 1, 31);
    public static readonly CronFieldRules Months = new("month", 1, 12, ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"]);
    public static readonly CronFieldRules DaysOfWeek = new("day of week", 0, 7, ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"]);

    /// <exception cref="FormatException">The text is not a field of this kind.</exception>
    public CronField Read(string text)
    {
        var bits = text.Split(',').Aggregate(0UL, (all, part) => all | ReadPart(part));

        // Sunday is 0 and 7.
        return new CronField(this == DaysOfWeek && (bits & (1UL << 7)) != 0 ? (bits & 0x7F) | 1 : bits);
    }

    /// <exception cref="FormatException">The text is not a value of this field.</exception>
    public int Value(string text)
    {
        var named = Names is null ? -1 : Array.FindIndex(Names, n => string.Equals(n, text, StringComparison.OrdinalIgnoreCase));
        if (named >= 0)
        {
            return named + Min;
        }

        return int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var value) && value >= Min && value <= Max
            ? value
            : throw new FormatException($"'{text}' in the field {Name} is not {(Names is null ? "" : $"one of {string.Join(", ", Names)} or ")}a number from {Min} to {Max}.");
    }

    private ulong ReadPart(string part)
    {
        var (range, step) = part.Split('/') switch
        {
            [var all] => (all, (int?)null),
            [var of, var by] when int.TryParse(by, NumberStyles.None, CultureInfo.InvariantCulture, out var n) && n >= 1 => (of, n),
            _ => throw new FormatException($"'{part}' in the field {Name} is not of the form a, a-b, * or one of these with /step, a whole number from 1."),
        };
        var (first, last) = range switch
        {
            "*" or "?" => (Min, this == DaysOfWeek ? 6 : Max),
            _ when range.Split('-') is [var from, var to] => (Value(from), Value(to)),
            _ => (Value(range), step is null ? Value(range) : Max),
        };
        var bits = 0UL;

        // A range that ends before it begins goes over the end: 22-2 is 22, 23, 0, 1, 2.
        var span = this == DaysOfWeek ? 7 : Max - Min + 1;
        var length = last >= first ? last - first : last - first + span;
        for (var i = 0; i <= length; i += step ?? 1)
        {
            var value = first + i;
            bits |= 1UL << (last >= first || value <= (this == DaysOfWeek ? 6 : Max) ? value : value - span);
        }

        return bits;
    }
}
