using Runbooks.Hypervisors.Contract;
using Runbooks.Hypervisors.Simulated;
using Runbooks.Workflows.Operations;
using Runbooks.Workflows.Runs;

namespace Runbooks.Faults.Conversion;

/// <summary>
/// The process dies, an answer is lost, or somebody cancels, at every point of a conversion, on the way forward and on the way
/// back. Each time the VM runs under its new hypervisor or is as it was, and nothing is left over.
/// </summary>
public sealed class ConversionDeathTests
{
    /// <summary>A conversion, the trouble that it meets, and how it ends.</summary>
    internal sealed record Scenario(string Name, RunStatus End, ConvertedFleet.Options Options)
    {
        public bool IsConverted => End == RunStatus.Finished;

        public override string ToString() => Name;
    }

    private static readonly Scenario[] All =
    [
        new("a VM that is off", RunStatus.Finished, new()),
        new("a VM that runs", RunStatus.Finished, new() { IsRunning = true, DeleteSourceDisks = true }),
        new("its guest does not boot", RunStatus.Compensated, new() { IsRunning = true, Answer = GuestAnswer.Silent, CpuLoad = 0 }),
        new("its guest neither boots nor shuts down", RunStatus.Compensated, new() { Answer = GuestAnswer.Silent, CpuLoad = 0, Trouble = f => f.Faults.Add(new OperationFault(FaultEffect.FailBefore, SimulatedOperation.ShutDown, ConvertedFleet.Xen, Count: 1000, Kind: FaultKind.Refused)) }),
        new("back from Xen", RunStatus.Finished, new() { Home = ConvertedFleet.Xen, Disk = "/guests/old.img", Format = "raw", Answer = GuestAnswer.NoAgent }),
        new("on shared storage", RunStatus.Finished, new() { IsRunning = true, Disk = "/shared/old.img", Format = "raw", IsShared = true }),
        new("it is not started", RunStatus.Compensated, new() { Trouble = f => f.Faults.Add(new OperationFault(FaultEffect.FailBefore, SimulatedOperation.Start, ConvertedFleet.Xen, Count: 1000, Kind: FaultKind.Refused)) }),
        new("it is not defined", RunStatus.Compensated, new() { IsRunning = true, Trouble = f => f.Faults.Add(new OperationFault(FaultEffect.FailBefore, SimulatedOperation.Define, Count: 1000, Kind: FaultKind.Refused)) }),
    ];

    public static TheoryData<int> Scenarios => [.. Enumerable.Range(0, All.Length)];

    private static ParallelOptions SideBySide => new() { MaxDegreeOfParallelism = 6 };

    [Theory]
    [MemberData(nameof(Scenarios))]
    public async Task Death_at_any_journal_point_changes_nothing_about_the_end(int index)
    {
        var scenario = All[index];
        int points;
        using (var undisturbed = await ConvertedFleet.CreateAsync(scenario.Options))
        {
            await FinishAsync(undisturbed, scenario, "undisturbed");
            points = undisturbed.Under.Engine.Probe.Seen.Count;
        }

        Assert.True(points > 20, $"Only {points} journal points were seen.");
        await Parallel.ForEachAsync(Enumerable.Range(1, points), SideBySide, async (dieAt, unused) =>
        {
            using var fleet = await ConvertedFleet.CreateAsync(scenario.Options);
            fleet.Under.Engine.Probe.DieAt = dieAt;
            await FinishAsync(fleet, scenario, $"death at journal point {dieAt}");
        });
    }

    [Theory]
    [MemberData(nameof(Scenarios))]
    public async Task Death_before_or_after_any_request_that_changes_a_host_changes_nothing_about_the_end(int index)
    {
        var scenario = All[index];
        var points = 0;
        using (var undisturbed = await ConvertedFleet.CreateAsync(scenario.Options))
        {
            undisturbed.World.Faults.OnOperation = (point, _) =>
            {
                points += point.Operation.Changes() ? 1 : 0;
                return ValueTask.CompletedTask;
            };
            await FinishAsync(undisturbed, scenario, "undisturbed");
        }

        Assert.True(points > 6, $"Only {points} points were seen.");
        var kills = 0;
        await Parallel.ForEachAsync(Enumerable.Range(1, points), SideBySide, async (dieAt, unused) =>
        {
            using var fleet = await ConvertedFleet.CreateAsync(scenario.Options);
            var passed = 0;
            fleet.World.Faults.OnOperation = async (at, unheard) =>
            {
                if (at.Operation.Changes() && Interlocked.Increment(ref passed) == dieAt)
                {
                    var process = fleet.Under.Engine.Process;
                    fleet.Under.Engine.Kill();
                    _ = Interlocked.Increment(ref kills);
                    await Task.Delay(Timeout.InfiniteTimeSpan, process);
                }
            };
            await FinishAsync(fleet, scenario, $"death at request {dieAt}");
        });
        Assert.Equal(points, kills);
    }

    /// <summary>Every request of a conversion, of those that change a host and those that only look, in turn.</summary>
    [Theory]
    [InlineData(FaultEffect.DoThenUnknown, 1)]
    [InlineData(FaultEffect.SkipThenUnknown, 1)]
    [InlineData(FaultEffect.FailBefore, 1)]
    [InlineData(FaultEffect.DoThenUnknown, 2)]
    [InlineData(FaultEffect.SkipThenUnknown, 2)]
    public async Task A_lost_answer_to_any_request_is_found_out_by_looking(FaultEffect effect, int index)
    {
        var scenario = All[index];
        var requests = new List<SimulatedOperation>();
        using (var undisturbed = await ConvertedFleet.CreateAsync(scenario.Options))
        {
            undisturbed.World.Faults.OnOperation = (point, _) =>
            {
                if (point.Phase == OperationPhase.Before)
                {
                    lock (requests)
                    {
                        requests.Add(point.Operation);
                    }
                }

                return ValueTask.CompletedTask;
            };
            await FinishAsync(undisturbed, scenario, "undisturbed");
        }

        var lost = requests.GroupBy(o => o).SelectMany(g => Enumerable.Range(0, Math.Min(g.Count(), 12)).Select(skip => (Operation: g.Key, Skip: skip))).ToArray();
        await Parallel.ForEachAsync(lost, SideBySide, async (one, unused) =>
        {
            using var fleet = await ConvertedFleet.CreateAsync(scenario.Options);
            fleet.World.Faults.Add(new OperationFault(effect, one.Operation, Skip: one.Skip));
            var run = await fleet.ConvertAsync();

            // A look that fails may end a step that has changed nothing; nothing else may become of it.
            Assert.True(run.Status is RunStatus.Finished or RunStatus.Compensated && (run.Status == scenario.End || !scenario.IsConverted || !one.Operation.Changes() || effect == FaultEffect.FailBefore), $"{one}: {run.Status}, {run.Reason}");
            Assert.Equal((one, ""), (one, await fleet.BrokenAsync(run.Status == RunStatus.Finished)));
        });
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public async Task Cancelling_at_any_journal_point_leaves_a_VM_that_is_converted_or_as_it_was(int index)
    {
        var scenario = All[index];
        int points;
        using (var undisturbed = await ConvertedFleet.CreateAsync(scenario.Options))
        {
            Assert.Equal(RunStatus.Finished, (await CancelledAtAsync(undisturbed, int.MaxValue)).Status);
            points = undisturbed.Under.Engine.Probe.Seen.Count;
        }

        var cancelled = 0;
        await Parallel.ForEachAsync(Enumerable.Range(1, points), SideBySide, async (at, unused) =>
        {
            using var fleet = await ConvertedFleet.CreateAsync(scenario.Options);
            var run = await CancelledAtAsync(fleet, at);
            var isDone = run.Status == RunStatus.Finished || fleet.World.CopiesOf(ConvertedFleet.Vm) is [{ } only] && only.Host == fleet.Destination;
            Assert.True(run.Status is RunStatus.Finished or RunStatus.Cancelled, $"cancelled at {at}: {run.Status}, {run.Reason}");
            Assert.Equal((at, ""), (at, await fleet.BrokenAsync(isDone)));
            _ = Interlocked.Add(ref cancelled, isDone ? 0 : 1);
        });
        Assert.True(cancelled > points / 2, $"Only {cancelled} of {points} runs were cancelled.");
    }

    private static async Task<Run> CancelledAtAsync(ConvertedFleet fleet, int at)
    {
        var engine = fleet.Under.Engine;
        var id = await engine.StartAsync("convert-vm", fleet.Input);
        var seen = 0;
        engine.Probe.OnPoint = async reached =>
        {
            if (Interlocked.Increment(ref seen) == at)
            {
                _ = await engine.Store.SendAsync(new RunOrder(RunVerb.Cancel, "anna", "a test") { Key = "once" }.ToStimulus(await engine.FindAsync(id)), CancellationToken.None);
            }
        };
        await engine.WorkAsync();
        return await engine.FindAsync(id);
    }

    private static async Task FinishAsync(ConvertedFleet fleet, Scenario scenario, string how)
    {
        var run = await fleet.ConvertAsync();

        Assert.True(scenario.End == run.Status, $"{scenario}, {how}: {run.Status}, {run.Reason}");
        Assert.Equal((how, ""), (how, await fleet.BrokenAsync(scenario.IsConverted)));
    }
}
