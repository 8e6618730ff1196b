using Runbooks.Workflows.Activities;
using Runbooks.Workflows.Execution;
using Runbooks.Workflows.Journal;
using Runbooks.Workflows.Runs;
using static Runbooks.Workflows.Tests.Engine.Definition;

namespace Runbooks.Workflows.Tests.Engine;

public sealed class DurabilityTests
{
    private readonly World world = new();

    [Fact]
    public async Task The_intent_is_in_the_store_before_the_effect_starts_and_the_outcome_is_not()
    {
        var engine = await EngineAsync(Of("w", Sequence("s", Mark("a"))));
        var seen = new List<EffectState>();
        var journaled = new List<string>();
        world.OnDo = (_, context) =>
        {
            var step = engine.StepsAsync(context.RunId).GetAwaiter().GetResult().Single(s => s.ActivityId == "a");
            seen.Add(step.Effect);
            journaled.AddRange(engine.JournalAsync(context.RunId).GetAwaiter().GetResult().Where(e => e.ExecutionNumber == step.Number).Select(e => e.Event));
            return null;
        };

        var run = await engine.RunAsync("w");

        Assert.Equal([EffectState.Intended], seen);
        Assert.Contains(JournalEvents.Intent, journaled);
        Assert.DoesNotContain(JournalEvents.Completed, journaled);
        Assert.Equal(RunStatus.Finished, run.Status);
    }

    [Fact]
    public async Task No_effect_starts_while_its_intent_is_still_being_written()
    {
        var engine = await EngineAsync(Of("w", Sequence("s", Mark("a"))));
        var started = new TaskCompletionSource();
        var early = false;
        world.OnDo = (_, _) =>
        {
            _ = started.TrySetResult();
            return null;
        };
        engine.Probe.OnPoint = async point =>
        {
            if (point == JournalPoint.BeforeCommit && !started.Task.IsCompleted)
            {
                // The write takes its time; an effect that did not wait for it would start meanwhile.
                early |= await Task.WhenAny(started.Task, Task.Delay(TimeSpan.FromMilliseconds(300))) == started.Task;
            }
        };

        var run = await engine.RunAsync("w");

        Assert.False(early);
        Assert.Equal(RunStatus.Finished, run.Status);
    }

    [Theory]
    [InlineData(false, null)]
    [InlineData(true, null)]
    [InlineData(false, 7)]
    [InlineData(true, 7)]
    public async Task A_worker_that_dies_at_any_point_changes_neither_the_end_nor_the_effects(bool fails, int? again)
    {
        var points = (await RunDyingAsync(fails, null, null)).Points;
        Assert.True(points > 10, $"Only {points} points were seen.");

        for (var dieAt = 1; dieAt <= points; dieAt++)
        {
            var (engine, _, run) = await RunDyingAsync(fails, dieAt, again);

            Assert.True(engine.Probe.Deaths > 0, $"No death at {dieAt}.");
            var where = $"after a death at point {dieAt}, {engine.Probe.Seen[dieAt - 1]}";
            Assert.True((fails ? RunStatus.Compensated : RunStatus.Finished) == run.Status, $"{run.Status} ({run.Reason}) {where}.");
            Assert.True(world.Marks.SequenceEqual(fails ? [] : ["a", "b", "c"], StringComparer.Ordinal), $"{string.Join(",", world.Marks)} {where}.");
            foreach (var name in (string[])["a", "b", "c"])
            {
                Assert.True(world.History.Count(h => h == $"do {name}") == 1, $"{string.Join("; ", world.History)} {where}.");
            }

            var journal = await engine.JournalAsync(run.Id);
            Assert.Equal(Enumerable.Range(1, journal.Count).Select(i => (long)i), journal.Select(e => e.Sequence));
        }
    }

    [Fact]
    public async Task An_effect_whose_answer_was_lost_is_found_done_and_not_repeated()
    {
        world.OnDo = (name, _) =>
        {
            world.Do(name);
            return new EffectResult.Unknown("The connection broke.");
        };
        var engine = await EngineAsync(Of("w", Sequence("s", Mark("a"))));

        var run = await engine.RunAsync("w");

        Assert.Equal(RunStatus.Finished, run.Status);
        Assert.Equal(["do a"], world.History);
    }

    [Fact]
    public async Task An_effect_that_throws_is_looked_for_before_anything_else_happens()
    {
        var calls = 0;
        world.OnDo = (_, _) => ++calls == 1 ? throw new IOException("Torn.") : null;
        var engine = await EngineAsync(Of("w", Sequence("s", Mark("a"))));

        var run = await engine.RunAsync("w");

        Assert.Equal(RunStatus.Finished, run.Status);
        Assert.Equal(2, calls);
        Assert.Equal(2, (await engine.StepsAsync(run.Id)).Single(s => s.ActivityId == "a").Attempt);
    }

    [Fact]
    public async Task What_nobody_can_tell_needs_a_person_and_is_never_taken_for_a_failure()
    {
        world.OnDo = (_, _) => new EffectResult.Unknown("The connection broke.");
        world.Blind = true;
        var engine = await EngineAsync(Of("w", Sequence("s", Mark("a"), Mark("b"))));

        var run = await engine.RunAsync("w");

        Assert.Equal(RunStatus.NeedsAttention, run.Status);
        Assert.Contains("It is dark.", run.Reason, StringComparison.Ordinal);
        var step = (await engine.StepsAsync(run.Id)).Single(s => s.ActivityId == "a");
        Assert.Equal(EffectState.Unknown, step.Effect);
        Assert.Equal(ActivityStatus.Running, step.Status);
    }

    [Fact]
    public async Task A_retry_looks_again_and_goes_on()
    {
        world.OnDo = (name, _) =>
        {
            if (name == "a")
            {
                world.Do(name);
                return new EffectResult.Unknown("The connection broke.");
            }

            return null;
        };
        world.Blind = true;
        var engine = await EngineAsync(Of("w", Sequence("s", Mark("a"), Mark("b"))));
        var run = await engine.RunAsync("w");
        world.Blind = false;

        _ = await engine.Store.SendAsync(new Stimulus("r", run.Id, StimulusKind.Retry, null, null, "operator", null), CancellationToken.None);
        await engine.WorkAsync();

        Assert.Equal(RunStatus.Finished, (await engine.FindAsync(run.Id)).Status);
        Assert.Equal(["do a", "do b"], world.History);
    }

    [Fact]
    public async Task A_frozen_worker_that_wakes_up_late_can_neither_write_nor_act()
    {
        var engine = await EngineAsync(Of("w", Sequence("s", Mark("a"), Mark("b"))));
        engine.Options.Lease = TimeSpan.FromDays(30);
        using var frozen = new ManualResetEventSlim();
        using var thaw = new ManualResetEventSlim();
        var refused = default(Exception);
        world.OnDo = (name, context) =>
        {
            if (context.Claim.Worker == "frozen" && name == "a")
            {
                frozen.Set();
                thaw.Wait();
                refused = Record.Exception(() => context.EnsureOwnedAsync().GetAwaiter().GetResult());
                throw refused!;
            }

            return null;
        };
        var id = await engine.StartAsync("w");
        var claim = await engine.Store.ClaimNextAsync("frozen", engine.Options.Lease, CancellationToken.None);
        var late = Task.Run(() => engine.Executor("frozen").ExecuteAsync(claim!, CancellationToken.None));
        frozen.Wait();
        engine.Clock.Skip(TimeSpan.FromDays(31));

        await engine.WorkAsync();
        thaw.Set();

        _ = await Assert.ThrowsAnyAsync<Exception>(() => late);
        _ = Assert.IsType<LeaseLostException>(refused);
        Assert.Equal(RunStatus.Finished, (await engine.FindAsync(id)).Status);
        Assert.Equal(["do a", "do b"], world.History);
    }

    [Fact]
    public async Task A_delay_passes_while_nobody_is_alive()
    {
        var engine = await EngineAsync(Of("w", Sequence("s", Activity("wait", "Elsa.Delay", ("timeSpan", Literal("2.00:00:00", "TimeSpan"))), Mark("a"))));
        var id = await engine.StartAsync("w");
        var claim = await engine.Store.ClaimNextAsync("worker-1", TimeSpan.FromSeconds(30), CancellationToken.None);
        await engine.Executor("worker-1").ExecuteAsync(claim!, CancellationToken.None);
        Assert.Empty(world.Marks);

        engine.Clock.Skip(TimeSpan.FromDays(2));
        await engine.WorkAsync();

        Assert.Equal(RunStatus.Finished, (await engine.FindAsync(id)).Status);
        Assert.Equal(["a"], world.Marks);
    }

    [Fact]
    public async Task Ten_starts_with_one_key_are_one_run()
    {
        var engine = await EngineAsync(Of("w", Sequence("s", Mark("a"))));

        var ids = await Task.WhenAll(Enumerable.Range(0, 10).Select(_ => engine.StartAsync("w", key: "event:42")));
        await engine.WorkAsync();

        Assert.Single(ids.Distinct());
        Assert.Equal(["do a"], world.History);
    }

    private async Task<(EngineUnderTest Engine, int Points, Run Run)> RunDyingAsync(bool fails, int? dieAt, int? again)
    {
        world.Reset();
        var activities = new List<System.Text.Json.Nodes.JsonObject> { Mark("a"), Mark("b"), Mark("c") };
        if (fails)
        {
            activities.Add(Fault("stop"));
        }

        var engine = await EngineAsync(Of("w", Sequence("s", [.. activities])));
        engine.Probe.DieAt = dieAt;
        engine.Probe.DieAgainEvery = again;
        var run = await engine.RunAsync("w");
        return (engine, engine.Probe.Seen.Count, run);
    }

    private Task<EngineUnderTest> EngineAsync(params string[] definitions) => new EngineUnderTest(World.Registry()).With(world).LoadAsync(definitions);
}
