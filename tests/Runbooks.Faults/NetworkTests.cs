using Runbooks.Fleet.Model;
using Runbooks.Hypervisors.Contract;
using Runbooks.Hypervisors.Simulated;
using Runbooks.Workflows.Operations;
using Runbooks.Workflows.Runs;

namespace Runbooks.Faults;

/// <summary>Networks of VMs that move: made before, removed after, and never from under a VM that is on its way.</summary>
public sealed class NetworkTests
{
    private static readonly VmName Guest = new("vm9");

    [Fact]
    public async Task A_missing_network_is_made_at_the_destination_and_removed_where_its_last_VM_has_left()
    {
        using var fleet = await FleetUnderTest.CreateAsync();

        await FinishesAsync(fleet, FleetUnderTest.Vm1, FleetUnderTest.Host2);
        Assert.Equal(["br7", "lab7"], Names(fleet, FleetUnderTest.Host1));
        Assert.Equal(["br7"], Names(fleet, FleetUnderTest.Host2));

        await FinishesAsync(fleet, FleetUnderTest.Vm2, FleetUnderTest.Host2);
        Assert.Empty(Names(fleet, FleetUnderTest.Host1));
        Assert.Equal(["br7", "lab7"], Names(fleet, FleetUnderTest.Host2));
        Assert.Equal("", await fleet.BrokenInvariantsAsync());
    }

    [Fact]
    public async Task A_network_that_was_made_goes_again_when_the_move_fails()
    {
        using var fleet = await FleetUnderTest.CreateAsync();
        fleet.Fleet.Faults.Add(new MigrationFault(MigrationMishap.DestinationGuestDies, FleetUnderTest.Vm2));

        var run = await fleet.MigrateAsync(FleetUnderTest.Vm2, FleetUnderTest.Host2);

        Assert.Equal(RunStatus.Compensated, run.Status);
        Assert.Empty(Names(fleet, FleetUnderTest.Host2));
        Assert.Equal("", await fleet.BrokenInvariantsAsync());
    }

    /// <summary>
    /// Another run that is undone at the same time finds that this VM may still come, and leaves it its network. So whoever does
    /// not come after all is the last one who can remove it.
    /// </summary>
    [Fact]
    public async Task A_network_that_was_kept_for_a_VM_that_does_not_come_goes_with_its_reservation()
    {
        using var fleet = await FleetUnderTest.CreateAsync();
        Assert.True((await fleet.Fleet.Directory.Hypervisor(FleetUnderTest.Host2).Networks!.CreateAsync(FleetUnderTest.Bridge, CancellationToken.None)).IsOk);
        var id = await fleet.Engine.StartAsync("migrate-vm", FleetUnderTest.Move(FleetUnderTest.Vm1, FleetUnderTest.Host2));
        var cancelled = 0;
        fleet.Engine.Probe.OnPoint = async unused =>
        {
            if (await fleet.Ledger.FindAsync(FleetUnderTest.Vm1, CancellationToken.None) is not null && Interlocked.Exchange(ref cancelled, 1) == 0)
            {
                _ = await fleet.Engine.Store.SendAsync(new RunOrder(RunVerb.Cancel, "anna", "a test") { Key = "once" }.ToStimulus(await fleet.Engine.FindAsync(id)), CancellationToken.None);
            }
        };

        await fleet.Engine.WorkAsync();

        Assert.Equal(RunStatus.Cancelled, (await fleet.Engine.FindAsync(id)).Status);
        Assert.DoesNotContain(await fleet.Engine.StepsAsync(id), s => s.ActivityId == "prepare-networks");
        Assert.Empty(Names(fleet, FleetUnderTest.Host2));
        Assert.Equal("", await fleet.BrokenInvariantsAsync());
    }

    [Fact]
    public async Task A_network_of_somebody_else_is_never_removed()
    {
        using var fleet = await FleetUnderTest.CreateAsync();
        var theirs = new HostNetwork(NetworkKind.Bridge, "office", 9, "eth1");
        await fleet.Fleet.Directory.Hypervisor(FleetUnderTest.Host3).Networks!.CreateAsync(theirs, CancellationToken.None);
        fleet.Fleet.AddHost(new SimulatedHost(new("host4"), 8, 16_384, Priority: 9) { Networks = [theirs] });
        fleet.Fleet.AddVm(new("host4"), Plugged(Guest, theirs));

        await FinishesAsync(fleet, Guest, FleetUnderTest.Host3);

        Assert.Equal(["office"], Names(fleet, new("host4")));
    }

    /// <summary>While the last VM leaves, another one starts its way here, at each point of the removal.</summary>
    [Theory]
    [InlineData(SimulatedOperation.RetireNetwork, OperationPhase.Before)]
    [InlineData(SimulatedOperation.RetireNetwork, OperationPhase.After)]
    [InlineData(SimulatedOperation.RemoveNetwork, OperationPhase.Before)]
    [InlineData(SimulatedOperation.RemoveNetwork, OperationPhase.After)]
    public async Task A_VM_that_comes_while_the_last_one_leaves_finds_its_network(SimulatedOperation at, OperationPhase phase)
    {
        using var fleet = await FleetUnderTest.CreateAsync();
        await FinishesAsync(fleet, FleetUnderTest.Vm2, FleetUnderTest.Host3);
        fleet.Fleet.AddHost(new SimulatedHost(new("host4"), 8, 16_384, Priority: 9) { Networks = [FleetUnderTest.Bridge] });
        fleet.Fleet.AddVm(new("host4"), Plugged(Guest, FleetUnderTest.Bridge));
        var (reached, once) = (new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously), 0);
        Task<Run>? coming = null;
        fleet.Fleet.Faults.OnOperation = async (point, unused) =>
        {
            if (point.Operation == at && point.Phase == phase && point.Host == FleetUnderTest.Host1 && Interlocked.Exchange(ref once, 1) == 0)
            {
                coming = fleet.MigrateAsync(Guest, FleetUnderTest.Host1);

                // It is let go on when the other one has done all that it does before the copy, or can do no more.
                _ = await Task.WhenAny(reached.Task, coming);
            }
            else if (point is { Operation: SimulatedOperation.StartMigration, Phase: OperationPhase.Before } && point.Vm == Guest)
            {
                _ = reached.TrySetResult();
            }
        };

        await FinishesAsync(fleet, FleetUnderTest.Vm1, FleetUnderTest.Host2);
        var came = await coming!;

        Assert.True(came.Status == RunStatus.Finished, $"{came.Status}: {came.Reason}");
        Assert.Equal(FleetUnderTest.Host1, fleet.HomeOf(Guest));
        Assert.Contains("br7", Names(fleet, FleetUnderTest.Host1));
        Assert.DoesNotContain(fleet.Fleet.NetworksOf(FleetUnderTest.Host1), n => n.IsRetired);
    }

    [Fact]
    public async Task A_silent_guest_is_a_warning_and_the_run_ends()
    {
        using var fleet = await FleetUnderTest.CreateAsync();
        fleet.Fleet.AddVm(FleetUnderTest.Host3, new SimulatedVm(Guest, 1, 512, CpuLoad: 0) { Answer = GuestAnswer.Silent });

        var run = await FinishesAsync(fleet, Guest, FleetUnderTest.Host2);

        var activate = (await fleet.Engine.StepsAsync(run.Id)).Single(s => s.ActivityId == "activate");
        Assert.Equal("silent", (string?)activate.Outputs["Guest"]);
        Assert.Contains("has not answered", (string?)activate.Outputs["Warning"], StringComparison.Ordinal);
    }

    private static SimulatedVm Plugged(VmName vm, HostNetwork network) =>
        new(vm, 1, 1024, CpuLoad: 0.1) { Interfaces = [new VmInterface("52:54:00:00:00:09", network.Kind, network.Name)] };

    private static IEnumerable<string> Names(FleetUnderTest fleet, HostName host) => fleet.Fleet.NetworksOf(host).Select(n => n.Name).Order(StringComparer.Ordinal);

    private static async Task<Run> FinishesAsync(FleetUnderTest fleet, VmName vm, HostName to)
    {
        var run = await fleet.MigrateAsync(vm, to);
        Assert.True(run.Status == RunStatus.Finished, $"{vm} to {to}: {run.Status}, {run.Reason}");
        return run;
    }
}
