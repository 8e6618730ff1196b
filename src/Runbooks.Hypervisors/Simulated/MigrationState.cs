using Runbooks.Fleet.Model;
using Runbooks.Hypervisors.Contract;

namespace Runbooks.Hypervisors.Simulated;

/// <summary>One migration job and the pre-copy model that drives it.</summary>
/// <remarks>
/// Round 1 sends all memory; each later round sends what was dirtied during the one before, at most the working set:
/// <c>next = min(dirty rate × duration, working set)</c>. The guest is stopped when the rest fits into the downtime that
/// is allowed, unless the switch-over is held and the guest writes. A guest that writes faster than the link carries
/// never gets there by itself.
/// </remarks>
internal sealed class MigrationState
{
    /// <summary>Rounds of nearly no data still take this long; it bounds the work of a held migration.</summary>
    private static readonly TimeSpan ShortestRound = TimeSpan.FromMilliseconds(100);

    /// <summary>Stopping the guest and handing over devices, beside the last pages.</summary>
    private static readonly TimeSpan HandOver = TimeSpan.FromMilliseconds(30);

    public required VmName Vm { get; init; }

    public required HostName Source { get; init; }

    public required HostName Destination { get; init; }

    public double MemoryMiB { get; init; }

    public double DirtyMiBs { get; init; }

    public double WorkingSetMiB { get; init; }

    public double BandwidthMiBs { get; init; }

    public TimeSpan StartedAt { get; init; }

    public bool Held { get; set; }

    public TimeSpan MaxDowntime { get; set; }

    public MigrationPhase Phase { get; set; } = MigrationPhase.PreCopy;

    public int Round { get; set; } = 1;

    /// <summary>What the current round, or the stop-and-copy, has to send.</summary>
    public double PhaseMiB { get; set; }

    public TimeSpan PhaseStart { get; set; }

    public TimeSpan PhaseEnd { get; set; }

    /// <summary>Sent before the current round.</summary>
    public double SentMiB { get; set; }

    /// <summary>The middle of the current round or of the stop-and-copy: the point at which an injected mishap strikes.</summary>
    public TimeSpan MishapPoint => PhaseStart + ((PhaseEnd - PhaseStart) / 2);

    public bool MishapPassed { get; set; }

    public void BeginRound(TimeSpan now, double mib)
    {
        PhaseMiB = mib;
        PhaseStart = now;
        var duration = TimeSpan.FromSeconds(mib / BandwidthMiBs);
        PhaseEnd = now + (duration < ShortestRound ? ShortestRound : duration);
        MishapPassed = false;
    }

    /// <summary>Ends the current round: another one follows, or the guest is stopped. True when it is stopped now.</summary>
    public bool EndRound(TimeSpan now)
    {
        SentMiB += PhaseMiB;
        var dirty = Math.Min(DirtyMiBs * (PhaseEnd - PhaseStart).TotalSeconds, WorkingSetMiB);
        var mayStop = !Held || DirtyMiBs <= 0;
        if (mayStop && dirty <= BandwidthMiBs * MaxDowntime.TotalSeconds)
        {
            Phase = MigrationPhase.StopAndCopy;
            PhaseMiB = dirty;
            PhaseStart = now;
            PhaseEnd = now + TimeSpan.FromSeconds(dirty / BandwidthMiBs) + HandOver;
            MishapPassed = false;
            return true;
        }

        Round++;
        BeginRound(now, dirty);
        return false;
    }

    /// <summary>The wire stood still for <paramref name="span"/>: everything that was to come comes later.</summary>
    public void Stall(TimeSpan span)
    {
        PhaseStart += span;
        PhaseEnd += span;
    }

    public MigrationStatistics Statistics(TimeSpan now) =>
        new(now - StartedAt, now - PhaseStart, Bytes(SentMiB + PhaseMiB), Round);

    public MigrationProgress Progress(TimeSpan now)
    {
        var share = PhaseEnd <= PhaseStart ? 1 : Math.Clamp((now - PhaseStart) / (PhaseEnd - PhaseStart), 0, 1);
        var sentInPhase = PhaseMiB * share;
        var dirtied = Phase == MigrationPhase.PreCopy
            ? Math.Min(DirtyMiBs * (now - PhaseStart).TotalSeconds, WorkingSetMiB)
            : 0;
        var remaining = Math.Min(MemoryMiB, PhaseMiB - sentInPhase + dirtied);
        return new MigrationProgress(
            Phase,
            now - StartedAt,
            Round,
            Bytes(MemoryMiB),
            Bytes(SentMiB + sentInPhase),
            Bytes(remaining),
            Round > 1 ? Bytes(DirtyMiBs) : 0,
            Bytes(BandwidthMiBs),
            TimeSpan.FromSeconds(remaining / BandwidthMiBs));
    }

    private static long Bytes(double mib) => (long)(mib * 1024 * 1024);
}
