namespace Runbooks.Workflows.Triggers;

/// <summary>What happens to planned times that passed while no server ran, or all were too busy.</summary>
public enum MisfirePolicy
{
    /// <summary>All of them together are made good by one start.</summary>
    Once,

    /// <summary>They are left out.</summary>
    Skip,

    /// <summary>Each of them is made good, in order.</summary>
    All,
}

/// <summary>What happens to a planned time at which the runbook's activation strategy lets no run start, because another is open.</summary>
public enum WhenBusy
{
    /// <summary>It is left out.</summary>
    Skip,

    /// <summary>It waits until the open run has ended.</summary>
    Queue,

    /// <summary>The open run is cancelled, and it starts when that has ended.</summary>
    Replace,
}

/// <summary>What to do about a trigger now.</summary>
/// <param name="Start">The planned times to start a run for, in order.</param>
/// <param name="Missed">Whether a planned time was left out or put together with another.</param>
/// <param name="Next">The planned time to come back for; it may have passed already. Null: there is none.</param>
public sealed record DueTimes(IReadOnlyList<DateTimeOffset> Start, bool Missed, DateTimeOffset? Next);

/// <summary>Decides which planned times are due.</summary>
public static class PlannedTimes
{
    /// <summary>A start that is later than this was missed.</summary>
    public static readonly TimeSpan Tolerance = TimeSpan.FromMinutes(1);

    /// <summary>So many starts at once; the rest follows.</summary>
    private const int MostAtOnce = 100;

    /// <param name="timing">When the trigger starts runs.</param>
    /// <param name="planned">The first planned time that is not dealt with.</param>
    /// <param name="now">The present. Before <paramref name="planned"/>, when a clock was set back: then nothing is due.</param>
    /// <param name="policy">What happens to missed ones.</param>
    public static DueTimes Decide(TriggerTiming timing, DateTimeOffset planned, DateTimeOffset now, MisfirePolicy policy)
    {
        ArgumentNullException.ThrowIfNull(timing);
        if (planned > now)
        {
            return new DueTimes([], Missed: false, planned);
        }

        var missed = now - planned > Tolerance;
        if (policy == MisfirePolicy.All || !missed)
        {
            var all = From(timing, planned, now);
            return new DueTimes(all, Missed: false, timing.NextAfter(all[^1]));
        }

        // Those that are not late are started as ever; under Once they make good what was missed before them.
        var inTime = From(timing, timing.NextAfter(now - Tolerance), now);
        return new DueTimes(inTime.Count == 0 && policy == MisfirePolicy.Once ? [planned] : inTime, Missed: true, timing.NextAfter(now));
    }

    private static List<DateTimeOffset> From(TriggerTiming timing, DateTimeOffset? first, DateTimeOffset now)
    {
        var found = new List<DateTimeOffset>();
        for (var next = first; next <= now && found.Count < MostAtOnce; next = timing.NextAfter(next.Value))
        {
            found.Add(next.Value);
        }

        return found;
    }
}
