using Runbooks.Fleet.Model;
using Runbooks.Hypervisors.Contract;

namespace Runbooks.Hypervisors.Tests.Contract;

public abstract partial class HypervisorContract
{
    [Fact]
    public async Task A_host_tells_its_size_and_every_VM_that_is_defined_or_runs()
    {
        var off = await lab.DefineAsync(new GuestSpec());
        var on = await RunningOnAAsync();

        var seen = await lab.A.ObserveAsync(None);

        Ok(seen);
        Assert.True(seen.Value.Cpus >= 1);
        Assert.InRange(seen.Value.MemoryFreeMiB, 1, seen.Value.MemoryMiB);
        Assert.Equal(VmState.ShutOff, seen.Value.Vms.Single(v => v.Name == off).State);
        var running = seen.Value.Vms.Single(v => v.Name == on);
        Assert.Equal(VmState.Running, running.State);
        Assert.Equal((1, 96), (running.Vcpus, running.MemoryMiB));
        Assert.NotEqual(Guid.Empty, running.Uuid);
    }

    [Fact]
    public async Task CPU_counters_of_host_and_VM_only_grow()
    {
        var vm = await RunningOnAAsync(new GuestSpec(CpuLoad: 0.5));
        var first = (await lab.A.ObserveAsync(None)).Value;

        var later = await UntilAsync(
            "the counters have grown",
            () => lab.A.ObserveAsync(None),
            o => o.CpuTotal > first.CpuTotal && Of(o).CpuTime > Of(first).CpuTime);

        Assert.True(later.At > first.At);
        Assert.True(later.CpuBusy >= first.CpuBusy);
        Assert.True(later.CpuBusy <= later.CpuTotal);

        VmObservation Of(HostObservation o) => o.Vms.Single(v => v.Name == vm);
    }

    [Fact]
    public async Task One_VM_is_seen_as_the_whole_host_sees_it()
    {
        var vm = await RunningOnAAsync();

        var one = await lab.A.ObserveVmAsync(vm, None);

        Ok(one);
        var among = (await lab.A.ObserveAsync(None)).Value.Vms.Single(v => v.Name == vm);
        Assert.Equal((among.Uuid, among.State, among.MemoryMiB), (one.Value.Uuid, one.Value.State, one.Value.MemoryMiB));
    }

    [Fact]
    public async Task Only_not_found_says_that_a_VM_is_absent()
    {
        var vm = await lab.DefineAsync(new GuestSpec());

        Ok(await lab.A.ObserveVmAsync(vm, None));
        Fault(FaultKind.NotFound, await lab.B.ObserveVmAsync(vm, None));
    }

    [Fact]
    public async Task A_VM_that_is_not_there_can_be_neither_started_nor_resumed_nor_migrated()
    {
        var nobody = new VmName("nobody-has-this-name");

        Fault(FaultKind.NotFound, await lab.A.StartAsync(nobody, None));
        Fault(FaultKind.NotFound, await lab.A.ResumeAsync(nobody, None));
        Fault(FaultKind.NotFound, await lab.A.StartMigrationAsync(ToB(nobody), None));
        Fault(FaultKind.NotFound, await lab.A.CompletedMigrationAsync(nobody, None));
    }

    [Fact]
    public async Task Starting_what_runs_already_succeeds()
    {
        var vm = await RunningOnAAsync();

        Ok(await lab.A.StartAsync(vm, None));

        await RunsOnlyOnAsync(lab.A, vm);
    }

    [Fact]
    public async Task A_guest_that_is_asked_shuts_down_and_keeps_its_definition_and_asking_again_succeeds()
    {
        var vm = await RunningOnAAsync();

        Ok(await lab.A.ShutDownAsync(vm, None));

        await UntilStateAsync(lab.A, vm, VmState.ShutOff);
        Ok(await lab.A.ShutDownAsync(vm, None));
    }

    [Fact]
    public async Task The_definition_of_a_running_VM_is_not_removed()
    {
        var vm = await RunningOnAAsync();

        Fault(FaultKind.Refused, await lab.A.UndefineAsync(vm, None));

        Assert.Equal(VmState.Running, (await lab.A.ObserveVmAsync(vm, None)).Value.State);
    }

    [Fact]
    public async Task Removing_a_definition_that_is_gone_succeeds()
    {
        var vm = await lab.DefineAsync(new GuestSpec());

        Ok(await lab.A.UndefineAsync(vm, None));
        Fault(FaultKind.NotFound, await lab.A.ObserveVmAsync(vm, None));
        Ok(await lab.A.UndefineAsync(vm, None));
    }

    [Fact]
    public async Task Destroying_ends_the_copy_and_leaves_its_definition()
    {
        var vm = await RunningOnAAsync();

        Ok(await lab.A.DestroyAsync(vm, None));

        await UntilStateAsync(lab.A, vm, VmState.ShutOff);
        Ok(await lab.A.DestroyAsync(vm, None));
        Ok(await lab.A.UndefineAsync(vm, None));
        Ok(await lab.A.DestroyAsync(vm, None));
    }

    [Fact]
    public async Task A_paused_VM_is_resumed_and_resuming_what_runs_succeeds()
    {
        var vm = await RunningOnAAsync();
        await lab.PauseOnAAsync(vm);
        await UntilStateAsync(lab.A, vm, VmState.Paused);

        Ok(await lab.A.ResumeAsync(vm, None));

        await UntilStateAsync(lab.A, vm, VmState.Running);
        Ok(await lab.A.ResumeAsync(vm, None));
    }

    [Fact]
    public async Task A_VM_that_is_shut_off_is_not_resumed()
    {
        var vm = await lab.DefineAsync(new GuestSpec());

        Fault(FaultKind.Refused, await lab.A.ResumeAsync(vm, None));

        Assert.Equal(VmState.ShutOff, (await lab.A.ObserveVmAsync(vm, None)).Value.State);
    }

    [Fact]
    public async Task A_host_that_is_off_says_so_by_its_power_and_is_unreachable()
    {
        Assert.Equal(PowerState.On, (await lab.PowerB.ObserveAsync(None)).Value);

        Ok(await lab.PowerB.PowerOffAsync(None));

        await UntilAsync("B is off", () => lab.PowerB.ObserveAsync(None), p => p == PowerState.Off);
        Ok(await lab.PowerB.PowerOffAsync(None));
        var unreachable = Fault(FaultKind.Unreachable, await lab.B.ObserveAsync(None));
        Assert.Equal(lab.B.Host, unreachable.Host);
        Assert.True(unreachable.NothingChanged);
    }

    [Fact]
    public async Task A_host_that_is_switched_on_answers_again_and_knows_its_definitions_shut_off()
    {
        var vm = await RunningOnAAsync();

        Ok(await lab.PowerA.PowerOffAsync(None));
        await UntilAsync("A is off", () => lab.PowerA.ObserveAsync(None), p => p == PowerState.Off);
        Ok(await lab.PowerA.PowerOnAsync(None));

        await UntilAsync("A is on", () => lab.PowerA.ObserveAsync(None), p => p == PowerState.On);
        await UntilAsync("A answers", () => lab.A.ObserveAsync(None), _ => true);
        Ok(await lab.PowerA.PowerOnAsync(None));
        Assert.Equal(VmState.ShutOff, (await lab.A.ObserveVmAsync(vm, None)).Value.State);
    }
}
