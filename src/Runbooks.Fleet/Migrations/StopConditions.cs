namespace Runbooks.Fleet.Migrations;

/// <summary>Why the iterative copy ends.</summary>
public enum StopReason
{
    /// <summary>Few enough pages remain: the good end.</summary>
    DirtyPages,

    /// <summary>Enough rounds.</summary>
    Rounds,

    /// <summary>Enough was sent.</summary>
    Data,

    /// <summary>Long enough.</summary>
    Time,

    /// <summary>Nothing was sent for a while: the connection is dead, and no measure helps.</summary>
    NoProgress,
}

/// <summary>A copy at one moment.</summary>
/// <param name="Round">Pre-copy round, from 1; 0 when not known yet.</param>
/// <param name="TotalBytes">The guest's memory.</param>
/// <param name="SentBytes">Sent so far, over all rounds.</param>
/// <param name="RemainingBytes">Dirty or not yet sent.</param>
/// <param name="BandwidthBytesPerSecond">Measured on the wire; 0 when not known yet.</param>
/// <param name="Elapsed">Since it started.</param>
public sealed record CopySight(int Round, long TotalBytes, long SentBytes, long RemainingBytes, long BandwidthBytesPerSecond, TimeSpan Elapsed);

/// <summary>
/// When the iterative copy ends: the three conditions of the live-migration literature, and time. Hypervisors have one of
/// them or none, so they are watched from outside.
/// </summary>
public sealed record StopConditions
{
    /// <summary>Share of the bandwidth that is left for memory when the guest stands still; the rest is for its devices' state and what is dirtied until it does.</summary>
    private const double UsableShare = 0.8;

    /// <summary>Bytes that may remain whatever the bandwidth is.</summary>
    public long DirtyThresholdBytes { get; init; } = 8L << 20;

    /// <summary>How long the guest may stand still: what can be sent in that time may remain, too.</summary>
    public TimeSpan MaxDowntime { get; init; } = TimeSpan.FromMilliseconds(300);

    /// <summary>Most rounds; Xen's classic limit is 29.</summary>
    public int MaxRounds { get; init; } = 29;

    /// <summary>Most data, times the memory; Xen's classic limit is 3.</summary>
    public double MaxDataFactor { get; init; } = 3;

    /// <summary>Longest time.</summary>
    public TimeSpan TimeLimit { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>How long nothing may be sent. A minute: hypervisors notice a dead connection within half of that.</summary>
    public TimeSpan NoProgressFor { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>The first condition that holds; null: the copy goes on.</summary>
    /// <param name="sight">The copy now.</param>
    /// <param name="still">For how long nothing has been sent.</param>
    public StopReason? Judge(CopySight sight, TimeSpan still)
    {
        ArgumentNullException.ThrowIfNull(sight);
        return sight.Round > 1 && sight.RemainingBytes <= Threshold(sight.BandwidthBytesPerSecond) ? StopReason.DirtyPages
            : still >= NoProgressFor ? StopReason.NoProgress
            : sight.Round >= MaxRounds ? StopReason.Rounds
            : sight.TotalBytes > 0 && sight.SentBytes >= MaxDataFactor * sight.TotalBytes ? StopReason.Data
            : sight.Elapsed >= TimeLimit ? StopReason.Time
            : null;
    }

    /// <summary>Bytes that may remain for the stop.</summary>
    public long Threshold(long bandwidthBytesPerSecond) =>
        Math.Max(DirtyThresholdBytes, (long)(bandwidthBytesPerSecond * UsableShare * MaxDowntime.TotalSeconds));
}

/// <summary>Since when nothing has been sent. A look that comes late only makes it longer.</summary>
/// <param name="SentBytes">What had been sent.</param>
/// <param name="Since">When that was first seen.</param>
public sealed record Stillness(long SentBytes, DateTimeOffset Since)
{
    public static Stillness Seen(Stillness? before, long sentBytes, DateTimeOffset now) =>
        before is not null && before.SentBytes == sentBytes ? before : new(sentBytes, now);

    public TimeSpan For(DateTimeOffset now) => now - Since;
}
