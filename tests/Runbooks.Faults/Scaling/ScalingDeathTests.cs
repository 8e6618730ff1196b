using Runbooks.Hypervisors.Simulated;
using Runbooks.Workflows.Operations;
using Runbooks.Workflows.Runs;

namespace Runbooks.Faults.Scaling;

/// <summary>
/// The process dies, or somebody cancels, at every point of a scaling, on the way forward and on the way back. Each time the VM
/// ends with its new size or its old one, and nobody holds it any more.
/// </summary>
public sealed class ScalingDeathTests
{
    /// <summary>A scaling, the trouble that it meets, and how it ends.</summary>
    public sealed record Scenario(string Name, int? Vcpus, int? MemoryMiB, RunStatus End, bool IsMoved, int EndVcpus, int EndMiB, Action<SimulatedFleet> Prepare)
    {
        public override string ToString() => Name;
    }

    private static readonly Scenario[] All =
    [
        new("it grows", 4, 4096, RunStatus.Finished, false, 4, 4096, _ => { }),
        new("it becomes smaller", 1, 1536, RunStatus.Finished, false, 1, 1536, _ => { }),
        new("the guest keeps its memory", 4, 1536, RunStatus.Compensated, false, 2, 2048, f => f.SetHabits(ScaledFleet.Vm, new GuestHabits(UsedMiB: 800, KeepsMiB: 1700))),
        new("it is moved first", 4, 12_288, RunStatus.Finished, true, 4, 12_288, _ => { }),
        new("it is moved first and gets no memory", 4, 12_288, RunStatus.Compensated, true, 2, 2048, f => ScaledFleet.Refuse(f, SimulatedOperation.SetMemory)),
        new("an unplug is followed and not noticed", 1, null, RunStatus.Finished, false, 1, 2048, f => f.SetHabits(ScaledFleet.Vm, new GuestHabits(UnplugHabit.Unnoticed))),
    ];

    public static TheoryData<int> Scenarios => [.. Enumerable.Range(0, All.Length)];

    private static ParallelOptions SideBySide => new() { MaxDegreeOfParallelism = 6 };

    [Theory]
    [MemberData(nameof(Scenarios))]
    public async Task Death_at_any_journal_point_changes_nothing_about_the_end(int index)
    {
        var scenario = All[index];
        int points;
        using (var undisturbed = await ScaledFleet.CreateAsync(scenario.Prepare))
        {
            await FinishAsync(undisturbed, scenario, "undisturbed");
            points = undisturbed.Under.Engine.Probe.Seen.Count;
        }

        Assert.True(points > 10, $"Only {points} journal points were seen.");
        await Parallel.ForEachAsync(Enumerable.Range(1, points), SideBySide, async (dieAt, unused) =>
        {
            using var fleet = await ScaledFleet.CreateAsync(scenario.Prepare);
            fleet.Under.Engine.Probe.DieAt = dieAt;
            await FinishAsync(fleet, scenario, $"death at journal point {dieAt}");
        });
    }

    [Theory]
    [MemberData(nameof(Scenarios))]
    public async Task Death_before_or_after_any_request_that_changes_a_size_changes_nothing_about_the_end(int index)
    {
        var scenario = All[index];
        var points = 0;
        using (var undisturbed = await ScaledFleet.CreateAsync(scenario.Prepare))
        {
            undisturbed.World.Faults.OnOperation = (point, _) =>
            {
                points += ScaledFleet.Changes(point.Operation) ? 1 : 0;
                return ValueTask.CompletedTask;
            };
            await FinishAsync(undisturbed, scenario, "undisturbed");
        }

        Assert.True(points > 1, $"Only {points} points were seen.");
        var kills = 0;
        await Parallel.ForEachAsync(Enumerable.Range(1, points), SideBySide, async (dieAt, unused) =>
        {
            using var fleet = await ScaledFleet.CreateAsync(scenario.Prepare);
            var passed = 0;
            fleet.World.Faults.OnOperation = async (at, unheard) =>
            {
                if (ScaledFleet.Changes(at.Operation) && Interlocked.Increment(ref passed) == dieAt)
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

    [Theory]
    [InlineData(FaultEffect.DoThenUnknown)]
    [InlineData(FaultEffect.SkipThenUnknown)]
    [InlineData(FaultEffect.FailBefore)]
    public async Task A_lost_answer_to_any_request_is_found_out_by_looking(FaultEffect effect)
    {
        var lost = from index in new[] { 0, 1, 3 } from operation in new[] { SimulatedOperation.SetVcpus, SimulatedOperation.SetMemory, SimulatedOperation.ObserveSize } from skip in new[] { 0, 1 } select (All[index], operation, skip);
        await Parallel.ForEachAsync(lost.Where(l => effect != FaultEffect.FailBefore || l.operation == SimulatedOperation.ObserveSize), SideBySide, async (one, unused) =>
        {
            var (scenario, operation, skip) = one;
            using var fleet = await ScaledFleet.CreateAsync(scenario.Prepare);
            fleet.World.Faults.Add(new OperationFault(effect, operation, Skip: operation == SimulatedOperation.ObserveSize ? skip + 2 : skip, Vm: ScaledFleet.Vm));
            var run = await fleet.ScaleAsync(scenario.Vcpus, scenario.MemoryMiB);

            // A look that fails may end a step that has changed nothing; nothing else may become of it.
            var isDone = run.Status == RunStatus.Finished;
            Assert.True(isDone || (operation == SimulatedOperation.ObserveSize && run.Status == RunStatus.Compensated), $"{one}: {run.Status}, {run.Reason}");
            Assert.Equal((one, ""), (one, await fleet.BrokenAsync(fleet.Home, isDone ? scenario.EndVcpus : 2, isDone ? scenario.EndMiB : 2048)));
        });
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public async Task Cancelling_at_any_journal_point_leaves_the_new_size_or_the_old_one(int index)
    {
        var scenario = All[index];
        int points;
        using (var undisturbed = await ScaledFleet.CreateAsync())
        {
            Assert.Equal(RunStatus.Finished, (await CancelledAtAsync(undisturbed, scenario, int.MaxValue)).Status);
            points = undisturbed.Under.Engine.Probe.Seen.Count;
        }

        var cancelled = 0;
        await Parallel.ForEachAsync(Enumerable.Range(1, points), SideBySide, async (at, unused) =>
        {
            using var fleet = await ScaledFleet.CreateAsync();
            var run = await CancelledAtAsync(fleet, scenario, at);
            var isDone = run.Status == RunStatus.Finished;
            Assert.True(isDone || run.Status == RunStatus.Cancelled, $"cancelled at {at}: {run.Status}, {run.Reason}");
            Assert.Equal((at, ""), (at, await fleet.BrokenAsync(FleetUnderTest.Host1, isDone ? scenario.EndVcpus : 2, isDone ? scenario.EndMiB : 2048)));
            _ = Interlocked.Add(ref cancelled, isDone ? 0 : 1);
        });
        Assert.True(cancelled > points / 2, $"Only {cancelled} of {points} runs were cancelled.");
    }

    private static async Task<Run> CancelledAtAsync(ScaledFleet fleet, Scenario scenario, int at)
    {
        var engine = fleet.Under.Engine;
        var id = await engine.StartAsync("scale-vm", ScaledFleet.Wish(scenario.Vcpus, scenario.MemoryMiB));
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

    private static async Task FinishAsync(ScaledFleet fleet, Scenario scenario, string how)
    {
        var run = await fleet.ScaleAsync(scenario.Vcpus, scenario.MemoryMiB);

        Assert.True(scenario.End == run.Status, $"{scenario}, {how}: {run.Status}, {run.Reason}");
        Assert.Equal((how, scenario.IsMoved), (how, fleet.Home != FleetUnderTest.Host1));
        Assert.Equal((how, ""), (how, await fleet.BrokenAsync(fleet.Home, scenario.EndVcpus, scenario.EndMiB)));
    }
}
