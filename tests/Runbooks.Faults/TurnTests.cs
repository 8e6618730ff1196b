using System.Text.Json.Nodes;
using Runbooks.Fleet.Migrations.Turns;
using Runbooks.Fleet.Model;
using Runbooks.Hypervisors.Simulated;
using Runbooks.Workflows.Journal;
using Runbooks.Workflows.Operations;
using Runbooks.Workflows.Runs;
using Runbooks.Workflows.Tests.Engine;

namespace Runbooks.Faults;

/// <summary>Several migrations of which one at a time may run: limits hold, nobody is forgotten, and nothing is left over.</summary>
public sealed class TurnTests
{
    private static readonly TurnLimits OneAtATime = new() { PerHostOut = 1 };

    [Fact]
    public async Task Two_vms_leave_a_host_one_after_the_other_when_one_at_once_may()
    {
        using var fleet = await FleetUnderTest.CreateAsync(OneAtATime);
        var most = Watch(fleet);

        var (first, second) = await MoveBothAsync(fleet);

        Assert.Equal((RunStatus.Finished, RunStatus.Finished, ""), (first.Status, second.Status, await fleet.BrokenInvariantsAsync()));
        Assert.Equal((FleetUnderTest.Host2, FleetUnderTest.Host2), (fleet.HomeOf(FleetUnderTest.Vm1), fleet.HomeOf(FleetUnderTest.Vm2)));
        Assert.Equal(1, most());
        Assert.Empty(await fleet.Turns.ListAsync(CancellationToken.None));
    }

    [Fact]
    public async Task Nobody_waits_when_two_at_once_may()
    {
        using var fleet = await FleetUnderTest.CreateAsync();

        var (first, second) = await MoveBothAsync(fleet);

        foreach (var run in new[] { first, second })
        {
            Assert.Equal(RunStatus.Finished, run.Status);
            Assert.DoesNotContain(await fleet.Engine.JournalAsync(run.Id), e => e.Event == JournalEvents.Suspended);
        }
    }

    [Fact]
    public async Task Death_at_any_journal_point_of_two_that_wait_for_each_other_changes_nothing_about_the_end()
    {
        int points;
        using (var undisturbed = await FleetUnderTest.CreateAsync(OneAtATime))
        {
            _ = await MoveBothAsync(undisturbed);
            points = undisturbed.Engine.Probe.Seen.Count;
        }

        Assert.True(points > 20, $"Only {points} journal points were seen.");
        await Parallel.ForEachAsync(Enumerable.Range(1, points), new ParallelOptions { MaxDegreeOfParallelism = 6 }, async (dieAt, unused) =>
        {
            using var fleet = await FleetUnderTest.CreateAsync(OneAtATime);
            fleet.Engine.Probe.DieAt = dieAt;
            var most = Watch(fleet);
            var (first, second) = await MoveBothAsync(fleet);
            Assert.Equal((dieAt, RunStatus.Finished, RunStatus.Finished, ""), (dieAt, first.Status, second.Status, await fleet.BrokenInvariantsAsync()));
            Assert.Equal((dieAt, 1), (dieAt, most()));
        });
    }

    [Fact]
    public async Task A_migration_that_fails_gives_its_turn_back()
    {
        using var fleet = await FleetUnderTest.CreateAsync(OneAtATime);
        fleet.Fleet.Faults.Add(new MigrationFault(MigrationMishap.DestinationGuestDies, FleetUnderTest.Vm1));

        var (first, second) = await MoveBothAsync(fleet);

        Assert.Equal((RunStatus.Compensated, RunStatus.Finished, ""), (first.Status, second.Status, await fleet.BrokenInvariantsAsync()));
    }

    [Fact]
    public async Task The_turn_of_a_run_that_is_gone_is_taken_from_it()
    {
        using var fleet = await FleetUnderTest.CreateAsync(OneAtATime);
        var gone = new TurnWish(new VmName("vm9"), new RunId(Guid.CreateVersion7()).ToString(), FleetUnderTest.Host1, FleetUnderTest.Host3, "default", []);
        _ = await fleet.Turns.AskAsync(gone, CancellationToken.None);

        var run = await fleet.MigrateAsync(FleetUnderTest.Vm1, FleetUnderTest.Host2);

        Assert.Equal((RunStatus.Finished, ""), (run.Status, await fleet.BrokenInvariantsAsync()));
    }

    [Fact]
    public async Task Who_waits_longer_than_it_may_says_for_what_and_leaves_nothing_over()
    {
        using var fleet = await FleetUnderTest.CreateAsync(OneAtATime);
        var shipped = JsonNode.Parse(await File.ReadAllTextAsync(Path.Combine(AppContext.BaseDirectory, "workflows", "migrate-vm.json")))!;
        shipped["root"]!["activities"]!.AsArray().Single(a => a!["id"]!.ToString() == "turn")!["longestWait"] = JsonNode.Parse("""{ "typeName": "TimeSpan", "expression": { "type": "Literal", "value": "00:01:00" } }""");
        _ = await fleet.Engine.LoadAsync(shipped.ToJsonString());

        // Held by somebody who is no run, so that nobody can tell that he is gone.
        var stranger = new TurnWish(new VmName("vm9"), "somebody", FleetUnderTest.Host1, FleetUnderTest.Host3, "default", []);
        _ = await fleet.Turns.AskAsync(stranger, CancellationToken.None);

        var run = await fleet.MigrateAsync(FleetUnderTest.Vm1, FleetUnderTest.Host2);

        Assert.Equal(RunStatus.Compensated, run.Status);
        Assert.Contains("vm9 leave host1, and 1 at once may", run.Reason, StringComparison.Ordinal);
        _ = await fleet.Turns.ReleaseAsync(stranger.Vm, stranger.Holder, CancellationToken.None);
        Assert.Equal("", await fleet.BrokenInvariantsAsync());
        Assert.Empty(await fleet.Turns.ListAsync(CancellationToken.None));
    }

    [Fact]
    public async Task Cancelling_who_waits_ends_it_and_holds_up_nobody()
    {
        using var fleet = await FleetUnderTest.CreateAsync(OneAtATime);
        var stranger = new TurnWish(new VmName("vm9"), "somebody", FleetUnderTest.Host1, FleetUnderTest.Host3, "default", []);
        _ = await fleet.Turns.AskAsync(stranger, CancellationToken.None);
        var id = await fleet.Engine.StartAsync("migrate-vm", FleetUnderTest.Move(FleetUnderTest.Vm1, FleetUnderTest.Host2));
        var claim = await fleet.Engine.Store.ClaimNextAsync("worker-1", TimeSpan.FromHours(1), [], CancellationToken.None);
        await fleet.Engine.Executor("worker-1").ExecuteAsync(claim!, CancellationToken.None);
        Assert.Equal("Waits for its turn: vm9 leave host1, and 1 at once may.", (await fleet.Engine.FindAsync(id)).Reason);

        var order = new RunOrder(RunVerb.Cancel, "anna", "a test");
        _ = await fleet.Engine.Store.SendAsync(order.ToStimulus(await fleet.Engine.FindAsync(id)), CancellationToken.None);
        await fleet.Engine.WorkAsync();
        var run = await fleet.Engine.FindAsync(id);

        _ = await fleet.Turns.ReleaseAsync(stranger.Vm, stranger.Holder, CancellationToken.None);
        Assert.Equal((RunStatus.Cancelled, ""), (run.Status, await fleet.BrokenInvariantsAsync()));
        Assert.Equal(RunStatus.Finished, (await fleet.MigrateAsync(FleetUnderTest.Vm2, FleetUnderTest.Host2)).Status);
    }

    private static async Task<(Run First, Run Second)> MoveBothAsync(FleetUnderTest fleet)
    {
        var first = await fleet.Engine.StartAsync("migrate-vm", FleetUnderTest.Move(FleetUnderTest.Vm1, FleetUnderTest.Host2));
        var second = await fleet.Engine.StartAsync("migrate-vm", FleetUnderTest.Move(FleetUnderTest.Vm2, FleetUnderTest.Host2));
        await fleet.Engine.WorkAsync();
        return (await fleet.Engine.FindAsync(first), await fleet.Engine.FindAsync(second));
    }

    /// <summary>Counts the jobs under way at each request to a host; tells the most that there were.</summary>
    private static Func<int> Watch(FleetUnderTest fleet)
    {
        var most = 0;
        fleet.Fleet.Faults.OnOperation = (_, _) =>
        {
            lock (fleet)
            {
                most = Math.Max(most, fleet.Fleet.MigratingVms.Count);
            }

            return ValueTask.CompletedTask;
        };
        return () => most;
    }
}
