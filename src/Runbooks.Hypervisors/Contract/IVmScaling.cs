using Runbooks.Fleet.Model;

namespace Runbooks.Hypervisors.Contract;

/// <summary>How big a VM is and how big it may become without being stopped.</summary>
/// <param name="Vcpus">vCPUs that it has now.</param>
/// <param name="MaxVcpus">vCPUs that it can have without being stopped.</param>
/// <param name="MemoryMiB">Memory that it has now, MiB.</param>
/// <param name="MaxMemoryMiB">Memory that it can have without being stopped, MiB.</param>
/// <param name="MemoryUsedMiB">Memory that its guest uses, MiB; null when the guest does not tell.</param>
public sealed record VmSize(int Vcpus, int MaxVcpus, int MemoryMiB, int MaxMemoryMiB, int? MemoryUsedMiB);

/// <summary>Changes the size of a VM while it runs, and of its definition with it. Requests may be repeated.</summary>
public interface IVmScaling
{
    Task<Result<VmSize>> ObserveSizeAsync(VmName vm, CancellationToken cancellationToken);

    /// <summary>
    /// Gives a VM so many vCPUs. An unplug that times out is judged by looking at what the guest has, and stays
    /// <see cref="FaultKind.UnknownOutcome"/> when that can't be seen.
    /// </summary>
    Task<Result<Unit>> SetVcpusAsync(VmName vm, int vcpus, CancellationToken cancellationToken);

    /// <summary>Gives a VM so much memory, MiB; returns when it is asked for, and the guest may take a while to give memory back.</summary>
    Task<Result<Unit>> SetMemoryAsync(VmName vm, int memoryMiB, CancellationToken cancellationToken);
}
