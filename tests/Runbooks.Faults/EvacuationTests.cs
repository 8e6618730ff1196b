using System.Text.Json.Nodes;
using Runbooks.Fleet.Migrations.Turns;
using Runbooks.Fleet.Model;
using Runbooks.Hypervisors.Simulated;
using Runbooks.Workflows.Journal;
using Runbooks.Workflows.Runs;
using Runbooks.Workflows.Tests.Engine;

namespace Runbooks.Faults;

/// <summary>A host is emptied: all that can leave leaves, whatever becomes of one of them.</summary>
public sealed class EvacuationTests
{
    [Fact]
    public async Task All_vms_leave_and_the_host_takes_vms_again()
    {
        using var fleet = await FleetUnderTest.CreateAsync();

        var run = await EvacuateAsync(fleet);

        Assert.Equal((RunStatus.Finished, ""), (run.Status, await fleet.BrokenInvariantsAsync()));
        Assert.Equal(["vm1", "vm2"], Vms(run, "Moved"));
        Assert.Empty(Vms(run, "NotMoved"));
        Assert.NotEqual(FleetUnderTest.Host1, fleet.HomeOf(FleetUnderTest.Vm1));
        Assert.NotEqual(FleetUnderTest.Host1, fleet.HomeOf(FleetUnderTest.Vm2));
    }

    [Fact]
    public async Task A_vm_whose_move_fails_stays_with_its_reason_and_the_others_go()
    {
        using var fleet = await FleetUnderTest.CreateAsync();
        fleet.Fleet.Faults.Add(new MigrationFault(MigrationMishap.DestinationGuestDies, FleetUnderTest.Vm1));

        var run = await EvacuateAsync(fleet);

        Assert.Equal((RunStatus.Finished, ""), (run.Status, await fleet.BrokenInvariantsAsync()));
        Assert.Equal(["vm2"], Vms(run, "Moved"));
        Assert.Equal(["vm1"], Vms(run, "NotMoved"));
        Assert.Contains("ended without moving it", run.Output["NotMoved"]![0]!["reason"]!.ToString(), StringComparison.Ordinal);
        Assert.Equal(FleetUnderTest.Host1, fleet.HomeOf(FleetUnderTest.Vm1));
    }

    [Fact]
    public async Task A_vm_that_may_go_nowhere_is_named_with_its_reason()
    {
        using var fleet = await FleetUnderTest.CreateAsync();
        fleet.Fleet.Pause(FleetUnderTest.Host1, FleetUnderTest.Vm2);

        var run = await EvacuateAsync(fleet);

        Assert.Equal((RunStatus.Finished, "vm1", "vm2"), (run.Status, Assert.Single(Vms(run, "Moved")), Assert.Single(Vms(run, "NotMoved"))));
        Assert.Contains("only running VMs are moved", run.Output["NotMoved"]![0]!["reason"]!.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Vms_go_only_where_they_may()
    {
        using var fleet = await FleetUnderTest.CreateAsync();

        var run = await EvacuateAsync(fleet, ("Destinations", " host3 ,"));

        Assert.Equal(RunStatus.Finished, run.Status);
        Assert.Equal((FleetUnderTest.Host3, FleetUnderTest.Host3), (fleet.HomeOf(FleetUnderTest.Vm1), fleet.HomeOf(FleetUnderTest.Vm2)));
    }

    [Fact]
    public async Task A_destination_that_is_none_is_refused_before_anything_moves()
    {
        using var fleet = await FleetUnderTest.CreateAsync();

        var run = await EvacuateAsync(fleet, ("Destinations", "host3, elsewhere"));

        Assert.Equal((RunStatus.Compensated, ""), (run.Status, await fleet.BrokenInvariantsAsync()));
        Assert.Contains("'elsewhere' is not a host of this fleet", run.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_host_stays_cordoned_when_that_is_wanted_until_the_run_is_undone()
    {
        using var fleet = await FleetUnderTest.CreateAsync();

        var run = await EvacuateAsync(fleet, ("KeepCordoned", true));
        var mode = Assert.Single(await fleet.Modes.ListAsync(CancellationToken.None));
        Assert.Equal((FleetUnderTest.Host1, HostMode.Cordoned), (mode.Host, mode.Mode));

        _ = await fleet.Engine.Store.SendAsync(new Stimulus("undo", run.Id, StimulusKind.Compensate, null, null, "anna", "done"), CancellationToken.None);
        await fleet.Engine.WorkAsync();

        Assert.Equal((RunStatus.Compensated, ""), ((await fleet.Engine.FindAsync(run.Id)).Status, await fleet.BrokenInvariantsAsync()));
        Assert.NotEqual(FleetUnderTest.Host1, fleet.HomeOf(FleetUnderTest.Vm1));
    }

    [Fact]
    public async Task A_dry_run_changes_nothing()
    {
        using var fleet = await FleetUnderTest.CreateAsync();

        var run = await fleet.Engine.RunDryAsync("evacuate-host", new JsonObject { ["Host"] = "host1" });

        Assert.Equal((RunStatus.Finished, null), (run.Status, run.Reason));
        Assert.Equal(["vm1", "vm2"], Vms(run, "Moved"));
        Assert.Equal((FleetUnderTest.Host1, FleetUnderTest.Host1, ""), (fleet.HomeOf(FleetUnderTest.Vm1), fleet.HomeOf(FleetUnderTest.Vm2), await fleet.BrokenInvariantsAsync()));
        Assert.Empty(await fleet.Turns.ListAsync(CancellationToken.None));
    }

    /// <summary>One at a time may leave, so that both ways of a turn, had at once and waited for, are met by death.</summary>
    [Fact]
    public async Task Death_at_any_journal_point_changes_nothing_about_the_end()
    {
        var limits = new TurnLimits { PerHostOut = 1 };
        int points;
        using (var undisturbed = await FleetUnderTest.CreateAsync(limits))
        {
            _ = await EvacuateAsync(undisturbed);
            points = undisturbed.Engine.Probe.Seen.Count;
        }

        Assert.True(points > 40, $"Only {points} journal points were seen.");
        await Parallel.ForEachAsync(Enumerable.Range(1, points), new ParallelOptions { MaxDegreeOfParallelism = 6 }, async (dieAt, unused) =>
        {
            using var fleet = await FleetUnderTest.CreateAsync(limits);
            fleet.Engine.Probe.DieAt = dieAt;
            var run = await EvacuateAsync(fleet);
            Assert.Equal((dieAt, RunStatus.Finished, ""), (dieAt, run.Status, await fleet.BrokenInvariantsAsync()));
            Assert.Equal((dieAt, "vm1 vm2"), (dieAt, string.Join(' ', Vms(run, "Moved"))));
        });
    }

    private static Task<Run> EvacuateAsync(FleetUnderTest fleet, params (string Name, JsonNode Value)[] inputs)
    {
        var all = new JsonObject { ["Host"] = "host1" };
        foreach (var (name, value) in inputs)
        {
            all[name] = value;
        }

        return fleet.Engine.RunAsync("evacuate-host", all);
    }

    private static string[] Vms(Run run, string output) =>
        [.. run.Output[output]!.AsArray().Select(m => m!["vm"]!.ToString()).Order(StringComparer.Ordinal)];
}
