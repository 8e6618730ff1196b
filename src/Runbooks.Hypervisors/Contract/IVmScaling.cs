using Runbooks.Fleet.Model;

namespace Runbooks.Hypervisors.Contract;

/// <summary>How big a VM is and how big it may become without being stopped.</summary>
/// <param name="Vcpus">vCPUs that its hypervisor counts; after an unplug that was not noticed, more than the guest has.</param>
/// <param name="MaxVcpus">vCPUs that it can have without being stopped.</param>
/// <param name="MemoryMiB">Memory that it has now, MiB.</param>
/// <param name="MaxMemoryMiB">Memory that it can have without being stopped, MiB.</param>
/// <param name="MemoryUsedMiB">Memory that its guest can't give back, MiB: programs and its kernel, caches not counted; null when the guest does not tell.</param>
public sealed record VmSize(int Vcpus, int MaxVcpus, int MemoryMiB, int MaxMemoryMiB, int? MemoryUsedMiB)
{
    /// <summary>vCPUs that its guest has switched on; null when the guest does not tell.</summary>
    public int? GuestVcpus { get; init; }

    /// <summary>vCPUs with which it starts next time; null when nothing stays of it after it stops.</summary>
    public int? DefinedVcpus { get; init; }

    /// <summary>Memory with which it starts next time, MiB; null when nothing stays of it after it stops.</summary>
    public int? DefinedMemoryMiB { get; init; }

    /// <summary>vCPUs that it really works with: the guest knows best.</summary>
    public int WorkingVcpus => GuestVcpus ?? Vcpus;

    /// <summary>It works with so many vCPUs, and will after its next start.</summary>
    public bool HasVcpus(int vcpus) => WorkingVcpus == vcpus && Vcpus >= vcpus && (DefinedVcpus ?? vcpus) == vcpus;

    /// <summary>It has so much memory, and will after its next start.</summary>
    public bool HasMemory(int memoryMiB) => MemoryMiB == memoryMiB && (DefinedMemoryMiB ?? memoryMiB) == memoryMiB;
}

/// <summary>Changes the size of a running VM, and of its definition with it. Requests may be repeated.</summary>
/// <remarks>
/// What is asked for is written into the definition by the same request. So a request that was made shows in the definition,
/// also while the guest has not followed yet.
/// </remarks>
public interface IVmScaling
{
    /// <summary>Reads the size of a running VM. Refused when it does not run here.</summary>
    Task<Result<VmSize>> ObserveSizeAsync(VmName vm, CancellationToken cancellationToken);

    /// <summary>
    /// Gives a VM so many vCPUs; a guest may take a moment to switch a new one on. An unplug that times out is judged by looking
    /// at what the guest has, and stays <see cref="FaultKind.UnknownOutcome"/> when that can't be seen or the guest has not
    /// followed yet. Refused above the maximum, and when the hypervisor counts vCPUs that the guest does not have.
    /// </summary>
    Task<Result<Unit>> SetVcpusAsync(VmName vm, int vcpus, CancellationToken cancellationToken);

    /// <summary>
    /// Gives a VM so much memory, MiB; returns when it is asked for, and the guest may take a while to give memory back, or never
    /// do. Refused above the maximum. How little a guest can live with is the caller's business.
    /// </summary>
    Task<Result<Unit>> SetMemoryAsync(VmName vm, int memoryMiB, CancellationToken cancellationToken);
}
