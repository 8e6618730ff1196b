using Runbooks.Fleet.Model;
using Runbooks.Fleet.Reservations;
using Runbooks.Hypervisors.Contract;
using Runbooks.Hypervisors.Simulated;
using Runbooks.Workflows.Journal;
using Runbooks.Workflows.Runs;

namespace Runbooks.Faults.Scaling;

/// <summary>What scale-vm does with wishes and with guests that don't follow, and what it says about it.</summary>
public sealed class ScalingTests
{
    [Fact]
    public async Task A_VM_that_has_its_size_is_left_alone()
    {
        using var fleet = await ScaledFleet.CreateAsync();
        var asked = Changes(fleet);

        var run = await fleet.ScaleAsync(2, 2048);

        Assert.Equal((RunStatus.Finished, null), (run.Status, run.Reason));
        Assert.Equal(["check", "nothing"], await StepsAsync(fleet, run));
        Assert.Empty(asked);
    }

    [Fact]
    public async Task One_that_only_its_definition_does_not_fit_gets_that_put_right()
    {
        using var fleet = await ScaledFleet.CreateAsync(f => f.SetHabits(ScaledFleet.Vm, new GuestHabits(UsedMiB: 800, KeepsMiB: 2048)));
        Assert.True((await fleet.World.Directory.Hypervisor(FleetUnderTest.Host1).Scaling!.SetMemoryAsync(ScaledFleet.Vm, 1024, CancellationToken.None)).IsOk);

        var run = await fleet.ScaleAsync(2, 2048);

        Assert.True(run.Status == RunStatus.Finished, $"{run.Status}: {run.Reason}");
        Assert.Equal("", await fleet.BrokenAsync(FleetUnderTest.Host1, 2, 2048));
    }

    [Theory]
    [InlineData(null, null, "Nothing is wished")]
    [InlineData(9, null, "can have 8")]
    [InlineData(null, 12_289, "can have 12288 MiB")]
    [InlineData(null, 1100, "uses 1024 MiB")]
    public async Task A_wish_that_can_t_be_fulfilled_changes_nothing_and_says_why(int? vcpus, int? memoryMiB, string says)
    {
        using var fleet = await ScaledFleet.CreateAsync();
        var asked = Changes(fleet);

        var run = await fleet.ScaleAsync(vcpus, memoryMiB);

        Assert.Equal(RunStatus.Compensated, run.Status);
        Assert.Contains(says, run.Reason, StringComparison.Ordinal);
        Assert.Empty(asked);
        Assert.Equal("", await fleet.BrokenAsync(FleetUnderTest.Host1, 2, 2048));
    }

    [Fact]
    public async Task Memory_is_not_taken_from_a_silent_guest_unless_somebody_says_why()
    {
        using var fleet = await ScaledFleet.CreateAsync(f => f.SetHabits(ScaledFleet.Vm, new GuestHabits(TellsUse: false)));

        var refused = await fleet.ScaleAsync(null, 1024);
        Assert.Equal(RunStatus.Compensated, refused.Status);
        Assert.Contains("does not say", refused.Reason, StringComparison.Ordinal);

        var wish = ScaledFleet.Wish(null, 1024);
        wish["ShrinkAnywayBecause"] = "Its owner has looked.";
        Assert.Equal(RunStatus.Finished, (await fleet.Under.Engine.RunAsync("scale-vm", wish)).Status);
        Assert.Equal("", await fleet.BrokenAsync(FleetUnderTest.Host1, 2, 1024));
    }

    [Fact]
    public async Task A_guest_that_comes_to_need_more_while_memory_is_taken_gets_all_of_it_again()
    {
        using var fleet = await ScaledFleet.CreateAsync(f => f.SetHabits(ScaledFleet.Vm, new GuestHabits(UsedMiB: 500)));
        var steps = 0;
        fleet.World.Faults.OnOperation = (point, _) =>
        {
            if (point is { Operation: SimulatedOperation.SetMemory, Phase: OperationPhase.After } && ++steps == 2)
            {
                fleet.World.SetHabits(ScaledFleet.Vm, new GuestHabits(UsedMiB: 1400));
            }

            return ValueTask.CompletedTask;
        };

        var run = await fleet.ScaleAsync(4, 1024);

        Assert.Equal(RunStatus.Compensated, run.Status);
        Assert.Contains("uses 1400 MiB", run.Reason, StringComparison.Ordinal);
        Assert.Equal(3, steps);
        Assert.Equal("", await fleet.BrokenAsync(FleetUnderTest.Host1, 2, 2048));
    }

    [Fact]
    public async Task What_a_shrinking_VM_gives_back_is_held_until_it_is_sure_not_to_get_it_again()
    {
        using var fleet = await ScaledFleet.CreateAsync();
        ReservationAnswer? other = null;
        fleet.World.Faults.OnOperation = async (point, _) =>
        {
            if (point is { Operation: SimulatedOperation.ObserveSize } && fleet.World.SizeOf(FleetUnderTest.Host1, ScaledFleet.Vm).HasMemory(1536) && other is null)
            {
                // All that is free now, the 512 MiB that were just given back with it.
                var free = 16_384 - 1024 - 1024 - 4096 - 1536;
                var wish = new Reservation(new VmName("guest"), FleetUnderTest.Host2, FleetUnderTest.Host1, free, 1, "another", 1, DateTimeOffset.UnixEpoch);
                other = await fleet.Under.Ledger.ReserveAsync(wish, free, CancellationToken.None);
            }
        };

        Assert.Equal(RunStatus.Finished, (await fleet.ScaleAsync(null, 1536)).Status);

        Assert.IsType<ReservationAnswer.NoRoom>(other);
        Assert.Equal("", await fleet.BrokenAsync(FleetUnderTest.Host1, 2, 1536));
    }

    [Fact]
    public async Task A_guest_that_keeps_its_vcpu_ends_with_everything_as_it_was()
    {
        using var fleet = await ScaledFleet.CreateAsync(f => f.SetHabits(ScaledFleet.Vm, new GuestHabits(UnplugHabit.Keeps)));

        var run = await fleet.ScaleAsync(1, 4096);

        Assert.True(run.Status == RunStatus.Compensated, $"{run.Status}: {run.Reason}");
        Assert.Contains("timed out", run.Reason, StringComparison.Ordinal);
        Assert.Equal("", await fleet.BrokenAsync(FleetUnderTest.Host1, 2, 2048));
    }

    [Fact]
    public async Task A_vcpu_that_can_t_be_given_back_safely_asks_a_person_who_then_only_has_to_say_retry()
    {
        using var fleet = await ScaledFleet.CreateAsync(f => f.SetHabits(ScaledFleet.Vm, new GuestHabits(UnplugHabit.Unnoticed, KeepsMiB: 1900, UsedMiB: 800)));

        var run = await fleet.ScaleAsync(1, 1536);
        Assert.Equal(RunStatus.NeedsAttention, run.Status);
        Assert.Contains("Restart", run.Reason, StringComparison.Ordinal);
        Assert.True(fleet.World.SizeOf(FleetUnderTest.Host1, ScaledFleet.Vm).HasMemory(2048), "Memory is undone whatever becomes of the vCPUs.");

        fleet.World.RestartService(FleetUnderTest.Host1);
        await RetryAsync(fleet, run);

        Assert.Equal(RunStatus.Compensated, (await fleet.Under.Engine.FindAsync(run.Id)).Status);
        Assert.Equal("", await fleet.BrokenAsync(FleetUnderTest.Host1, 2, 2048));
    }

    [Fact]
    public async Task Memory_that_a_guest_has_come_to_need_is_not_taken_back_by_an_undo_before_a_person_has_looked()
    {
        using var fleet = await ScaledFleet.CreateAsync();
        var scaling = fleet.World.Directory.Hypervisor(FleetUnderTest.Host1).Scaling!;
        var meddled = false;
        fleet.World.Faults.OnOperation = async (point, _) =>
        {
            if (point is { Operation: SimulatedOperation.SetMemory, Phase: OperationPhase.After } && !meddled)
            {
                // The guest fills what it was given, and somebody changes its vCPUs by hand, which the run notices at its end.
                meddled = true;
                fleet.World.SetHabits(ScaledFleet.Vm, new GuestHabits(UsedMiB: 3500));
                Assert.True((await scaling.SetVcpusAsync(ScaledFleet.Vm, 3, CancellationToken.None)).IsOk);
            }
        };

        var run = await fleet.ScaleAsync(4, 4096);
        Assert.Equal(RunStatus.NeedsAttention, run.Status);
        Assert.Contains("works with 3 of 3 vCPUs", run.Reason, StringComparison.Ordinal);
        Assert.Contains("uses 3500 MiB", run.Reason, StringComparison.Ordinal);
        var size = fleet.World.SizeOf(FleetUnderTest.Host1, ScaledFleet.Vm);
        Assert.True(size.HasMemory(4096) && size.HasVcpus(2), $"{size}");

        fleet.World.SetHabits(ScaledFleet.Vm, new GuestHabits(UsedMiB: 500));
        await RetryAsync(fleet, run);
        Assert.Equal(RunStatus.Compensated, (await fleet.Under.Engine.FindAsync(run.Id)).Status);
        Assert.Equal("", await fleet.BrokenAsync(FleetUnderTest.Host1, 2, 2048));
    }

    [Fact]
    public async Task A_VM_without_room_that_may_not_be_moved_or_has_nowhere_to_go_keeps_its_size()
    {
        using var fleet = await ScaledFleet.CreateAsync();
        var wish = ScaledFleet.Wish(null, 12_288);
        wish["AllowMigration"] = false;
        Assert.Contains("may not be moved", (await fleet.Under.Engine.RunAsync("scale-vm", wish)).Reason, StringComparison.Ordinal);

        foreach (var host in new[] { FleetUnderTest.Host2, FleetUnderTest.Host3 })
        {
            fleet.World.AddVm(host, new SimulatedVm(new VmName($"filler-{host}"), 1, 8192, CpuLoad: 0.1));
        }

        var run = await fleet.ScaleAsync(null, 12_288);
        Assert.Equal(RunStatus.Compensated, run.Status);
        Assert.Contains("Blocked by Memory", run.Reason, StringComparison.Ordinal);
        Assert.Equal("", await fleet.BrokenAsync(FleetUnderTest.Host1, 2, 2048));
    }

    [Fact]
    public async Task A_move_that_fails_leaves_the_VM_as_it_is_and_names_the_move()
    {
        using var fleet = await ScaledFleet.CreateAsync(f => ScaledFleet.Refuse(f, SimulatedOperation.StartMigration));

        var run = await fleet.ScaleAsync(4, 12_288);

        Assert.Equal(RunStatus.Compensated, run.Status);
        Assert.Contains("was not moved to", run.Reason, StringComparison.Ordinal);
        Assert.Equal("", await fleet.BrokenAsync(FleetUnderTest.Host1, 2, 2048));
    }

    [Fact]
    public async Task Two_runs_at_once_or_a_run_and_a_move_don_t_meddle_with_each_other()
    {
        using var fleet = await ScaledFleet.CreateAsync();
        var engine = fleet.Under.Engine;
        RunId[] ids =
        [
            await engine.StartAsync("scale-vm", ScaledFleet.Wish(4, 4096)),
            await engine.StartAsync("scale-vm", ScaledFleet.Wish(3, 3072)),
            await engine.StartAsync("migrate-vm", FleetUnderTest.Move(ScaledFleet.Vm, FleetUnderTest.Host3)),
        ];

        await engine.WorkAsync();

        var runs = await Task.WhenAll(ids.Select(engine.FindAsync));
        Assert.All(runs, r => Assert.True(r.Status is RunStatus.Finished or RunStatus.Compensated, $"{r.Status}: {r.Reason}"));
        Assert.Contains(runs, r => r.Status == RunStatus.Finished);
        var size = fleet.World.SizeOf(fleet.Home, ScaledFleet.Vm);
        var scaled = runs[..2].Where(r => r.Status == RunStatus.Finished).Select(r => (int)r.Input["Vcpus"]!).DefaultIfEmpty(2);
        Assert.Contains(size.Vcpus, scaled);
        Assert.Equal("", await fleet.BrokenAsync(fleet.Home, size.Vcpus, size.Vcpus * 1024));
    }

    [Fact]
    public async Task A_closed_host_lets_no_VM_grow()
    {
        using var fleet = await ScaledFleet.CreateAsync();
        var entry = new HostModeEntry(FleetUnderTest.Host1, HostMode.Maintenance, "carl", "A fan is broken.", DateTimeOffset.UnixEpoch);
        _ = await fleet.Under.Modes.SetAsync(entry, CancellationToken.None);

        var run = await fleet.ScaleAsync(4, null);

        Assert.Equal(RunStatus.Compensated, run.Status);
        Assert.Contains("A fan is broken.", run.Reason, StringComparison.Ordinal);
        _ = await fleet.Under.Modes.ClearAsync(FleetUnderTest.Host1, "carl", CancellationToken.None);
        Assert.Equal("", await fleet.BrokenAsync(FleetUnderTest.Host1, 2, 2048));
    }

    [Theory]
    [InlineData(4096, "host1", new[] { "check", "reserve", "vcpus", "memory", "verify", "release" })]
    [InlineData(12_288, "host3", new[] { "check", "migrate", "moved", "check-again", "reserve", "vcpus", "memory", "verify", "release" })]
    public async Task A_dry_run_goes_all_the_way_and_changes_nothing(int memoryMiB, string host, string[] steps)
    {
        using var fleet = await ScaledFleet.CreateAsync(f => f.AddVm(FleetUnderTest.Host2, new SimulatedVm(new VmName("filler"), 1, 8192, CpuLoad: 0.1)));
        var asked = Changes(fleet);

        var run = await fleet.Under.Engine.RunDryAsync("scale-vm", ScaledFleet.Wish(4, memoryMiB));

        Assert.Equal((RunStatus.Finished, null), (run.Status, run.Reason));
        Assert.Equal(steps, await StepsAsync(fleet, run));
        var reserved = (await fleet.Under.Engine.StepsAsync(run.Id)).Single(s => s.ActivityId == "reserve");
        Assert.Equal((host, 2, 4, 2048, memoryMiB), ((string?)reserved.Inputs["Host"], (int)reserved.Inputs["FromVcpus"]!, (int)reserved.Inputs["ToVcpus"]!, (int)reserved.Inputs["FromMemoryMiB"]!, (int)reserved.Inputs["ToMemoryMiB"]!));
        Assert.Empty(asked);
        Assert.Equal("", await fleet.BrokenAsync(FleetUnderTest.Host1, 2, 2048));
    }

    private static async Task RetryAsync(ScaledFleet fleet, Run run)
    {
        _ = await fleet.Under.Engine.Store.SendAsync(new Stimulus("again", run.Id, StimulusKind.Retry, null, null, "operator", null), CancellationToken.None);
        await fleet.Under.Engine.WorkAsync();
    }

    private static async Task<string[]> StepsAsync(ScaledFleet fleet, Run run) =>
        [.. (await fleet.Under.Engine.StepsAsync(run.Id)).Where(s => s.ParentNumber == 1 && s.ActivityId is not ("start" or "end") && s.Status != ActivityStatus.Canceled).OrderBy(s => s.Number).Select(s => s.ActivityId)];

    /// <summary>Requests that change a VM.</summary>
    private static List<string> Changes(ScaledFleet fleet)
    {
        var asked = new List<string>();
        fleet.World.Faults.OnOperation = (point, _) =>
        {
            if (ScaledFleet.Changes(point.Operation) || point.Operation == SimulatedOperation.StartMigration)
            {
                lock (asked)
                {
                    asked.Add($"{point}");
                }
            }

            return ValueTask.CompletedTask;
        };
        return asked;
    }
}
