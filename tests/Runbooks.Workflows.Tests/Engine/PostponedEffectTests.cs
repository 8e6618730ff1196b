using Runbooks.Workflows.Activities;
using Runbooks.Workflows.Events;
using Runbooks.Workflows.Journal;
using Runbooks.Workflows.Operations;
using Runbooks.Workflows.Runs;
using static Runbooks.Workflows.Tests.Engine.Definition;

namespace Runbooks.Workflows.Tests.Engine;

/// <summary>Effects that can't happen yet: the run waits without a worker and starts them again.</summary>
public sealed class PostponedEffectTests
{
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(30);

    private readonly World world = new();

    [Fact]
    public async Task An_effect_that_is_put_off_is_started_again_after_its_time_with_one_intent()
    {
        var asked = PutOff("a", times: 3);
        var engine = await EngineAsync();

        var run = await engine.RunAsync("w");

        Assert.Equal((RunStatus.Finished, 4), (run.Status, asked()));
        Assert.Equal(["a", "before"], world.Marks);
        var own = (await engine.JournalAsync(run.Id)).Where(e => e.NodeId == "Workflow1:s:a").Select(e => e.Event).ToArray();
        Assert.Equal((1, 1, 1), (own.Count(e => e == JournalEvents.Intent), own.Count(e => e == JournalEvents.Suspended), own.Count(e => e == JournalEvents.Resumed)));
        Assert.True(run.FinishedAt - run.CreatedAt >= 3 * Pause);
    }

    [Fact]
    public async Task A_try_that_is_put_off_again_writes_nothing_into_the_history()
    {
        _ = PutOff("a", times: 6);
        var engine = await EngineAsync();
        var id = await WaitingAsync(engine);
        var entries = (await engine.JournalAsync(id)).Count;
        Assert.InRange(await DispatchAsync(engine), 1, 10);
        var first = Assert.Single(await engine.Store.BookmarksAsync(id, CancellationToken.None));

        for (var tries = 1; tries <= 5; tries++)
        {
            await Task.Delay(Pause, engine.Clock);
            await TryAsync(engine);
        }

        Assert.Equal((entries, 0), ((await engine.JournalAsync(id)).Count, await DispatchAsync(engine)));
        var last = Assert.Single(await engine.Store.BookmarksAsync(id, CancellationToken.None));
        Assert.Equal(first.Id, last.Id);
        Assert.True(last.DueAt - first.DueAt >= 5 * Pause, $"{first.DueAt} to {last.DueAt}");
    }

    [Fact]
    public async Task Cancelling_a_further_try_while_it_is_made_ends_it()
    {
        var engine = await EngineAsync();
        var asked = 0;
        world.OnDo = (name, context) =>
        {
            if (name == "a" && Interlocked.Increment(ref asked) == 2)
            {
                _ = engine.Store.SendAsync(new RunOrder(RunVerb.Cancel, "anna", "a test").ToStimulus(engine.FindAsync(context.RunId).Result), CancellationToken.None).Result;
                Assert.True(context.CancelRequested.WaitHandle.WaitOne(TimeSpan.FromSeconds(30)), "It was not asked to end.");
            }

            return name == "a" ? new EffectResult.Postponed("No place yet.", Pause) : null;
        };

        var run = await engine.RunAsync("w");

        Assert.Equal((RunStatus.Cancelled, 2), (run.Status, asked));
        Assert.Empty(world.Marks);
        Assert.Equal(ActivityStatus.Canceled, (await engine.StepsAsync(run.Id)).Single(s => s.ActivityId == "a").Status);
    }

    [Fact]
    public async Task An_event_that_comes_during_a_further_try_is_not_lost()
    {
        var engine = await new EngineUnderTest(World.Registry()).With(world).LoadAsync(Of("w", Sequence("s", Mark("before"), Mark("a"), Mark("last"))));
        var asked = 0;
        world.OnDo = (name, unused) =>
        {
            switch (name == "a" ? Interlocked.Increment(ref asked) : 0)
            {
                case 1:
                    return new EffectResult.Postponed("No place yet.", Pause, "place:free");
                case 2:
                    _ = engine.Store.PublishAsync(new WorkflowEvent("e1", "place:free", null, "test") { KeepFor = TimeSpan.FromDays(400) }, 0, CancellationToken.None).Result;
                    return new EffectResult.Postponed("No place yet.", TimeSpan.FromDays(300), "place:free");
                default:
                    return name == "last" ? new EffectResult.Postponed("Not yet either.", TimeSpan.FromDays(300)) : null;
            }
        };
        var id = await WaitingAsync(engine);

        await Task.Delay(Pause, engine.Clock);
        await TryAsync(engine);

        Assert.Equal((3, "a before"), (asked, string.Join(' ', world.Marks)));
        var waits = Assert.Single(await engine.Store.BookmarksAsync(id, CancellationToken.None));
        Assert.Equal("last", (await engine.StepsAsync(id)).Single(s => s.Number == waits.ExecutionNumber).ActivityId);
    }

    [Fact]
    public async Task While_it_waits_the_run_says_for_what_and_no_worker_has_it()
    {
        _ = PutOff("a", times: int.MaxValue, key: "place:free");
        var engine = await EngineAsync();

        var id = await WaitingAsync(engine);

        var run = await engine.FindAsync(id);
        Assert.Equal((RunStatus.Suspended, "No place yet."), (run.Status, run.Reason));
        Assert.Equal((EffectState.None, 0), (await engine.StepsAsync(id)).Where(s => s.ActivityId == "a").Select(s => (s.Effect, s.Attempt)).Single());
        Assert.Null(await engine.Store.ClaimNextAsync("another", TimeSpan.FromMinutes(1), CancellationToken.None));
    }

    [Fact]
    public async Task Its_event_starts_it_before_its_time()
    {
        var asked = PutOff("a", times: 1, key: "place:free", pause: TimeSpan.FromDays(300));
        var engine = await EngineAsync();
        var id = await WaitingAsync(engine);

        _ = await engine.Store.PublishAsync(new WorkflowEvent("e1", "place:free", null, "test") { KeepFor = TimeSpan.Zero }, 0, CancellationToken.None);
        await engine.WorkAsync();

        Assert.Equal((RunStatus.Finished, 2), ((await engine.FindAsync(id)).Status, asked()));
    }

    [Fact]
    public async Task Cancelling_ends_the_wait_at_once_and_undoes_what_was_before()
    {
        var asked = PutOff("a", times: int.MaxValue, pause: TimeSpan.FromDays(300));
        var engine = await EngineAsync();
        var id = await WaitingAsync(engine);

        var run = await engine.OrderAndWorkAsync(id, RunVerb.Cancel);

        Assert.Equal((RunStatus.Cancelled, 1), (run.Status, asked()));
        Assert.Empty(world.Marks);
        Assert.Equal(ActivityStatus.Canceled, (await engine.StepsAsync(id)).Single(s => s.ActivityId == "a").Status);
    }

    [Fact]
    public async Task A_paused_run_does_not_start_it_and_does_when_it_goes_on()
    {
        var asked = PutOff("a", times: 1);
        var engine = await EngineAsync();
        var id = await WaitingAsync(engine);

        var paused = await engine.OrderAndWorkAsync(id, RunVerb.Pause);
        await Task.Delay(Pause * 2, engine.Clock);
        await engine.WorkAsync();
        Assert.Equal((RunStatus.Paused, 1), (paused.Status, asked()));

        Assert.Equal(RunStatus.Finished, (await engine.OrderAndWorkAsync(id, RunVerb.Resume)).Status);
        Assert.Equal(2, asked());
    }

    [Fact]
    public async Task Death_at_any_journal_point_neither_loses_it_nor_does_it_twice()
    {
        for (var dieAt = 1; ; dieAt++)
        {
            world.Reset();
            _ = PutOff("a", times: 2);
            var engine = await EngineAsync();
            engine.Probe.DieAt = dieAt;

            var run = await engine.RunAsync("w");

            Assert.Equal((dieAt, RunStatus.Finished), (dieAt, run.Status));
            Assert.Equal(["do before", "do a"], world.History);
            Assert.Single(await engine.JournalAsync(run.Id), e => e.Event == JournalEvents.Intent && e.NodeId == "Workflow1:s:a");
            if (engine.Probe.Deaths == 0)
            {
                return;
            }
        }
    }

    /// <summary>Puts a mark off so many times; tells how often it was asked for.</summary>
    private Func<int> PutOff(string mark, int times, string? key = null, TimeSpan? pause = null)
    {
        var asked = 0;
        world.OnDo = (name, _) => name == mark && Interlocked.Increment(ref asked) <= times ? new EffectResult.Postponed("No place yet.", pause ?? Pause, key) : null;
        return () => asked;
    }

    private async Task<EngineUnderTest> EngineAsync() =>
        await new EngineUnderTest(World.Registry()).With(world).LoadAsync(Of("w", Sequence("s", Mark("before"), Mark("a"))));

    /// <summary>Starts the run and works on it until it waits.</summary>
    private static async Task<RunId> WaitingAsync(EngineUnderTest engine)
    {
        var id = await engine.StartAsync("w");
        await TryAsync(engine);
        return id;
    }

    private static Task<int> DispatchAsync(EngineUnderTest engine) => engine.Store.Outbox.DispatchAsync((_, _) => Task.CompletedTask, 100, CancellationToken.None);

    private static async Task TryAsync(EngineUnderTest engine)
    {
        while (await engine.Store.ClaimNextAsync("worker-1", TimeSpan.FromHours(1), CancellationToken.None) is { } claim)
        {
            await engine.Executor("worker-1").ExecuteAsync(claim, CancellationToken.None);
        }
    }
}
