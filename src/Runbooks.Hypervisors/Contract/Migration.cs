using Runbooks.Fleet.Model;

namespace Runbooks.Hypervisors.Contract;

/// <summary>A live migration to be started.</summary>
/// <param name="Vm">The VM.</param>
/// <param name="Destination">The host that it goes to.</param>
/// <param name="BandwidthMiBs">Most MiB per second on the wire; null for no limit.</param>
/// <param name="HoldSwitchOver">
/// True: copy, but do not stop the guest for the last pages before <see cref="IHypervisor.ReleaseSwitchOverAsync"/>
/// says so. Best effort: a guest that writes nothing may switch over all the same. False: it stops the guest as soon as what
/// remains fits into <see cref="MaxDowntime"/>.
/// </param>
public sealed record MigrationRequest(VmName Vm, HostName Destination, int? BandwidthMiBs, bool HoldSwitchOver)
{
    /// <summary>How long the guest may stand still when the switch-over is not held; null: the hypervisor's own 300 ms.</summary>
    public TimeSpan? MaxDowntime { get; init; }

    /// <summary>
    /// The job may be switched to post-copy later, with <see cref="IHypervisor.SwitchToPostCopyAsync"/>. Must be said at the
    /// start. Needs <see cref="HypervisorFeatures.PostCopy"/>.
    /// </summary>
    public bool AllowPostCopy { get; init; }

    /// <summary>Most MiB per second after the switch to post-copy; null for no limit.</summary>
    public int? PostCopyBandwidthMiBs { get; init; }

    /// <summary>Sends changed pages as differences. Needs <see cref="HypervisorFeatures.Compression"/>.</summary>
    public bool Compressed { get; init; }

    /// <summary>Connections on which memory is sent, from 1. More than one needs <see cref="HypervisorFeatures.ParallelConnections"/>.</summary>
    public int Connections { get; init; } = 1;

    /// <summary>The guest's CPUs are slowed down when it writes faster than is sent; null: never. Needs <see cref="HypervisorFeatures.AutoConverge"/>.</summary>
    public AutoConverge? AutoConverge { get; init; }

    /// <summary>The guest stands still during the whole copy. Needs <see cref="HypervisorFeatures.StoppedMigration"/>.</summary>
    public bool Stopped { get; init; }
}

/// <summary>How a guest that writes too fast is slowed down.</summary>
/// <param name="InitialPercent">Share of its CPU time that is taken first, 1 to 99 %.</param>
/// <param name="IncrementPercent">What is added each time that this is not enough, 1 to 99 %.</param>
public sealed record AutoConverge(int InitialPercent = 20, int IncrementPercent = 10);

/// <summary>Where a migration job is, as its source sees it.</summary>
public enum MigrationPhase
{
    /// <summary>No job on this VM. Says nothing about how an earlier one ended: look at both hosts.</summary>
    None,

    /// <summary>Memory is copied while the guest runs.</summary>
    PreCopy,

    /// <summary>The guest is stopped; the last pages are on the way.</summary>
    StopAndCopy,

    /// <summary>The guest runs on the destination and its missing pages follow. There is no way back.</summary>
    PostCopy,

    /// <summary>
    /// Post-copy has lost its connection: the guest stands still on the destination, its missing pages are at the source.
    /// Neither copy may be resumed or ended; the connection is to be recovered.
    /// </summary>
    PostCopyFailed,
}

/// <summary>What is answered to the wish to give a post-copy a new connection.</summary>
public enum PostCopyRecovery
{
    /// <summary>It was asked for, or there was no need.</summary>
    Asked,

    /// <summary>
    /// Refused: the source takes the old connection for alive, and it may be. What TCP has not got through it sends again, at
    /// the latest two minutes after the hosts reach each other again.
    /// </summary>
    HeldAlive,
}

/// <summary>The progress of a running job.</summary>
/// <param name="Phase">Where it is.</param>
/// <param name="Elapsed">Since it started.</param>
/// <param name="Round">Pre-copy round, from 1; 0 when not known yet.</param>
/// <param name="TotalBytes">The guest's memory.</param>
/// <param name="SentBytes">Sent so far, over all rounds.</param>
/// <param name="RemainingBytes">Dirty or not yet sent.</param>
/// <param name="DirtyBytesPerSecond">How fast the guest dirties memory; 0 until the first round has ended.</param>
/// <param name="BandwidthBytesPerSecond">Measured on the wire.</param>
/// <param name="ExpectedDowntime">What the hypervisor expects if it switched over now; null when it does not tell.</param>
public sealed record MigrationProgress(
    MigrationPhase Phase,
    TimeSpan Elapsed,
    int Round,
    long TotalBytes,
    long SentBytes,
    long RemainingBytes,
    long DirtyBytesPerSecond,
    long BandwidthBytesPerSecond,
    TimeSpan? ExpectedDowntime)
{
    /// <summary>Share of its CPU time that the guest loses to auto-converge, percent; 0 when it is not slowed down.</summary>
    public int ThrottlePercent { get; init; }

    /// <summary>Pages that the guest has asked for in post-copy.</summary>
    public long PostCopyRequests { get; init; }

    /// <summary>How long the job may let the guest stand still, as it was last told; null when that is not known.</summary>
    public TimeSpan? AllowedDowntime { get; init; }

    /// <summary>The job's own limit of bandwidth, MiB per second; null for none, or when it is not known.</summary>
    public int? BandwidthLimitMiBs { get; init; }

    public static MigrationProgress NoJob { get; } = new(MigrationPhase.None, TimeSpan.Zero, 0, 0, 0, 0, 0, 0, null);
}

/// <summary>The figures of a finished migration.</summary>
/// <param name="Elapsed">From start to end.</param>
/// <param name="Downtime">How long the guest stood still.</param>
/// <param name="SentBytes">Bytes on the wire.</param>
/// <param name="Rounds">Pre-copy rounds.</param>
public sealed record MigrationStatistics(TimeSpan Elapsed, TimeSpan Downtime, long SentBytes, int Rounds)
{
    /// <summary>The guest's memory; null when not told.</summary>
    public long? TotalBytes { get; init; }

    /// <summary>Memory that was all zeros and was not sent; null when not told.</summary>
    public long? ZeroBytes { get; init; }
}

/// <summary>How fast a guest writes memory, as its hypervisor measured it.</summary>
/// <param name="Window">How long was measured.</param>
/// <param name="BytesPerSecond">Distinct memory that was written in that time, per second: it falls as the window grows.</param>
public sealed record DirtyRate(TimeSpan Window, long BytesPerSecond);

/// <summary>What a guest says when it is asked whether it is alive.</summary>
public enum GuestAnswer
{
    /// <summary>Nobody in the guest can be asked: it has no agent, or the hypervisor has no way to it.</summary>
    NoAgent,

    /// <summary>It has an agent that does not answer.</summary>
    Silent,

    Alive,
}
