using Runbooks.Fleet.Model;
using Runbooks.Hypervisors.Contract;

namespace Runbooks.Hypervisors.Tests.Contract;

/// <content>Sizes of VMs. A driver that can't change them has nothing to keep here.</content>
public abstract partial class HypervisorContract
{
    private static readonly GuestSpec Scalable = new(MemoryMiB: 160, Vcpus: 1, MaxVcpus: 2, MaxMemoryMiB: 192);

    [Fact]
    public async Task Size_tells_what_a_VM_has_may_have_uses_and_starts_with_next_time()
    {
        if (lab.A.Scaling is null)
        {
            return;
        }

        var vm = await RunningOnAAsync(Scalable);

        var size = await UntilSizeAsync(lab.A, vm, s => s is { GuestVcpus: not null, MemoryMiB: 160 } && s.MemoryUsedMiB is not null == lab.GuestsTellMemoryUsed);

        Assert.Equal((1, 2, 1, 1), (size.Vcpus, size.MaxVcpus, size.GuestVcpus, size.DefinedVcpus));
        Assert.Equal((160, 192, 160), (size.MemoryMiB, size.MaxMemoryMiB, size.DefinedMemoryMiB));
        Assert.InRange(size.MemoryUsedMiB ?? 1, 1, 160);
    }

    [Fact]
    public async Task A_VM_gets_a_vcpu_and_gives_it_back_and_its_definition_goes_along()
    {
        if (lab.A.Scaling is not { } scaling)
        {
            return;
        }

        var vm = await RunningOnAAsync(Scalable);

        Ok(await scaling.SetVcpusAsync(vm, 2, None));
        await UntilSizeAsync(lab.A, vm, s => s.HasVcpus(2));
        Ok(await scaling.SetVcpusAsync(vm, 2, None));

        // On real hosts this times out at first and is judged by what the guest has.
        Ok(await scaling.SetVcpusAsync(vm, 1, None));
        await UntilSizeAsync(lab.A, vm, s => s.HasVcpus(1));
        Ok(await scaling.SetVcpusAsync(vm, 1, None));
        Assert.Equal(VmState.Running, (await lab.A.ObserveVmAsync(vm, None)).Value.State);
    }

    [Fact]
    public async Task A_VM_gives_memory_back_and_gets_it_again_and_its_definition_goes_along()
    {
        if (lab.A.Scaling is not { } scaling)
        {
            return;
        }

        var vm = await RunningOnAAsync(Scalable);
        foreach (var mib in new[] { 128, 128, 192 })
        {
            Ok(await scaling.SetMemoryAsync(vm, mib, None));
            Assert.Equal(mib, (await UntilSizeAsync(lab.A, vm, s => s.HasMemory(mib))).DefinedMemoryMiB);
        }
    }

    [Fact]
    public async Task A_VM_does_not_grow_beyond_what_it_can_have_while_it_runs()
    {
        if (lab.A.Scaling is not { } scaling)
        {
            return;
        }

        var vm = await RunningOnAAsync(Scalable);

        Fault(FaultKind.Refused, await scaling.SetVcpusAsync(vm, 3, None));
        Fault(FaultKind.Refused, await scaling.SetVcpusAsync(vm, 0, None));
        Fault(FaultKind.Refused, await scaling.SetMemoryAsync(vm, 193, None));
        Fault(FaultKind.Refused, await scaling.SetMemoryAsync(vm, 0, None));
        await UntilSizeAsync(lab.A, vm, s => s.HasVcpus(1) && s.HasMemory(160));
    }

    [Fact]
    public async Task Only_a_VM_that_runs_here_is_measured_and_changed()
    {
        if (lab.A.Scaling is not { } scaling)
        {
            return;
        }

        var off = await lab.DefineAsync(Scalable);

        Fault(FaultKind.Refused, await scaling.ObserveSizeAsync(off, None));
        Fault(FaultKind.Refused, await scaling.SetVcpusAsync(off, 2, None));
        Fault(FaultKind.Refused, await scaling.SetMemoryAsync(off, 128, None));
        Fault(FaultKind.NotFound, await scaling.ObserveSizeAsync(new VmName("nobody"), None));
        Fault(FaultKind.NotFound, await scaling.SetVcpusAsync(new VmName("nobody"), 1, None));
        Fault(FaultKind.NotFound, await scaling.SetMemoryAsync(new VmName("nobody"), 128, None));
    }

    [Fact]
    public async Task A_size_goes_along_when_its_VM_moves()
    {
        if (lab.A.Scaling is not { } scaling || lab.B.Scaling is null)
        {
            return;
        }

        var vm = await RunningOnAAsync(Scalable);
        Ok(await scaling.SetVcpusAsync(vm, 2, None));
        Ok(await scaling.SetMemoryAsync(vm, 128, None));
        await UntilSizeAsync(lab.A, vm, s => s.HasVcpus(2) && s.HasMemory(128));

        Ok(await lab.A.StartMigrationAsync(ToB(vm), None));
        await UntilStateAsync(lab.B, vm, VmState.Running);

        var there = await UntilSizeAsync(lab.B, vm, s => s.HasVcpus(2) && s.HasMemory(128) && s.DefinedVcpus is not null);
        Assert.Equal((2, 192), (there.MaxVcpus, there.MaxMemoryMiB));
        Assert.Equal((2, 128), (there.DefinedVcpus, there.DefinedMemoryMiB));
    }

    private Task<VmSize> UntilSizeAsync(IHypervisor on, VmName vm, Func<VmSize, bool> pleases) =>
        UntilAsync($"{vm} has another size on {on.Host}", () => on.Scaling!.ObserveSizeAsync(vm, None), pleases);
}
