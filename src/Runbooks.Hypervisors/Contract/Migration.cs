using Runbooks.Fleet.Model;

namespace Runbooks.Hypervisors.Contract;

/// <summary>A live migration to be started.</summary>
/// <param name="Vm">The VM.</param>
/// <param name="Destination">The host that it goes to.</param>
/// <param name="BandwidthMiBs">Most MiB per second on the wire; null for no limit.</param>
/// <param name="HoldSwitchOver">
/// True: copy, but do not stop the guest for the last pages before <see cref="IHypervisor.ReleaseSwitchOverAsync"/>
/// says so. Best effort: a guest that writes nothing may switch over all the same.
/// </param>
public sealed record MigrationRequest(VmName Vm, HostName Destination, int? BandwidthMiBs, bool HoldSwitchOver);

/// <summary>Where a migration job is, as its source sees it.</summary>
public enum MigrationPhase
{
    /// <summary>No job on this VM. Says nothing about how an earlier one ended: look at both hosts.</summary>
    None,

    /// <summary>Memory is copied while the guest runs.</summary>
    PreCopy,

    /// <summary>The guest is stopped; the last pages are on the way.</summary>
    StopAndCopy,
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
    public static MigrationProgress NoJob { get; } = new(MigrationPhase.None, TimeSpan.Zero, 0, 0, 0, 0, 0, 0, null);
}

/// <summary>The figures of a finished migration.</summary>
/// <param name="Elapsed">From start to end.</param>
/// <param name="Downtime">How long the guest stood still.</param>
/// <param name="SentBytes">Bytes on the wire.</param>
/// <param name="Rounds">Pre-copy rounds.</param>
public sealed record MigrationStatistics(TimeSpan Elapsed, TimeSpan Downtime, long SentBytes, int Rounds);
