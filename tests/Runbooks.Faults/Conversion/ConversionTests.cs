using System.Collections.Concurrent;
using Runbooks.Fleet.Model;
using Runbooks.Hypervisors.Contract;
using Runbooks.Hypervisors.Simulated;
using Runbooks.Workflows.Operations;
using Runbooks.Workflows.Runs;

namespace Runbooks.Faults.Conversion;

/// <summary>What a conversion refuses, what it keeps others from, and what it does when a host is lost.</summary>
public sealed class ConversionTests
{
    [Fact]
    public async Task Everything_that_stands_in_the_way_is_told_at_once_and_nothing_is_touched()
    {
        using var fleet = await ConvertedFleet.CreateAsync(new() { IsRunning = true });
        fleet.World.AddVm(
            FleetUnderTest.Host1,
            new SimulatedVm(new VmName("odd"), Vcpus: 1, MemoryMiB: 1024, MaxVcpus: 4)
            {
                Disks = [new SimulatedDisk("/images/odd.img", "raw")],
                Interfaces = [new VmInterface("52:54:00:00:00:09", FleetUnderTest.OnBridge.Kind, FleetUnderTest.OnBridge.Name)],
            });
        fleet.World.AddFile(ConvertedFleet.Xen, "/images/old.img");
        var asked = Changes(fleet);

        var input = fleet.Input;
        input["Vm"] = "odd";
        input["StopIfRunning"] = false;
        input["DiskFormat"] = "qcow2";
        var odd = await fleet.Under.Engine.RunAsync("convert-vm", input);
        var taken = await fleet.ConvertAsync();

        Assert.Equal((RunStatus.Compensated, RunStatus.Compensated), (odd.Status, taken.Status));
        foreach (var problem in new[] { "(1) It runs", "can't use disks in 'qcow2'", "'vcpu' has room to grow", "it is on a 'network', not on a bridge" })
        {
            Assert.Contains(problem, odd.Reason, StringComparison.Ordinal);
        }

        Assert.Contains("'/images/old.img' at the destination, where there is another file", taken.Reason, StringComparison.Ordinal);
        Assert.Empty(asked);
    }

    [Fact]
    public async Task A_host_of_the_same_hypervisor_is_left_to_migrations_and_a_VM_that_is_there_already_to_itself()
    {
        using var fleet = await ConvertedFleet.CreateAsync(new());
        var input = fleet.Input;
        input["Destination"] = FleetUnderTest.Host2.Value;
        var same = await fleet.Under.Engine.RunAsync("convert-vm", input);
        input["Destination"] = ConvertedFleet.Kvm.Value;
        var there = await fleet.Under.Engine.RunAsync("convert-vm", input);

        Assert.Contains("use 'migrate-vm'", same.Reason, StringComparison.Ordinal);
        Assert.Equal(RunStatus.Finished, there.Status);
        Assert.DoesNotContain(await fleet.Under.Engine.StepsAsync(there.Id), s => s.ActivityId == "reserve");
        Assert.Equal("", await fleet.BrokenAsync(isConverted: false));
    }

    [Fact]
    public async Task A_dry_run_plans_and_asks_no_host_for_any_change()
    {
        using var fleet = await ConvertedFleet.CreateAsync(new() { IsRunning = true });
        var asked = Changes(fleet);

        var run = await fleet.Under.Engine.RunDryAsync("convert-vm", fleet.Input);

        Assert.Equal((RunStatus.Finished, null), (run.Status, run.Reason));
        var steps = await fleet.Under.Engine.StepsAsync(run.Id);
        Assert.Equal(["reserve", "stop", "hold", "copy", "define", "run", "boot", "retire"], steps.Where(s => s.WasLeftOut).Select(s => s.ActivityId));
        Assert.Contains("qcow2 becomes raw", (string?)steps.Single(s => s.ActivityId == "check").Outputs["Explanation"], StringComparison.Ordinal);
        Assert.Empty(asked);
        Assert.Equal("", await fleet.BrokenAsync(isConverted: false));
    }

    /// <summary>Whoever tries, at whichever request of the run: the source does not start once it is held.</summary>
    [Fact]
    public async Task Nobody_starts_the_source_while_it_is_held()
    {
        using var fleet = await ConvertedFleet.CreateAsync(new() { IsRunning = true });
        var (refused, isHeld, isTrying) = (0, false, new AsyncLocal<bool>());
        fleet.World.Faults.OnOperation = async (point, none) =>
        {
            if (isTrying.Value)
            {
                return;
            }

            isHeld |= point is { Operation: SimulatedOperation.ReplaceDefinition, Phase: OperationPhase.After };
            if (isHeld && fleet.World.CopiesOf(ConvertedFleet.Vm).Any(c => c.Host == ConvertedFleet.Kvm))
            {
                isTrying.Value = true;
                var started = await fleet.World.Directory.Hypervisor(ConvertedFleet.Kvm).StartAsync(ConvertedFleet.Vm, CancellationToken.None);
                Assert.Equal(FaultKind.Refused, started.Fault?.Kind);
                refused++;
                isTrying.Value = false;
            }
        };

        var run = await fleet.ConvertAsync();

        Assert.Equal((RunStatus.Finished, null), (run.Status, run.Reason));
        Assert.True(refused > 20, $"Only {refused} tries were made.");
        Assert.Equal("", await fleet.BrokenAsync(isConverted: true));
    }

    [Fact]
    public async Task A_VM_that_somebody_starts_just_before_it_is_held_goes_on_and_the_run_goes_back()
    {
        using var fleet = await ConvertedFleet.CreateAsync(new());
        var isStarted = false;
        fleet.World.Faults.OnOperation = async (point, none) =>
        {
            if (point is { Operation: SimulatedOperation.ReplaceDefinition, Phase: OperationPhase.Before } && !isStarted)
            {
                isStarted = true;
                Assert.True((await fleet.World.Directory.Hypervisor(ConvertedFleet.Kvm).StartAsync(ConvertedFleet.Vm, CancellationToken.None)).IsOk);
            }
        };

        var run = await fleet.ConvertAsync();

        Assert.Equal(RunStatus.Compensated, run.Status);
        Assert.Contains("somebody has started it meanwhile", run.Reason, StringComparison.Ordinal);
        Assert.Equal(ConvertedFleet.Kvm, fleet.Under.HomeOf(ConvertedFleet.Vm));
        Assert.Null(fleet.World.HolderOf(ConvertedFleet.Kvm, ConvertedFleet.Vm));
        Assert.Equal("", await fleet.Under.BrokenInvariantsAsync());
    }

    /// <summary>A destination that is lost before the VM was started there can't run it: the source is in use again at once.</summary>
    [Fact]
    public async Task A_destination_that_is_lost_during_the_copy_does_not_keep_the_source_from_running()
    {
        using var fleet = await ConvertedFleet.CreateAsync(new() { IsRunning = true });
        LoseAt(fleet, SimulatedOperation.ObserveCopy);

        var run = await fleet.ConvertAsync();
        if (run.Status == RunStatus.NeedsAttention && fleet.World.HolderOf(ConvertedFleet.Kvm, ConvertedFleet.Vm) is not null)
        {
            // A person gives it up: nobody has to wait for the lost host.
            run = await OrderAsync(fleet, run, RunVerb.Cancel);
        }

        Assert.Equal(ConvertedFleet.Kvm, fleet.Under.HomeOf(ConvertedFleet.Vm));
        Assert.Null(fleet.World.HolderOf(ConvertedFleet.Kvm, ConvertedFleet.Vm));

        fleet.World.Faults.OnOperation = null;
        fleet.World.Heal(ConvertedFleet.Xen);
        run = await OrderAsync(fleet, run, RunVerb.Retry);
        Assert.True(run.Status.IsEnd(), $"{run.Status}, {run.Reason}");
        Assert.Equal("", await fleet.BrokenAsync(isConverted: false));
    }

    /// <summary>One that is lost after the VM was started there may run it: the source stays held until it answers.</summary>
    [Fact]
    public async Task A_destination_that_is_lost_after_the_start_keeps_the_source_held_until_it_is_seen()
    {
        using var fleet = await ConvertedFleet.CreateAsync(new() { IsRunning = true });
        LoseAt(fleet, SimulatedOperation.AskGuest);

        var run = await fleet.ConvertAsync();

        Assert.Equal(RunStatus.NeedsAttention, run.Status);
        run = await OrderAsync(fleet, run, RunVerb.Cancel);
        Assert.Equal(RunStatus.NeedsAttention, run.Status);
        Assert.EndsWith(".started", fleet.World.HolderOf(ConvertedFleet.Kvm, ConvertedFleet.Vm), StringComparison.Ordinal);
        Assert.Equal(ConvertedFleet.Xen, fleet.Under.HomeOf(ConvertedFleet.Vm));

        fleet.World.Faults.OnOperation = null;
        fleet.World.Heal(ConvertedFleet.Xen);
        run = await OrderAsync(fleet, run, RunVerb.Retry);
        Assert.True(run.Status.IsEnd(), $"{run.Status}, {run.Reason}");
        Assert.Equal("", await fleet.BrokenAsync(isConverted: false));
    }

    [Fact]
    public async Task A_file_that_only_looks_shared_is_not_taken_for_the_disk()
    {
        using var fleet = await ConvertedFleet.CreateAsync(new() { Disk = "/images/old.img", Format = "raw", Trouble = f => f.AddLookAlike(ConvertedFleet.Xen, "/images/old.img", ConvertedFleet.Kvm) });

        var run = await fleet.ConvertAsync();

        Assert.Equal(RunStatus.Compensated, run.Status);
        Assert.Contains("they do not share its folder", run.Reason, StringComparison.Ordinal);
        Assert.Equal("", await fleet.BrokenAsync(isConverted: false));
    }

    [Fact]
    public async Task There_and_back_again_each_disk_has_been_started_with_once_more()
    {
        using var fleet = await ConvertedFleet.CreateAsync(new() { IsRunning = true, DeleteSourceDisks = true });
        Assert.Equal(RunStatus.Finished, (await fleet.ConvertAsync()).Status);
        var input = fleet.Input;
        input["Destination"] = ConvertedFleet.Kvm.Value;
        input["DiskFormat"] = "qcow2";

        var back = await fleet.Under.Engine.RunAsync("convert-vm", input);

        Assert.Equal((RunStatus.Finished, null), (back.Status, back.Reason));
        Assert.Equal(ConvertedFleet.Kvm, fleet.Under.HomeOf(ConvertedFleet.Vm));
        var disk = fleet.World.FilesOf(ConvertedFleet.Kvm).Single(f => f.Path == "/images/old.qcow2");
        Assert.Equal(("qcow2", 3), (disk.Format, disk.Boots));
        Assert.Equal("", await fleet.Under.BrokenInvariantsAsync());
    }

    /// <summary>The network to the destination is gone as soon as a request is made of either host.</summary>
    private static void LoseAt(ConvertedFleet fleet, SimulatedOperation operation) => fleet.World.Faults.OnOperation = (point, none) =>
    {
        if (point.Operation == operation && point.Phase == OperationPhase.Before)
        {
            fleet.World.Cut(ConvertedFleet.Xen);
        }

        return ValueTask.CompletedTask;
    };

    private static async Task<Run> OrderAsync(ConvertedFleet fleet, Run run, RunVerb verb)
    {
        var engine = fleet.Under.Engine;
        _ = await engine.Store.SendAsync(new RunOrder(verb, "anna", "a test") { Key = $"{verb}" }.ToStimulus(await engine.FindAsync(run.Id)), CancellationToken.None);
        await engine.WorkAsync();
        return await engine.FindAsync(run.Id);
    }

    private static ConcurrentQueue<string> Changes(ConvertedFleet fleet)
    {
        var asked = new ConcurrentQueue<string>();
        fleet.World.Faults.OnOperation = (point, _) =>
        {
            if (point.Operation.Changes())
            {
                asked.Enqueue($"{point}");
            }

            return ValueTask.CompletedTask;
        };
        return asked;
    }
}
