using System.Text.Json.Nodes;
using Runbooks.Fleet.Model;
using Runbooks.Hypervisors.Contract;
using Runbooks.Hypervisors.Tests.Contract;
using Runbooks.LabXen.Hosts;

namespace Runbooks.LabXen;

/// <summary>The shipped runbook on Xen machines, which tell no progress and hold nothing.</summary>
[Collection(XenCollection.Name)]
public sealed class XenRuns(XenMachines machines) : IAsyncLifetime
{
    private readonly XenHarness hosts = new(machines);

    private static CancellationToken None => CancellationToken.None;

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync() => await hosts.DisposeAsync();

    [Fact]
    public async Task A_VM_moves_with_its_definition_although_the_server_dies_during_the_copy()
    {
        var vm = await RunningAsync();
        var server = await machines.ServerAsync();
        var run = await server.RunAsync("migrate-vm", new JsonObject { ["Vm"] = vm.Value, ["Destination"] = "xen2" });
        await XenMachines.UntilAsync("the VM is being copied", async () =>
        {
            var seen = await server.SeeAsync(run);
            Assert.False(seen.IsAtRest, $"{seen}");
            return await hosts.A.ObserveMigrationAsync(vm, None) is { IsOk: true, Value.Phase: MigrationPhase.PreCopy };
        });

        await server.KillAsync();
        await server.StartAsync();

        await XenMachines.UntilAsync("the run has ended", async () => (await server.SeeAsync(run)).IsAtRest);
        var end = await server.EndOfAsync(run);
        Assert.True(end.Status == "finished", $"{end}");
        var arrived = (await hosts.B.ObserveVmAsync(vm, None)).Value;
        Assert.Equal((VmState.Running, true), (arrived.State, arrived.Persistent!.Value));
        Assert.Equal(FaultKind.NotFound, (await hosts.A.ObserveVmAsync(vm, None)).Fault?.Kind);
        await server.UntilReleasedAsync(vm);
        await machines.OneCopyBeatsAsync(vm);
    }

    [Fact]
    public async Task A_running_VM_does_not_go_to_another_hypervisor_and_the_run_says_so()
    {
        var vm = await RunningAsync();
        var server = await machines.ServerAsync();

        var end = await server.EndOfAsync(await server.RunAsync("migrate-vm", new JsonObject { ["Vm"] = vm.Value, ["Destination"] = "host1" }));

        Assert.Contains("can't change its hypervisor", end.Reason, StringComparison.Ordinal);
        Assert.Equal(VmState.Running, (await hosts.A.ObserveVmAsync(vm, None)).Value.State);
    }

    private async Task<VmName> RunningAsync()
    {
        var vm = await hosts.DefineAsync(new GuestSpec(WriteMiBs: 1, WorkingSetMiB: 4));
        var started = await hosts.A.StartAsync(vm, None);
        Assert.True(started.IsOk, $"{started}");
        await hosts.UntilGuestIsUpAsync(vm);
        return vm;
    }
}
