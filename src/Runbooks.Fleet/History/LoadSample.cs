using Runbooks.Fleet.Model;

namespace Runbooks.Fleet.History;

/// <summary>One measured load of one host.</summary>
/// <param name="At">When it was measured.</param>
/// <param name="Host">The host.</param>
/// <param name="CpuLoad">Share of its CPUs in use since the sample before, 0 to 1.</param>
/// <param name="MemoryUsedMiB">Memory in use, MiB.</param>
/// <param name="Vms">VMs running on it.</param>
public sealed record HostSample(DateTimeOffset At, HostName Host, double CpuLoad, int MemoryUsedMiB, int Vms);

/// <summary>One measured load of one VM.</summary>
/// <param name="At">When it was measured.</param>
/// <param name="Vm">The VM.</param>
/// <param name="Host">The host that it ran on.</param>
/// <param name="CpuLoad">Share of its vCPUs in use since the sample before, 0 to 1.</param>
/// <param name="MemoryUsedMiB">Memory that the guest uses, MiB; null when it does not tell.</param>
public sealed record VmSample(DateTimeOffset At, VmName Vm, HostName Host, double CpuLoad, int? MemoryUsedMiB);

/// <summary>The recorded loads of the fleet.</summary>
public interface IFleetHistory
{
    Task AppendAsync(IReadOnlyList<HostSample> hosts, IReadOnlyList<VmSample> vms, CancellationToken cancellationToken);

    /// <summary>Samples of one host, oldest first, from <paramref name="since"/> on.</summary>
    Task<IReadOnlyList<HostSample>> HostSamplesAsync(HostName host, DateTimeOffset since, CancellationToken cancellationToken);

    /// <summary>Samples of one VM, oldest first, from <paramref name="since"/> on.</summary>
    Task<IReadOnlyList<VmSample>> VmSamplesAsync(VmName vm, DateTimeOffset since, CancellationToken cancellationToken);
}
