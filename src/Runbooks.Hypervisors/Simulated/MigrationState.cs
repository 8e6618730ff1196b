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

    /// <summary>Pages that were sent before are sent as differences, which are about half as long.</summary>
    private const double CompressedShare = 0.5;

    /// <summary>Pages that the guest asks for while a MiB follows it.</summary>
    private const int RequestsPerMiB = 8;

    public required VmName Vm { get; init; }

    public required HostName Source { get; init; }

    public required HostName Destination { get; init; }

    public double MemoryMiB { get; init; }

    public double DirtyMiBs { get; init; }

    public double WorkingSetMiB { get; init; }

    public double BandwidthMiBs { get; set; }

    /// <summary>The limit that was asked for; null: none.</summary>
    public int? LimitMiBs { get; set; }

    public bool AllowPostCopy { get; init; }

    /// <summary>What it gets of the wire after the switch to post-copy.</summary>
    public double PostCopyMiBs { get; init; }

    public bool Compressed { get; init; }

    public AutoConverge? AutoConverge { get; init; }

    public int ThrottlePercent { get; set; }

    /// <summary>The guest was stopped before the copy began.</summary>
    public bool Stopped { get; init; }

    /// <summary>The guest was made to stand still during the copy: it writes nothing any more.</summary>
    public bool Suspended { get; set; }

    /// <summary>Dirtied in this round before its pace was last changed.</summary>
    public double CarriedMiB { get; set; }

    /// <summary>How long the wire has stood still.</summary>
    public TimeSpan StalledFor { get; set; }

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

    /// <summary>The whole copy is made while the guest stands still.</summary>
    public void BeginStopped(TimeSpan now)
    {
        BeginRound(now, MemoryMiB);
        Phase = MigrationPhase.StopAndCopy;
        PhaseEnd += HandOver;
    }

    /// <summary>Lets something change in the middle of a round: what was sent and dirtied so far is counted with the old pace.</summary>
    public void Change(TimeSpan now, Action change)
    {
        var share = Share(now);
        CarriedMiB = Dirtied(now);
        SentMiB += PhaseMiB * share;
        PhaseMiB *= 1 - share;
        change();
        PhaseStart = now;
        PhaseEnd = now + TimeSpan.FromSeconds(PhaseMiB / BandwidthMiBs) + (Phase == MigrationPhase.StopAndCopy ? HandOver : TimeSpan.Zero);
    }

    /// <summary>The guest goes on at the destination; everything that is not there yet follows once.</summary>
    public void BeginPostCopy(TimeSpan now) => Change(now, () =>
    {
        PhaseMiB = Math.Min(MemoryMiB, PhaseMiB + CarriedMiB);
        CarriedMiB = 0;
        BandwidthMiBs = PostCopyMiBs;
        Phase = MigrationPhase.PostCopy;
        MishapPassed = false;
    });

    /// <summary>Ends the current round: another one follows, or the guest is stopped. True when it is stopped now.</summary>
    public bool EndRound(TimeSpan now)
    {
        SentMiB += PhaseMiB;
        var dirty = Dirtied(PhaseEnd);
        CarriedMiB = 0;
        Throttle(dirty);
        dirty *= Compressed ? CompressedShare : 1;
        var mayStop = !Held || WritesMiBs <= 0;
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
        StalledFor += span;
        PhaseStart += span;
        PhaseEnd += span;
    }

    public MigrationStatistics Statistics(TimeSpan now) =>
        new(now - StartedAt, now - PhaseStart, Bytes(SentMiB + PhaseMiB), Round) { TotalBytes = Bytes(MemoryMiB), ZeroBytes = 0 };

    public MigrationProgress Progress(TimeSpan now)
    {
        var sentInPhase = PhaseMiB * Share(now);
        var dirtied = Phase == MigrationPhase.PreCopy ? Dirtied(now) : 0;
        var remaining = Math.Min(MemoryMiB, PhaseMiB - sentInPhase + dirtied);
        return new MigrationProgress(
            Phase,
            now - StartedAt,
            Round,
            Bytes(MemoryMiB),
            Bytes(SentMiB + sentInPhase),
            Bytes(remaining),
            Round > 1 ? Bytes(WritesMiBs) : 0,
            Bytes(BandwidthMiBs),
            TimeSpan.FromSeconds(remaining / BandwidthMiBs))
        {
            ThrottlePercent = ThrottlePercent,
            PostCopyRequests = Phase is MigrationPhase.PostCopy or MigrationPhase.PostCopyFailed ? (long)(sentInPhase * RequestsPerMiB) : 0,
            AllowedDowntime = Held ? TimeSpan.FromMilliseconds(1) : MaxDowntime,
            BandwidthLimitMiBs = LimitMiBs,
        };
    }

    /// <summary>What the guest writes now.</summary>
    private double WritesMiBs => Suspended || Stopped ? 0 : DirtyMiBs * (100 - ThrottlePercent) / 100;

    private double Share(TimeSpan now) => PhaseEnd <= PhaseStart ? 1 : Math.Clamp((now - PhaseStart) / (PhaseEnd - PhaseStart), 0, 1);

    private double Dirtied(TimeSpan now) => Math.Min(CarriedMiB + (WritesMiBs * (now - PhaseStart).TotalSeconds), WorkingSetMiB);

    /// <summary>As QEMU does: once half of what a round sent is dirty again, the guest's CPUs are slowed down, more each round.</summary>
    private void Throttle(double dirty)
    {
        if (AutoConverge is { } slow && Round > 1 && dirty > PhaseMiB / 2)
        {
            ThrottlePercent = Math.Min(99, ThrottlePercent == 0 ? slow.InitialPercent : ThrottlePercent + slow.IncrementPercent);
        }
    }

    private static long Bytes(double mib) => (long)(mib * 1024 * 1024);
}
