using Runbooks.Fleet.Model;
using Runbooks.Hypervisors.Contract;
using Runbooks.Workflows.Operations;
using Runbooks.Workflows.Runs;
using Runbooks.Workflows.Tests.Engine;

namespace Runbooks.Faults;

/// <summary>
/// Somebody cancels at every journal point of both shipped runbooks, and again at the next one. Either it is too late and
/// the run finishes, or it is undone; every VM runs once, and no lock, cordon or job is left over.
/// </summary>
public sealed class CancelTests
{
    [Theory]
    [InlineData("migrate-vm")]
    [InlineData("consolidate")]
    [InlineData("evacuate-host")]
    public async Task Cancelling_at_any_journal_point_leaves_nothing_over(string runbook)
    {
        int points;
        using (var undisturbed = await FleetUnderTest.CreateAsync())
        {
            Assert.Equal(RunStatus.Finished, (await CancelledAtAsync(undisturbed, runbook, int.MaxValue)).Status);
            points = undisturbed.Engine.Probe.Seen.Count;
        }

        Assert.True(points > 10, $"Only {points} journal points were seen.");
        var cancelled = 0;
        await Parallel.ForEachAsync(Enumerable.Range(1, points), new ParallelOptions { MaxDegreeOfParallelism = 6 }, async (at, unused) =>
        {
            using var fleet = await FleetUnderTest.CreateAsync();
            var run = await CancelledAtAsync(fleet, runbook, at);
            Assert.True(run.Status is RunStatus.Cancelled or RunStatus.Finished, $"cancelled at {at}: {run.Status}, {run.Reason}");
            var broken = await fleet.BrokenInvariantsAsync();
            Assert.True(broken.Length == 0, $"cancelled at {at}: {run.Status}, {run.Reason}: {broken}");
            var off = run.Status == RunStatus.Finished && runbook == "consolidate";
            Assert.Equal((at, off ? PowerState.Off : PowerState.On), (at, fleet.Fleet.PowerOf(FleetUnderTest.Host1)));
            _ = Interlocked.Add(ref cancelled, run.Status == RunStatus.Cancelled ? 1 : 0);
        });
        Assert.True(cancelled > points / 2, $"Only {cancelled} of {points} runs were cancelled.");
    }

    private static async Task<Run> CancelledAtAsync(FleetUnderTest fleet, string runbook, int at)
    {
        var id = await fleet.Engine.StartAsync(runbook, runbook switch { "consolidate" => null, "evacuate-host" => new() { ["Host"] = "host1" }, _ => FleetUnderTest.Move(FleetUnderTest.Vm1, FleetUnderTest.Host2) });
        var seen = 0;
        fleet.Engine.Probe.OnPoint = async reached =>
        {
            var point = Interlocked.Increment(ref seen);
            if (point == at || point == at + 1)
            {
                var order = new RunOrder(RunVerb.Cancel, point == at ? "anna" : "bert", "a test") { Key = point.ToString() };
                _ = await fleet.Engine.Store.SendAsync(order.ToStimulus(await fleet.Engine.FindAsync(id)), CancellationToken.None);
            }
        };
        await fleet.Engine.WorkAsync();
        return await fleet.Engine.FindAsync(id);
    }
}
