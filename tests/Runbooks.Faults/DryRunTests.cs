using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using Runbooks.Activities;
using Runbooks.Fleet.Model;
using Runbooks.Hypervisors.Simulated;
using Runbooks.Workflows.Activities;
using Runbooks.Workflows.Journal;
using Runbooks.Workflows.Runs;
using Runbooks.Workflows.Tests.Engine;

namespace Runbooks.Faults;

/// <summary>The shipped runbooks dry: they walk to their end, and no host is asked for any change.</summary>
public sealed class DryRunTests
{
    [Fact]
    public async Task A_dry_consolidation_plans_moves_and_switches_nothing_off()
    {
        using var fleet = await FleetUnderTest.CreateAsync();
        var asked = Changes(fleet);

        var run = await fleet.Engine.RunDryAsync("consolidate");

        Assert.Equal((RunStatus.Finished, null), (run.Status, run.Reason));
        var moves = await fleet.Engine.Store.ListAsync(new RunFilter { ParentRunId = run.Id }, CancellationToken.None);
        Assert.Equal(2, moves.Count);
        Assert.All(moves, m => Assert.Equal((true, RunStatus.Finished), (m.IsDryRun, m.Status)));
        Assert.Equal(["plan", "cordon", "each-move", "power-off", "uncordon"], (await fleet.Engine.StepsAsync(run.Id)).Where(s => s.ParentNumber == 1 && s.ActivityType != "Elsa.Start" && s.ActivityType != "Elsa.End").Select(s => s.ActivityId));
        await NothingHappenedAsync(fleet, asked);
    }

    [Fact]
    public async Task A_dry_migration_looks_whether_it_would_work_and_goes_through_all_stages()
    {
        using var fleet = await FleetUnderTest.CreateAsync();
        var asked = Changes(fleet);

        var run = await fleet.Engine.RunDryAsync("migrate-vm", FleetUnderTest.Move(FleetUnderTest.Vm1, FleetUnderTest.Host2));

        Assert.Equal(RunStatus.Finished, run.Status);
        var steps = await fleet.Engine.StepsAsync(run.Id);
        Assert.Equal(["reserve", "turn", "prepare-networks", "pre-copy", "stop-and-copy", "commit", "activate", "tidy-networks"], steps.Where(s => s.WasLeftOut).Select(s => s.ActivityId));
        Assert.Equal("host1", (string?)steps.Single(s => s.ActivityId == "check").Outputs["FoundOn"]);
        Assert.Equal("DirtyPages", (string?)steps.Single(s => s.ActivityId == "pre-copy").Outputs["StoppedBy"]);
        var left = (await fleet.Engine.JournalAsync(run.Id)).Single(e => e.Event == JournalEvents.NotDone && e.NodeId!.EndsWith(":reserve", StringComparison.Ordinal));
        Assert.Equal(("vm1", "host1", "host2"), ((string?)left.Payload!["inputs"]!["Vm"], (string?)left.Payload["inputs"]!["Source"], (string?)left.Payload["inputs"]!["Destination"]));
        await NothingHappenedAsync(fleet, asked);
    }

    [Fact]
    public async Task A_dry_migration_that_would_be_refused_is_refused()
    {
        using var fleet = await FleetUnderTest.CreateAsync();
        var asked = Changes(fleet);
        fleet.Fleet.CrashGuest(FleetUnderTest.Host1, FleetUnderTest.Vm1);

        var run = await fleet.Engine.RunDryAsync("migrate-vm", FleetUnderTest.Move(FleetUnderTest.Vm1, FleetUnderTest.Host2));

        Assert.Equal(RunStatus.Compensated, run.Status);
        Assert.Contains("does not run", run.Reason, StringComparison.Ordinal);
        Assert.Empty(asked);
    }

    [Fact]
    public async Task Death_at_any_journal_point_of_a_dry_consolidation_leaves_a_fleet_that_nobody_touched()
    {
        for (var dieAt = 1; ; dieAt++)
        {
            using var fleet = await FleetUnderTest.CreateAsync();
            var asked = Changes(fleet);
            fleet.Engine.Probe.DieAt = dieAt;

            var run = await fleet.Engine.RunDryAsync("consolidate");

            Assert.Equal((dieAt, RunStatus.Finished), (dieAt, run.Status));
            await NothingHappenedAsync(fleet, asked);
            if (fleet.Engine.Probe.Deaths == 0)
            {
                Assert.True(dieAt > 10, $"Only {dieAt} journal points were seen.");
                return;
            }
        }
    }

    [Fact]
    public async Task No_activity_of_the_fleet_that_changes_anything_is_executed_in_a_dry_run()
    {
        var registry = ActivityRegistry.WithElsaActivities().AddFleetActivities();
        var changing = registry.Descriptors.Where(d => d.Kind is EffectKind.Changes or EffectKind.Irreversible).ToArray();
        Assert.True(changing.Length >= 9, $"Only {changing.Length} activities change anything.");
        foreach (var descriptor in changing)
        {
            // No service is there: whatever is executed fails.
            var engine = new EngineUnderTest(registry);
            (string, JsonNode?)[] inputs = [.. descriptor.Inputs.Where(i => i.Required).Select(i => (char.ToLowerInvariant(i.Name[0]) + i.Name[1..], (JsonNode?)Definition.Literal("7")))];
            _ = await engine.LoadAsync(Definition.Of("w", Definition.Sequence("s", Definition.Activity("it", descriptor.TypeName, inputs))));

            var run = await engine.RunDryAsync("w");

            Assert.Equal((descriptor.TypeName, RunStatus.Finished, null), (descriptor.TypeName, run.Status, run.Reason));
            Assert.True((await engine.StepsAsync(run.Id)).Single(s => s.ActivityId == "it").WasLeftOut);
        }
    }

    /// <summary>Every request to a host that would change it.</summary>
    private static ConcurrentQueue<string> Changes(FleetUnderTest fleet)
    {
        var asked = new ConcurrentQueue<string>();
        fleet.Fleet.Faults.OnOperation = (point, _) =>
        {
            if (point.Operation.Changes())
            {
                asked.Enqueue($"{point}");
            }

            return ValueTask.CompletedTask;
        };
        return asked;
    }

    private static async Task NothingHappenedAsync(FleetUnderTest fleet, ConcurrentQueue<string> asked)
    {
        Assert.Empty(asked);
        Assert.Equal("", await fleet.BrokenInvariantsAsync());
        Assert.Equal((FleetUnderTest.Host1, FleetUnderTest.Host1), (fleet.HomeOf(FleetUnderTest.Vm1), fleet.HomeOf(FleetUnderTest.Vm2)));
        Assert.All([FleetUnderTest.Host1, FleetUnderTest.Host2, FleetUnderTest.Host3], h => Assert.Equal(PowerState.On, fleet.Fleet.PowerOf(h)));
    }
}
