using System.Globalization;
using Runbooks.Workflows.Triggers;
using Runbooks.Workflows.Triggers.Cron;

namespace Runbooks.Workflows.Tests.Triggers;

/// <summary>Cron expressions, and what they do when the clock is set: no run twice, none missing.</summary>
public sealed class CronTests
{
    [Theory]
    [InlineData("0 2 * * *", "2026-03-01T12:00:00", "2026-03-02T02:00:00")]
    [InlineData("0 2 * * *", "2026-03-02T02:00:00", "2026-03-03T02:00:00")]
    [InlineData("*/15 * * * *", "2026-03-01T12:00:01", "2026-03-01T12:15:00")]
    [InlineData("*/20 * * * * *", "2026-03-01T12:00:40", "2026-03-01T12:01:00")]
    [InlineData("30 5 12 * * ?", "2026-03-01T12:05:29.5", "2026-03-01T12:05:30")]
    [InlineData("0 9-17/4 * * MON-FRI", "2026-03-06T17:00:00", "2026-03-09T09:00:00")]
    [InlineData("0 0 1,15 * *", "2026-03-02T00:00:00", "2026-03-15T00:00:00")]
    [InlineData("0 0 29 2 *", "2026-03-01T00:00:00", "2028-02-29T00:00:00")]
    [InlineData("0 0 L * *", "2026-02-05T00:00:00", "2026-02-28T00:00:00")]
    [InlineData("0 0 * * 5L", "2026-03-01T00:00:00", "2026-03-27T00:00:00")]
    [InlineData("0 0 * * MON#2", "2026-03-01T00:00:00", "2026-03-09T00:00:00")]
    [InlineData("0 0 * * 7", "2026-03-01T00:00:00", "2026-03-08T00:00:00")]
    [InlineData("0 0 * * SAT-SUN", "2026-03-02T00:00:00", "2026-03-07T00:00:00")]
    [InlineData("0 22-1 * * *", "2026-03-01T23:00:00", "2026-03-02T00:00:00")]
    [InlineData("0 0 1 JAN,jul *", "2026-03-01T00:00:00", "2026-07-01T00:00:00")]
    [InlineData("0 0 13 * FRI", "2026-03-01T00:00:00", "2026-03-13T00:00:00")]
    [InlineData("0 0 13 * FRI", "2026-03-13T00:00:00", "2026-11-13T00:00:00")]
    [InlineData("5/20 * * * *", "2026-03-01T12:26:00", "2026-03-01T12:45:00")]
    public void The_next_time_is_the_first_that_fits_after_the_given_one(string expression, string after, string expected)
    {
        Assert.Equal(Utc(expected), new TriggerTiming.ByCron(expression, "UTC").NextAfter(Utc(after)));
    }

    [Theory]
    [InlineData("", "0 fields")]
    [InlineData("* * *", "3 fields")]
    [InlineData("60 * * * *", "minutes")]
    [InlineData("0 24 * * *", "hours")]
    [InlineData("0 0 0 * *", "day of month")]
    [InlineData("0 0 * 13 *", "month")]
    [InlineData("0 0 * * MOON", "SUN, MON")]
    [InlineData("0 0 * * MON#6", "from 1 to 5")]
    [InlineData("*/0 * * * *", "step")]
    [InlineData("1-2-3 * * * *", "minutes")]
    [InlineData("0 0 15W * *", "day of month")]
    [InlineData("0 0 30 2 *", "no such day")]
    [InlineData("-5 * * * *", "minutes")]
    [InlineData("5, * * * *", "minutes")]
    public void What_is_not_a_cron_expression_is_refused_with_the_field(string expression, string said)
    {
        Assert.Contains(said, Assert.Throws<FormatException>(() => CronExpression.Parse(expression)).Message, StringComparison.Ordinal);
    }

    /// <summary>Berlin 2026: on 29 March 02:00 becomes 03:00 (01:00 UTC); on 25 October 03:00 becomes 02:00 (01:00 UTC).</summary>
    [Theory]
    [InlineData("30 2 * * *", "2026-03-28T00:00:00", "2026-03-28T01:30:00 2026-03-29T01:00:00 2026-03-30T00:30:00")]
    [InlineData("0,30 2 * * *", "2026-03-28T12:00:00", "2026-03-29T01:00:00 2026-03-30T00:00:00 2026-03-30T00:30:00")]
    [InlineData("0 2,3 * * *", "2026-03-28T12:00:00", "2026-03-29T01:00:00 2026-03-30T00:00:00 2026-03-30T01:00:00")]
    [InlineData("30 2 * * *", "2026-10-24T12:00:00", "2026-10-25T00:30:00 2026-10-26T01:30:00")]
    [InlineData("*/30 2 * * *", "2026-10-24T12:00:00", "2026-10-25T00:00:00 2026-10-25T00:30:00 2026-10-26T01:00:00")]
    [InlineData("0 3 * * *", "2026-10-24T12:00:00", "2026-10-25T02:00:00 2026-10-26T02:00:00")]
    [InlineData("30 * * * *", "2026-03-29T00:00:00", "2026-03-29T00:30:00 2026-03-29T01:30:00 2026-03-29T02:30:00")]
    [InlineData("0 * * * *", "2026-03-29T00:00:00", "2026-03-29T01:00:00 2026-03-29T02:00:00")]
    [InlineData("0 * * * *", "2026-10-24T23:30:00", "2026-10-25T00:00:00 2026-10-25T01:00:00 2026-10-25T02:00:00")]
    [InlineData("*/30 * * * *", "2026-10-25T00:00:00", "2026-10-25T00:30:00 2026-10-25T01:00:00 2026-10-25T01:30:00 2026-10-25T02:00:00")]
    public void When_the_clock_is_set_nothing_runs_twice_and_nothing_is_missing(string expression, string after, string expected)
    {
        var timing = new TriggerTiming.ByCron(expression, "Europe/Berlin");
        var times = expected.Split(' ').Select(Utc).ToArray();

        Assert.Equal(times, Following(timing, Utc(after), times.Length));
    }

    [Fact]
    public void A_half_hour_change_of_the_clock_is_kept_to_as_well()
    {
        // Lord Howe: on 4 October 2026 02:00 (+10:30) becomes 02:30 (+11:00).
        Assert.Equal([Utc("2026-10-03T15:30:00"), Utc("2026-10-04T15:15:00")], Following(new TriggerTiming.ByCron("15 2 * * *", "Australia/Lord_Howe"), Utc("2026-10-03T12:00:00"), 2));
    }

    [Theory]
    [InlineData("Europe/Berlin")]
    [InlineData("America/New_York")]
    [InlineData("Australia/Lord_Howe")]
    [InlineData("UTC")]
    public void A_year_of_nights_has_a_run_for_each_and_a_year_of_hours_too(string zone)
    {
        var until = Utc("2027-01-01T12:00:00");
        var nights = Until(new TriggerTiming.ByCron("30 2 * * *", zone), Utc("2026-01-01T12:00:00"), until);
        var hours = Until(new TriggerTiming.ByCron("0 * * * *", zone), Utc("2026-01-01T12:00:00"), until);

        Assert.Equal(365, nights.Count);
        Assert.All(nights.Zip(nights.Skip(1)), pair => Assert.InRange(pair.Second - pair.First, TimeSpan.FromHours(22), TimeSpan.FromHours(26)));
        Assert.InRange(hours.Count, (365 * 24) - 1, 365 * 24);
        Assert.All(hours.Zip(hours.Skip(1)), pair => Assert.InRange(pair.Second - pair.First, TimeSpan.FromMinutes(30), TimeSpan.FromMinutes(90)));
    }

    private static List<DateTimeOffset> Until(TriggerTiming timing, DateTimeOffset from, DateTimeOffset until)
    {
        var found = new List<DateTimeOffset>();
        for (var next = timing.NextAfter(from); next <= until; next = timing.NextAfter(next.Value))
        {
            found.Add(next.Value);
        }

        return found;
    }

    private static List<DateTimeOffset> Following(TriggerTiming timing, DateTimeOffset from, int count)
    {
        var found = new List<DateTimeOffset>();
        for (var next = timing.NextAfter(from); found.Count < count; next = timing.NextAfter(next!.Value))
        {
            found.Add(next!.Value);
        }

        return found;
    }

    private static DateTimeOffset Utc(string text) => DateTimeOffset.Parse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal);
}
