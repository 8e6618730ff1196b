using Runbooks.Fleet.Model;
using Runbooks.Hypervisors.Contract;

namespace Runbooks.Hypervisors.Simulated;

/// <summary>The sizes of VMs on one host of a <see cref="SimulatedFleet"/>.</summary>
internal sealed class SimulatedScaling(SimulatedHypervisor hypervisor) : IVmScaling
{
    public Task<Result<VmSize>> ObserveSizeAsync(VmName vm, CancellationToken cancellationToken) =>
        hypervisor.AskAsync(SimulatedOperation.ObserveSize, vm, r => r.ObserveSize(vm), cancellationToken);

    public Task<Result<Unit>> SetVcpusAsync(VmName vm, int vcpus, CancellationToken cancellationToken) =>
        hypervisor.AskAsync(SimulatedOperation.SetVcpus, vm, r => r.SetVcpus(vm, vcpus), cancellationToken);

    public Task<Result<Unit>> SetMemoryAsync(VmName vm, int memoryMiB, CancellationToken cancellationToken) =>
        hypervisor.AskAsync(SimulatedOperation.SetMemory, vm, r => r.SetMemory(vm, memoryMiB), cancellationToken);
}
