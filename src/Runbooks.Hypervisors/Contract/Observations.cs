using Runbooks.Fleet.Model;

namespace Runbooks.Hypervisors.Contract;

/// <summary>A host as its hypervisor reports it: sizes, and counters that only grow.</summary>
/// <param name="At">When it was read, by our clock.</param>
/// <param name="Cpus">Physical CPUs.</param>
/// <param name="MemoryMiB">Physical memory, MiB.</param>
/// <param name="MemoryFreeMiB">Memory that nothing uses (free, buffers and cache), MiB.</param>
/// <param name="CpuBusy">CPU time not idle since boot, summed over CPUs.</param>
/// <param name="CpuTotal">All CPU time since boot, summed over CPUs. Load is the ratio of two differences.</param>
/// <param name="Vms">Every VM that is defined or running there.</param>
public sealed record HostObservation(
    DateTimeOffset At,
    int Cpus,
    int MemoryMiB,
    int MemoryFreeMiB,
    TimeSpan CpuBusy,
    TimeSpan CpuTotal,
    IReadOnlyList<VmObservation> Vms);

/// <summary>A VM on one host.</summary>
/// <param name="At">When it was read, by our clock.</param>
/// <param name="Name">Its name.</param>
/// <param name="Uuid">Its UUID.</param>
/// <param name="State">Its state on this host.</param>
/// <param name="StateReason">The hypervisor's word for why, such as <c>booted</c>, <c>migrating</c>, <c>migrated</c>, <c>post-copy</c>.</param>
/// <param name="Persistent">True when a definition stays on this host after it stops; null when not asked for.</param>
/// <param name="Vcpus">vCPUs in use.</param>
/// <param name="MemoryMiB">Memory that it holds, MiB.</param>
/// <param name="CpuTime">CPU time that it has used on this host; grows while it runs.</param>
/// <param name="MemoryUsedMiB">Memory that the guest uses, MiB; null when it does not tell.</param>
public sealed record VmObservation(
    DateTimeOffset At,
    VmName Name,
    Guid Uuid,
    VmState State,
    string StateReason,
    bool? Persistent,
    int Vcpus,
    int MemoryMiB,
    TimeSpan CpuTime,
    int? MemoryUsedMiB)
{
    /// <summary>What it takes of its host's memory, the hypervisor's own part included, MiB; null when not told.</summary>
    public int? ResidentMiB { get; init; }
}
