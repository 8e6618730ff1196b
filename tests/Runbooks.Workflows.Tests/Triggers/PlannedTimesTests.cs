using System.Globalization;
using Runbooks.Workflows.Triggers;

namespace Runbooks.Workflows.Tests.Triggers;

/// <summary>Which planned times are due: missed ones by their policy, and none twice, whatever the clock does.</summary>
public sealed class PlannedTimesTests
{
    private static readonly TriggerTiming Hourly = new TriggerTiming.Every(TimeSpan.FromHours(1));

    [Theory]
    [InlineData("12:00:00", "12:00:00", MisfirePolicy.Skip, "12:00", "13:00")]
    [InlineData("12:00:00", "12:00:59", MisfirePolicy.Skip, "12:00", "13:00")]
    [InlineData("12:00:00", "12:01:01", MisfirePolicy.Skip, "", "13:00")]
    [InlineData("12:00:00", "15:30:00", MisfirePolicy.Skip, "", "16:00")]
    [InlineData("12:00:00", "15:00:10", MisfirePolicy.Skip, "15:00", "16:00")]
    [InlineData("12:00:00", "15:30:00", MisfirePolicy.Once, "12:00", "16:00")]
    [InlineData("12:00:00", "15:00:10", MisfirePolicy.Once, "15:00", "16:00")]
    [InlineData("12:00:00", "15:30:00", MisfirePolicy.All, "12:00 13:00 14:00 15:00", "16:00")]
    [InlineData("12:00:00", "11:30:00", MisfirePolicy.All, "", "12:00")]
    public void Missed_times_are_made_good_as_the_policy_says(string planned, string now, MisfirePolicy policy, string start, string next)
    {
        var due = PlannedTimes.Decide(Hourly, At(planned), At(now), policy);

        Assert.Equal(start.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(At), due.Start);
        Assert.Equal(At(next), due.Next);
    }

    [Fact]
    public void Many_missed_times_are_made_good_in_portions_without_losing_any()
    {
        var everyMinute = new TriggerTiming.Every(TimeSpan.FromMinutes(1));
        var started = new List<DateTimeOffset>();
        var planned = At("00:00:00");
        for (var round = 0; round < 20 && planned <= At("12:00:00"); round++)
        {
            var due = PlannedTimes.Decide(everyMinute, planned, At("12:00:00"), MisfirePolicy.All);
            started.AddRange(due.Start);
            planned = due.Next!.Value;
        }

        Assert.Equal(Enumerable.Range(0, 721).Select(m => At("00:00:00").AddMinutes(m)), started);
    }

    [Fact]
    public void A_time_that_comes_once_comes_once()
    {
        var once = new TriggerTiming.Once(At("12:00:00"));

        Assert.Equal(At("12:00:00"), once.NextAfter(At("11:59:59")));
        Assert.Null(once.NextAfter(At("12:00:00")));
        var due = PlannedTimes.Decide(once, At("12:00:00"), At("20:00:00"), MisfirePolicy.Once);
        Assert.Equal([At("12:00:00")], due.Start);
        Assert.Null(due.Next);
        Assert.Empty(PlannedTimes.Decide(once, At("12:00:00"), At("20:00:00"), MisfirePolicy.Skip).Start);
    }

    [Fact]
    public void Every_server_plans_an_interval_the_same()
    {
        var timing = new TriggerTiming.Every(TimeSpan.FromMinutes(7));

        Assert.Equal(timing.NextAfter(At("12:00:00")), timing.NextAfter(At("12:00:00.001")));
        Assert.Equal(TimeSpan.FromMinutes(7), timing.NextAfter(timing.NextAfter(At("12:00:00"))!.Value) - timing.NextAfter(At("12:00:00")));
        Assert.Equal(DateTimeOffset.UnixEpoch, timing.NextAfter(DateTimeOffset.UnixEpoch.AddTicks(-1)));
    }

    /// <summary>A scheduler that looks every ten seconds while its clock is set an hour on, and an hour back, within a day.</summary>
    [Theory]
    [InlineData(MisfirePolicy.Skip)]
    [InlineData(MisfirePolicy.Once)]
    [InlineData(MisfirePolicy.All)]
    public void No_planned_time_is_started_twice_when_the_clock_jumps(MisfirePolicy policy)
    {
        var timing = new TriggerTiming.ByCron("*/10 * * * *", "Europe/Berlin");
        var started = new List<DateTimeOffset>();
        var planned = timing.NextAfter(At("00:00:00"));
        var skew = TimeSpan.Zero;
        for (var seconds = 0; seconds < 24 * 3600; seconds += 10)
        {
            skew = seconds switch { 6 * 3600 => TimeSpan.FromHours(1), 12 * 3600 => TimeSpan.Zero, 18 * 3600 => TimeSpan.FromHours(-1), 20 * 3600 => TimeSpan.Zero, _ => skew };
            var now = At("00:00:00").AddSeconds(seconds) + skew;
            if (planned <= now)
            {
                var due = PlannedTimes.Decide(timing, planned.Value, now, policy);
                Assert.All(due.Start, t => Assert.True(t <= now, "It was started early."));
                started.AddRange(due.Start);
                planned = due.Next;
            }
        }

        Assert.Equal(started.Distinct().Order(), started);
        if (policy == MisfirePolicy.All)
        {
            // None is missing either: each ten minutes of the day once.
            Assert.Equal((24 * 6) - 1, started.Count);
        }
    }

    private static DateTimeOffset At(string time) => DateTimeOffset.Parse($"2026-03-01T{time}", CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal);
}
