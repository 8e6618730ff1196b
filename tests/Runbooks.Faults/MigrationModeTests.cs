using System.Text.Json.Nodes;
using Runbooks.Fleet.Model;
using Runbooks.Hypervisors.Simulated;
using Runbooks.Workflows.Runs;
using static Runbooks.Faults.FleetUnderTest;

namespace Runbooks.Faults;

/// <summary>What becomes of VMs that write too fast, in each mode and with each measure.</summary>
public sealed class MigrationModeTests
{
    private static readonly VmName Hot = new("hot");

    [Theory]
    [InlineData("PreCopy")]
    [InlineData("PostCopy")]
    [InlineData("Hybrid")]
    [InlineData("Compressed")]
    [InlineData("Parallel")]
    [InlineData("Stopped")]
    public async Task A_VM_is_moved_in_each_mode(string mode)
    {
        using var fleet = await CreateAsync();

        var run = await fleet.MigrateAsync(Vm1, Host2, new JsonObject { ["Mode"] = mode });

        Assert.True(run.Status == RunStatus.Finished, $"{run.Status}: {run.Reason}");
        Assert.Equal(Host2, fleet.HomeOf(Vm1));
        Assert.Equal("", await fleet.BrokenInvariantsAsync());
    }

    [Fact]
    public async Task A_guest_that_writes_too_fast_goes_by_post_copy_by_itself_and_a_critical_one_stays()
    {
        using var fleet = await HotAsync();
        var critical = await fleet.MigrateAsync(Hot, Host2, new JsonObject { ["Criticality"] = "critical", ["BandwidthMiBs"] = 50 });
        Assert.Equal(RunStatus.Compensated, critical.Status);
        Assert.Contains("It would take", critical.Reason, StringComparison.Ordinal);
        Assert.Contains("nothing was touched", critical.Reason, StringComparison.Ordinal);
        Assert.Equal(Host1, fleet.HomeOf(Hot));

        var normal = await fleet.MigrateAsync(Hot, Host2, new JsonObject { ["BandwidthMiBs"] = 50 });

        Assert.True(normal.Status == RunStatus.Finished, $"{normal.Status}: {normal.Reason}");
        Assert.Equal(Host2, fleet.HomeOf(Hot));
        Assert.Equal("PostCopy", (await StepAsync(fleet, normal, "pre-copy"))["StoppedBy"]!.ToString());
    }

    [Theory]
    [InlineData("RaiseDowntime", "The guest may stand still for 1520 ms")]
    [InlineData("MoreBandwidth", "The copy may take 800 MiB/s")]
    [InlineData("PostCopy", "goes on at the destination")]
    [InlineData("Suspend", "stands still until the copy has ended")]
    public async Task Each_measure_brings_a_copy_to_its_end_that_would_have_none(string measure, string said)
    {
        using var fleet = await HotAsync();

        var run = await fleet.MigrateAsync(Hot, Host2, new JsonObject { ["Mode"] = "PreCopy", ["BandwidthMiBs"] = 100, ["DowntimeCeilingMs"] = 2000, ["OnNoConvergence"] = new JsonArray(measure, "Suspend") });

        Assert.True(run.Status == RunStatus.Finished, $"{run.Status}: {run.Reason}");
        Assert.Equal(Host2, fleet.HomeOf(Hot));
        var outputs = await StepAsync(fleet, run, "pre-copy");
        Assert.True(outputs["Measures"]!.ToString().Contains(said, StringComparison.Ordinal), outputs.ToJsonString());
        Assert.Equal("", await fleet.BrokenInvariantsAsync());
    }

    [Fact]
    public async Task A_guest_that_is_slowed_down_comes_to_its_end_by_that_alone()
    {
        using var fleet = await HotAsync();

        // An abort follows: nothing else could end the copy well.
        var run = await fleet.MigrateAsync(Hot, Host2, new JsonObject { ["Mode"] = "PreCopy", ["BandwidthMiBs"] = 100, ["OnNoConvergence"] = new JsonArray("AutoConverge") });

        Assert.True(run.Status == RunStatus.Finished, $"{run.Status}: {run.Reason}");
        Assert.Equal(Host2, fleet.HomeOf(Hot));
        Assert.Equal("DirtyPages", (await StepAsync(fleet, run, "pre-copy"))["StoppedBy"]!.ToString());
        Assert.Equal("", await fleet.BrokenInvariantsAsync());
    }

    [Fact]
    public async Task A_copy_that_no_measure_helps_is_ended_and_says_what_was_tried()
    {
        using var fleet = await HotAsync();

        // MoreBandwidth makes the choice try it; the ceiling makes it useless.
        var run = await fleet.MigrateAsync(Hot, Host2, new JsonObject { ["Mode"] = "PreCopy", ["BandwidthMiBs"] = 100, ["BandwidthCeilingMiBs"] = 120, ["OnNoConvergence"] = new JsonArray("RaiseDowntime", "MoreBandwidth", "Abort") });

        Assert.Equal(RunStatus.Compensated, run.Status);
        Assert.Equal(Host1, fleet.HomeOf(Hot));
        foreach (var part in new[] { "did not converge and was ended by", "may stand still for 1000 ms", "may take 120 MiB/s", "goes on on host1" })
        {
            Assert.Contains(part, run.Reason, StringComparison.Ordinal);
        }

        Assert.Equal("", await fleet.BrokenInvariantsAsync());
    }

    [Fact]
    public async Task A_link_that_is_cut_in_post_copy_and_heals_lets_the_guest_arrive()
    {
        using var fleet = await HotAsync();
        var healed = CutAfterTheSwitchAsync(fleet, TimeSpan.FromSeconds(60));

        var run = await fleet.MigrateAsync(Hot, Host2, new JsonObject { ["Mode"] = "PostCopy", ["BandwidthMiBs"] = 100 });
        await healed;

        Assert.True(run.Status == RunStatus.Finished, $"{run.Status}: {run.Reason}");
        Assert.Equal(Host2, fleet.HomeOf(Hot));
        Assert.Equal("", await fleet.BrokenInvariantsAsync());
    }

    [Fact]
    public async Task A_guest_that_is_lost_in_post_copy_is_never_resumed_and_a_person_is_told_how_to_start_it()
    {
        using var fleet = await HotAsync();
        fleet.Fleet.Faults.Add(new MigrationFault(MigrationMishap.DestinationGuestDies, Hot, Hypervisors.Contract.MigrationPhase.PostCopy));
        fleet.Engine.Options.ReconcileFor = TimeSpan.FromSeconds(20);

        var run = await fleet.MigrateAsync(Hot, Host2, new JsonObject { ["Mode"] = "PostCopy", ["BandwidthMiBs"] = 100 });

        Assert.Equal(RunStatus.NeedsAttention, run.Status);
        Assert.Contains("lost in post-copy", run.Reason, StringComparison.Ordinal);
        Assert.Contains("virsh start hot", run.Reason, StringComparison.Ordinal);
        Assert.Contains(fleet.Fleet.CopiesOf(Hot), c => c.Host == Host1 && c is { State: VmState.Paused, Reason: "post-copy failed" });
        Assert.Empty(fleet.Fleet.Violations);
    }

    [Fact]
    public async Task A_wire_that_carries_nothing_ends_the_copy_within_minutes()
    {
        using var fleet = await HotAsync();
        fleet.Fleet.Faults.OnOperation = (point, _) =>
        {
            if (point is { Operation: SimulatedOperation.StartMigration, Phase: OperationPhase.After })
            {
                fleet.Fleet.Cut(Host2);
            }

            return ValueTask.CompletedTask;
        };

        var run = await fleet.MigrateAsync(Hot, Host2, new JsonObject { ["Mode"] = "PreCopy", ["OnNoConvergence"] = new JsonArray("Suspend"), ["BandwidthMiBs"] = 100 });

        Assert.Equal(Host1, fleet.HomeOf(Hot));
        Assert.True(run.Status is RunStatus.Compensated or RunStatus.NeedsAttention, $"{run.Status}: {run.Reason}");
        Assert.Empty(fleet.Fleet.MigratingVms);
    }

    [Theory]
    [InlineData("Mode", "Teleport")]
    [InlineData("Criticality", "very")]
    public async Task A_word_that_means_nothing_is_named_before_anything_is_touched(string input, string word)
    {
        using var fleet = await CreateAsync();

        var run = await fleet.MigrateAsync(Vm1, Host2, new JsonObject { [input] = word });

        Assert.Equal(RunStatus.Compensated, run.Status);
        Assert.Contains($"'{word}'", run.Reason, StringComparison.Ordinal);
        Assert.Equal("", await fleet.BrokenInvariantsAsync());
    }

    /// <summary>A VM whose writes go to 150 MiB over and over, faster than is sent at 100 MiB/s.</summary>
    private static async Task<FleetUnderTest> HotAsync()
    {
        var fleet = await CreateAsync();
        fleet.Fleet.AddVm(Host1, new SimulatedVm(Hot, Vcpus: 1, MemoryMiB: 2048, CpuLoad: 0.1, DirtyMiBs: 900, WorkingSetMiB: 150));
        return fleet;
    }

    private static Task CutAfterTheSwitchAsync(FleetUnderTest fleet, TimeSpan after)
    {
        var healed = new TaskCompletionSource();
        fleet.Fleet.Faults.OnOperation = (point, unused) =>
        {
            if (point is { Operation: SimulatedOperation.SwitchToPostCopy, Phase: OperationPhase.After })
            {
                fleet.Fleet.Cut(Host2);
                _ = HealAsync();
            }

            return ValueTask.CompletedTask;
        };
        return healed.Task;

        async Task HealAsync()
        {
            await Task.Delay(after, fleet.Engine.Clock, CancellationToken.None);
            fleet.Fleet.Heal(Host2);
            healed.SetResult();
        }
    }

    private static async Task<JsonObject> StepAsync(FleetUnderTest fleet, Run run, string step) =>
        (await fleet.Engine.StepsAsync(run.Id)).Last(s => s.ActivityId == step).Outputs;
}
