using System.Text.Json.Nodes;
using Runbooks.Workflows.Activities;
using Runbooks.Workflows.Execution;
using Runbooks.Workflows.Journal;
using Runbooks.Workflows.Runs;
using static Runbooks.Workflows.Tests.Engine.Definition;

namespace Runbooks.Workflows.Tests.Engine;

/// <summary>Retries, time limits, and the drain of a worker that stops.</summary>
public sealed class EffectPolicyTests
{
    private readonly World world = new();

    [Theory]
    [InlineData(2, RunStatus.Finished, 3)]
    [InlineData(1, RunStatus.Compensated, 2)]
    public async Task A_failed_effect_is_tried_again_as_often_as_its_activity_says(int retries, RunStatus end, int calls)
    {
        var made = 0;
        world.OnDo = (name, _) => name == "a" && ++made <= 2 ? new EffectResult.Failed("Busy.") : null;
        var step = Activity("a", "Test.Mark", ("markName", Literal("a")), ("retries", Literal($"{retries}", "Int32")), ("retryAfter", Literal("00:00:30", "TimeSpan")));
        var engine = await EngineAsync(Of("w", Sequence("s", Mark("before"), step)));

        var run = await engine.RunAsync("w");

        Assert.Equal((end, calls), (run.Status, made));
        Assert.Equal(calls, (await engine.StepsAsync(run.Id)).Single(s => s.ActivityId == "a").Attempt);
    }

    [Fact]
    public async Task A_worker_that_dies_takes_no_try_away_from_the_next()
    {
        for (var dieAt = 1; ; dieAt++)
        {
            world.Reset();
            var made = 0;
            world.OnDo = (name, _) => name == "a" && ++made <= 2 ? new EffectResult.Failed("Busy.") : null;
            var step = Activity("a", "Test.Mark", ("markName", Literal("a")), ("retries", Literal("2", "Int32")), ("retryAfter", Literal("00:00:05", "TimeSpan")));
            var engine = await EngineAsync(Of("w", Sequence("s", Mark("before"), step)));
            engine.Probe.DieAt = dieAt;

            var run = await engine.RunAsync("w");

            Assert.Equal((dieAt, RunStatus.Finished, "before"), (dieAt, run.Status, world.History[0][3..]));
            if (engine.Probe.Deaths == 0)
            {
                return;
            }
        }
    }

    [Fact]
    public async Task An_effect_that_heeds_its_time_limit_has_failed_and_says_so()
    {
        var engine = await EngineAsync(Of("w", Sequence("s", Mark("a"), Slow("slow", obeys: true))));

        var run = await engine.RunAsync("w");

        Assert.Equal(RunStatus.Compensated, run.Status);
        Assert.Contains("did not end within 00:00:20", run.Reason, StringComparison.Ordinal);
        Assert.Empty(world.Marks);
    }

    [Fact]
    public async Task An_effect_that_does_not_end_when_asked_is_looked_for_and_not_taken_for_failed()
    {
        var engine = await EngineAsync(Of("w", Sequence("s", Slow("slow", obeys: false))));

        var run = await engine.RunAsync("w");

        // It had happened although nobody answered: the look found it.
        Assert.Equal(RunStatus.Finished, run.Status);
        Assert.Equal(["slow"], world.Marks);
    }

    [Fact]
    public async Task A_worker_that_drains_lets_the_effect_in_flight_end_and_starts_no_other()
    {
        using var draining = new CancellationTokenSource();
        world.OnDo = (name, _) =>
        {
            if (name == "a")
            {
                draining.Cancel();
            }

            return null;
        };
        var engine = await EngineAsync(Of("w", Sequence("s", Mark("a"), Mark("b"))));
        var id = await engine.StartAsync("w");
        var claim = await engine.Store.ClaimNextAsync("worker-1", engine.Options.Lease, CancellationToken.None);
        await engine.Executor("worker-1").ExecuteAsync(claim!, draining.Token, CancellationToken.None);

        Assert.Equal(["do a"], world.History);
        var steps = await engine.StepsAsync(id);
        Assert.Equal((EffectState.Done, ActivityStatus.Completed), (steps.Single(s => s.ActivityId == "a").Effect, steps.Single(s => s.ActivityId == "a").Status));
        Assert.Equal((EffectState.None, 0), (steps.Single(s => s.ActivityId == "b").Effect, steps.Single(s => s.ActivityId == "b").Attempt));
        await engine.WorkAsync();

        Assert.Equal(RunStatus.Finished, (await engine.FindAsync(id)).Status);
        Assert.Equal(["do a", "do b"], world.History);
    }

    [Fact]
    public async Task A_worker_that_drains_while_it_undoes_leaves_the_rest_to_the_next()
    {
        using var draining = new CancellationTokenSource();
        world.OnUndo = name =>
        {
            if (name == "b")
            {
                draining.Cancel();
            }
        };
        var engine = await EngineAsync(Of("w", Sequence("s", Mark("a"), Mark("b"), Fault("stop"))));
        var id = await engine.StartAsync("w");
        var claim = await engine.Store.ClaimNextAsync("worker-1", engine.Options.Lease, CancellationToken.None);
        await engine.Executor("worker-1").ExecuteAsync(claim!, draining.Token, CancellationToken.None);

        Assert.Equal(["do a", "do b", "undo b"], world.History);
        await engine.WorkAsync();

        Assert.Equal(RunStatus.Compensated, (await engine.FindAsync(id)).Status);
        Assert.Equal(["do a", "do b", "undo b", "undo a"], world.History);
    }

    [Fact]
    public async Task Incidents_let_other_paths_go_on_and_wait_for_a_person()
    {
        var broken = true;
        world.OnDo = (name, _) => name == "a" && broken ? new EffectResult.Failed("No disk.") : null;
        var json = JsonNode.Parse(Of("w", Flowchart("f", "start -> a; start -> b; a -> join; b -> join", Activity("start", "Elsa.Start"), Mark("a"), Mark("b"), Mark("join"))))!.AsObject();
        json["options"] = new JsonObject { ["incidentStrategyType"] = "Elsa.Workflows.IncidentStrategies.ContinueWithIncidentsStrategy, Elsa.Workflows.Core" };
        var engine = await EngineAsync(json.ToJsonString());
        var run = await engine.RunAsync("w");

        Assert.Equal((RunStatus.NeedsAttention, "a: No disk."), (run.Status, run.Reason));
        Assert.Equal(["do b"], world.History);
        broken = false;
        _ = await engine.Store.SendAsync(new Stimulus("r", run.Id, StimulusKind.Retry, null, null, "ada", null), CancellationToken.None);
        await engine.WorkAsync();

        Assert.Equal(RunStatus.Finished, (await engine.FindAsync(run.Id)).Status);
        Assert.Equal(["do b", "do a", "do join"], world.History);
    }

    [Fact]
    public async Task Inputs_that_a_person_gives_for_another_try_are_the_ones_that_are_stored()
    {
        world.OnDo = (name, _) => name == "a" ? new EffectResult.Failed("No disk.") : null;
        var json = JsonNode.Parse(Of("w", Sequence("s", Mark("a"), Mark("b"))))!.AsObject();
        json["options"] = new JsonObject { ["incidentStrategyType"] = "Elsa.Workflows.IncidentStrategies.ContinueWithIncidentsStrategy, Elsa.Workflows.Core" };
        var engine = await EngineAsync(json.ToJsonString());
        var run = await engine.RunAsync("w");
        var failed = (await engine.StepsAsync(run.Id)).Single(s => s.ActivityId == "a");

        var again = new JsonObject { ["step"] = failed.Number, ["inputs"] = new JsonObject { ["markName"] = "elsewhere" } };
        _ = await engine.Store.SendAsync(new Stimulus("r", run.Id, StimulusKind.Retry, null, again, "ada", null), CancellationToken.None);
        await engine.WorkAsync();

        Assert.Equal(["do elsewhere", "do b"], world.History);
        Assert.Equal("elsewhere", (string?)(await engine.StepsAsync(run.Id)).Single(s => s.ActivityId == "a").Inputs["MarkName"]);
    }

    private static JsonObject Slow(string id, bool obeys) => Activity(
        id,
        "Test.SlowMark",
        ("markName", Literal(id)),
        ("obeys", Literal(obeys ? "true" : "false", "Boolean")),
        ("timeLimit", Literal("00:00:20", "TimeSpan")));

    private Task<EngineUnderTest> EngineAsync(params string[] definitions) =>
        new EngineUnderTest(World.Registry().Add<SlowMark>()).With(world).LoadAsync(definitions);
}

/// <summary>Sets a mark and then does not answer until it is asked to end; one that does not obey not even then.</summary>
[Activity("Test", "Test", "Sets a mark slowly.")]
public sealed class SlowMark : ChangeActivity
{
    [Input(Required = true)]
    public Input<string> MarkName { get; } = new();

    [Input]
    public Input<bool> Obeys { get; } = new();

    protected override async Task<EffectResult> PerformAsync(EffectContext context)
    {
        var world = context.GetRequiredService<World>();
        var name = context.Get(MarkName)!;
        if (!context.Get(Obeys))
        {
            world.Do(name);
            await Task.Delay(Timeout.InfiniteTimeSpan, CancellationToken.None);
        }

        await Task.Delay(Timeout.InfiniteTimeSpan, context.CancelRequested).ContinueWith(static _ => { }, TaskScheduler.Default);
        return new EffectResult.Failed("Ended as asked.");
    }

    protected override Task<Reconciliation> ReconcileAsync(EffectContext context) => Task.FromResult<Reconciliation>(
        context.GetRequiredService<World>().Has(context.Get(MarkName)!) ? new Reconciliation.Done() : new Reconciliation.NotDone("No mark."));

    protected override Task<UndoResult> UndoAsync(EffectContext context)
    {
        context.GetRequiredService<World>().Undo(context.Get(MarkName)!);
        return Task.FromResult<UndoResult>(new UndoResult.Undone("Removed."));
    }
}
