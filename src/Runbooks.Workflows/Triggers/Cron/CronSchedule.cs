namespace Runbooks.Workflows.Triggers.Cron;

/// <summary>
/// A cron expression in a time zone. An expression for certain hours keeps to the wall clock: a time that the clock jumps
/// over comes at the end of the jump, and a time that the clock shows twice comes the first time. One for every hour keeps
/// to real time: it comes in both of the doubled hours, and not in the one that does not exist.
/// </summary>
public sealed class CronSchedule(CronExpression expression, TimeZoneInfo zone)
{
    private static readonly TimeSpan Day = TimeSpan.FromDays(1);

    /// <summary>The first time after this one; null when there is none.</summary>
    public DateTimeOffset? NextAfter(DateTimeOffset time) => expression.IsEveryHour ? NextByRealTime(time) : NextByWallClock(time);

    private DateTimeOffset? NextByWallClock(DateTimeOffset time)
    {
        var from = TimeZoneInfo.ConvertTime(time, zone).DateTime;
        while (expression.NextLocal(from) is { } local)
        {
            if (Moment(local) is var moment && moment > time)
            {
                return moment;
            }

            from = local.AddTicks(1);
        }

        return null;
    }

    private DateTimeOffset? NextByRealTime(DateTimeOffset time)
    {
        var at = time.ToUniversalTime();
        var earliest = at.UtcDateTime + zone.GetUtcOffset(at) + TimeSpan.FromTicks(1);
        while (true)
        {
            var offset = zone.GetUtcOffset(at);
            if (expression.NextLocal(DateTime.SpecifyKind(earliest, DateTimeKind.Unspecified)) is not { } local)
            {
                return null;
            }

            var moment = new DateTimeOffset(local - offset, TimeSpan.Zero);
            if (FirstChange(at, moment) is not { } change)
            {
                return moment;
            }

            // The clock is set in between: go on from there by what it shows then.
            at = change;
            earliest = change.UtcDateTime + zone.GetUtcOffset(change);
        }
    }

    private DateTimeOffset Moment(DateTime local)
    {
        if (zone.IsInvalidTime(local))
        {
            var around = new DateTimeOffset(local, TimeSpan.Zero);
            return FirstChange(around - Day, around + Day) ?? around;
        }

        // The larger offset is the earlier moment.
        var offset = zone.IsAmbiguousTime(local) ? zone.GetAmbiguousTimeOffsets(local).Max() : zone.GetUtcOffset(local);
        return new DateTimeOffset(local - offset, TimeSpan.Zero);
    }

    /// <summary>The first moment after <paramref name="from"/>, up to <paramref name="to"/>, at which the clock is set. Assumes that it is not set twice within a day.</summary>
    private DateTimeOffset? FirstChange(DateTimeOffset from, DateTimeOffset to)
    {
        for (var low = from; low < to; low += Day)
        {
            var high = low + Day < to ? low + Day : to;
            if (zone.GetUtcOffset(low) == zone.GetUtcOffset(high))
            {
                continue;
            }

            var before = zone.GetUtcOffset(low);
            while (high - low > TimeSpan.FromTicks(1))
            {
                var middle = low + ((high - low) / 2);
                (low, high) = zone.GetUtcOffset(middle) == before ? (middle, high) : (low, middle);
            }

            return high;
        }

        return null;
    }
}
