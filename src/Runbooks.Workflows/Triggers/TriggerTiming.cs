using Runbooks.Workflows.Triggers.Cron;

namespace Runbooks.Workflows.Triggers;

/// <summary>When a trigger starts runs. Its times depend on nothing but itself, so that all servers plan the same.</summary>
public abstract record TriggerTiming
{
    private TriggerTiming()
    {
    }

    /// <summary>The first planned time after this one; null when there is none.</summary>
    public abstract DateTimeOffset? NextAfter(DateTimeOffset time);

    /// <summary>Every so often, counted from the beginning of 1970 (UTC): every hour is on the hour.</summary>
    /// <param name="Interval">At least one second.</param>
    public sealed record Every(TimeSpan Interval) : TriggerTiming
    {
        public override DateTimeOffset? NextAfter(DateTimeOffset time)
        {
            var passed = (time - DateTimeOffset.UnixEpoch).Ticks;
            return DateTimeOffset.UnixEpoch.AddTicks(((passed / Interval.Ticks) + (passed < 0 && passed % Interval.Ticks != 0 ? 0 : 1)) * Interval.Ticks);
        }

        public override string ToString() => $"every {Interval}";
    }

    /// <summary>By a cron expression in a time zone.</summary>
    /// <param name="Expression">Checked when the definition was loaded.</param>
    /// <param name="TimeZone">An IANA name such as <c>Europe/Berlin</c>.</param>
    public sealed record ByCron(string Expression, string TimeZone) : TriggerTiming
    {
        private readonly CronSchedule schedule = new(CronExpression.Parse(Expression), TimeZoneInfo.FindSystemTimeZoneById(TimeZone));

        public override DateTimeOffset? NextAfter(DateTimeOffset time) => schedule.NextAfter(time);

        public bool Equals(ByCron? other) => other is not null && (Expression, TimeZone) == (other.Expression, other.TimeZone);

        public override int GetHashCode() => HashCode.Combine(Expression, TimeZone);

        public override string ToString() => $"by cron '{Expression}' in {TimeZone}";
    }

    /// <summary>Once.</summary>
    public sealed record Once(DateTimeOffset At) : TriggerTiming
    {
        public override DateTimeOffset? NextAfter(DateTimeOffset time) => time < At ? At : null;

        public override string ToString() => $"once at {At.ToUniversalTime():O}";
    }
}
