using System.Text.Json.Nodes;
using Runbooks.Workflows.Journal;
using Runbooks.Workflows.Runs;
using static Runbooks.Workflows.Tests.Engine.Definition;

namespace Runbooks.Workflows.Tests.Engine;

public sealed class CompensableActivityTests
{
    private readonly World world = new();

    [Fact]
    public async Task A_compensation_handler_answers_for_its_body_when_the_run_fails()
    {
        var run = await RunAsync(Sequence("s", Mark("a"), Compensable("c", Sequence("body", Mark("b1"), Mark("b2")), compensation: Mark("handler")), Mark("d"), Fault("stop")));

        Assert.Equal(RunStatus.Compensated, run.Status);
        Assert.Equal(["do a", "do b1", "do b2", "do d", "undo d", "do handler", "undo a"], world.History);
    }

    [Fact]
    public async Task Without_a_handler_the_steps_of_the_body_are_undone_themselves()
    {
        var run = await RunAsync(Sequence("s", Compensable("c", Sequence("body", Mark("b1"), Mark("b2"))), Fault("stop")));

        Assert.Equal(RunStatus.Compensated, run.Status);
        Assert.Equal(["do b1", "do b2", "undo b2", "undo b1"], world.History);
    }

    [Fact]
    public async Task A_handler_undoes_its_body_where_it_says_Compensate()
    {
        var handler = Sequence("h", Mark("before"), Activity("undo", "Runbooks.Compensate"), Mark("after"));
        var run = await RunAsync(Sequence("s", Compensable("c", Sequence("body", Mark("b1"), Mark("b2")), compensation: handler), Fault("stop")));

        Assert.Equal(RunStatus.Compensated, run.Status);
        Assert.Equal(["do b1", "do b2", "do before", "undo b2", "undo b1", "do after"], world.History);
    }

    [Fact]
    public async Task A_body_that_was_interrupted_runs_its_cancellation_handler()
    {
        var run = await RunAsync(Sequence("s", Mark("a"), Compensable("c", Sequence("body", Mark("b"), Fault("stop")), compensation: Mark("no"), cancellation: Mark("cancelled"))));

        Assert.Equal(RunStatus.Compensated, run.Status);
        Assert.Equal(["do a", "do b", "do cancelled", "undo a"], world.History);
    }

    [Fact]
    public async Task A_finished_run_confirms_what_was_completed_last_first()
    {
        var run = await RunAsync(Sequence("s", Compensable("c1", Mark("b1"), confirmation: Mark("ok1")), Compensable("c2", Mark("b2"), confirmation: Mark("ok2"))));

        Assert.Equal(RunStatus.Finished, run.Status);
        Assert.Equal(["do b1", "do b2", "do ok2", "do ok1"], world.History);
    }

    [Fact]
    public async Task What_was_confirmed_is_not_undone_any_more()
    {
        var run = await RunAsync(Sequence(
            "s",
            Compensable("c", Mark("b"), compensation: Mark("no"), confirmation: Mark("ok")),
            Activity("confirm", "Runbooks.Confirm", ("target", Literal("c"))),
            Fault("stop")));

        Assert.Equal(RunStatus.Compensated, run.Status);
        Assert.Equal(["do b", "do ok"], world.History);
    }

    [Fact]
    public async Task Compensate_undoes_by_token_while_the_run_goes_on()
    {
        var compensable = Compensable("c", Mark("b"), compensation: Mark("handler"));
        compensable["token"] = new JsonObject { ["memoryReference"] = new JsonObject { ["id"] = "v-T" } };
        var run = await RunAsync(
            Sequence("s", compensable, Activity("undo", "Runbooks.Compensate", ("target", Wrapped("Object", "Variable", """{"id":"v-T","name":"T"}"""))), Mark("d")),
            ("T", "Object", null));

        Assert.Equal(RunStatus.Finished, run.Status);
        Assert.Equal(["do b", "do handler", "do d"], world.History);
    }

    [Fact]
    public async Task Each_round_of_a_loop_is_compensated_last_first()
    {
        var body = Compensable("c", Named("m", "'b' + variables.CurrentValue"), compensation: Named("h", "'undo' + variables.CurrentValue"));
        var run = await RunAsync(Sequence("s", Activity("each", "Elsa.ForEach", ("items", Wrapped("Object", "Object", "[1,2]")), ("body", body)), Fault("stop")));

        Assert.Equal(RunStatus.Compensated, run.Status);
        Assert.Equal(["do b1", "do b2", "do undo2", "do undo1"], world.History);
    }

    [Fact]
    public async Task Nested_handlers_run_only_where_the_outer_one_says_so()
    {
        var inner = Compensable("inner", Mark("b"), compensation: Mark("innerHandler"));
        var silent = await RunAsync(Sequence("s", Compensable("outer", inner, compensation: Mark("outerHandler")), Fault("stop")));

        Assert.Equal(RunStatus.Compensated, silent.Status);
        Assert.Equal(["do b", "do outerHandler"], world.History);
        world.Reset();
        _ = await RunAsync(Sequence(
            "s",
            Compensable("outer", Compensable("inner", Mark("b"), compensation: Mark("innerHandler")), compensation: Sequence("h", Activity("undo", "Runbooks.Compensate"), Mark("outerHandler"))),
            Fault("stop")));

        Assert.Equal(["do b", "do innerHandler", "do outerHandler"], world.History);
    }

    [Fact]
    public async Task A_handler_that_fails_needs_a_person_and_goes_on_where_it_stopped()
    {
        var broken = true;
        world.OnDo = (name, _) => name == "h2" && broken ? new Activities.EffectResult.Failed("Not now.") : null;
        var engine = await EngineAsync(Sequence("s", Mark("a"), Compensable("c", Mark("b"), compensation: Sequence("h", Mark("h1"), Mark("h2"), Mark("h3"))), Fault("stop", "Why.")));
        var run = await engine.RunAsync("w");

        Assert.Equal(RunStatus.NeedsAttention, run.Status);
        Assert.Contains("Not now.", run.Reason, StringComparison.Ordinal);
        Assert.Equal(["do a", "do b", "do h1", "undo a"], world.History);
        broken = false;
        _ = await engine.Store.SendAsync(new Stimulus("r", run.Id, StimulusKind.Retry, null, null, "ada", null), CancellationToken.None);
        await engine.WorkAsync();

        Assert.Equal((RunStatus.Compensated, "stop: Why."), ((await engine.FindAsync(run.Id)).Status, (await engine.FindAsync(run.Id)).Reason));
        Assert.Equal(["do a", "do b", "do h1", "undo a", "do h2", "do h3"], world.History);
    }

    [Fact]
    public async Task Death_at_any_journal_point_undoes_nothing_twice_and_forgets_nothing()
    {
        string[] expected = ["do a", "do b1", "do b2", "do before", "undo b2", "undo b1", "do after", "undo a"];
        for (var dieAt = 1; ; dieAt++)
        {
            world.Reset();
            var handler = Sequence("h", Mark("before"), Activity("undo", "Runbooks.Compensate"), Mark("after"));
            var engine = await EngineAsync(Sequence("s", Mark("a"), Compensable("c", Sequence("body", Mark("b1"), Mark("b2")), compensation: handler), Fault("stop")));
            engine.Probe.DieAt = dieAt;
            var run = await engine.RunAsync("w");

            Assert.Equal((dieAt, RunStatus.Compensated), (dieAt, run.Status));
            Assert.Equal((dieAt, string.Join(',', expected)), (dieAt, string.Join(',', world.History)));
            if (engine.Probe.Deaths == 0)
            {
                Assert.True(dieAt > 20, $"Only {dieAt} points were seen.");
                return;
            }
        }
    }

    [Fact]
    public async Task A_transaction_scope_undoes_its_inside_and_the_workflow_may_go_on()
    {
        var scope = Activity("t", "Runbooks.TransactionScope", ("continueWhenUndone", Literal("true", "Boolean")), ("body", Sequence("body", Mark("b1"), Mark("b2"), Fault("stop", "Full."))));
        var engine = await EngineAsync(Flowchart("f", "a -> t; t:Undone -> d; t:Done -> never", Mark("a"), scope, Named("d", "getOutputFrom('t', 'Error')"), Mark("never")));
        var run = await engine.RunAsync("w");

        Assert.Equal(RunStatus.Finished, run.Status);
        Assert.Equal(["do a", "do b1", "do b2", "undo b2", "undo b1", "do Full."], world.History);
    }

    [Fact]
    public async Task A_transaction_scope_fails_outward_unless_it_is_told_to_go_on()
    {
        var run = await RunAsync(Sequence("s", Mark("a"), Activity("t", "Runbooks.TransactionScope", ("body", Sequence("body", Mark("b"), Fault("stop", "Full."))))));

        Assert.Equal(RunStatus.Compensated, run.Status);
        Assert.StartsWith("t: Full.", run.Reason, StringComparison.Ordinal);
        Assert.Equal(["do a", "do b", "undo b", "undo a"], world.History);
    }

    [Fact]
    public async Task A_child_that_finished_is_undone_with_its_parent()
    {
        var engine = await new EngineUnderTest(World.Registry()).With(world).LoadAsync(
            Of("child", Sequence("cs", Mark("c1"), Mark("c2"))),
            Of("w", Sequence("s", Mark("a"), Activity("call", "Elsa.ExecuteWorkflow", ("workflowDefinitionId", Literal("child"))), Mark("b"), Fault("stop", "Why."))));
        var run = await engine.RunAsync("w");

        Assert.Equal((RunStatus.Compensated, "stop: Why."), (run.Status, run.Reason));
        Assert.Equal(["do a", "do c1", "do c2", "do b", "undo b", "undo c2", "undo c1", "undo a"], world.History);
        var child = Assert.Single(await engine.Store.ListAsync(new RunFilter { ParentRunId = run.Id }, CancellationToken.None));
        Assert.Equal(RunStatus.Compensated, child.Status);
    }

    [Fact]
    public async Task A_scope_that_fails_does_not_disturb_the_branch_beside_it()
    {
        var failing = Activity("t", "Runbooks.TransactionScope", ("continueWhenUndone", Literal("true", "Boolean")), ("body", Sequence("body", Mark("b"), Fault("stop", "Full."))));
        var engine = await EngineAsync(Flowchart("f", "start -> t; start -> x; x -> y", Activity("start", "Elsa.Start"), failing, Mark("x"), Mark("y")));
        var run = await engine.RunAsync("w");

        Assert.Equal(RunStatus.Finished, run.Status);
        Assert.Equal(["x", "y"], world.Marks);
        Assert.Contains("undo b", world.History);
    }

    [Fact]
    public async Task Cancelling_while_a_handler_is_at_work_lets_it_end_and_then_undoes_the_rest()
    {
        var engine = await EngineAsync(Sequence("s", Mark("a"), Compensable("c", Sequence("body", Mark("b1"), Mark("b2")), compensation: Sequence("h", Mark("h1"), Activity("inner", "Runbooks.Compensate"), Mark("h2"))), Activity("undo", "Runbooks.Compensate", ("target", Literal("c"))), Mark("never")));
        RunId id = default;
        world.OnDo = (name, context) =>
        {
            if (name == "h1")
            {
                id = context.RunId;
                _ = engine.Store.SendAsync(new Stimulus("c", id, StimulusKind.Cancel, null, null, "ada", "Enough."), CancellationToken.None).GetAwaiter().GetResult();
            }

            return null;
        };
        var run = await engine.RunAsync("w");

        Assert.Equal(RunStatus.Cancelled, run.Status);
        Assert.Equal(["do a", "do b1", "do b2", "do h1", "undo b2", "undo b1", "do h2", "undo a"], world.History);
    }

    [Fact]
    public async Task Death_at_any_journal_point_of_a_scope_and_a_child_undoes_each_once()
    {
        string[] expected = ["do a", "do c1", "do b", "undo b", "undo c1", "do d", "undo d", "undo a"];
        for (var dieAt = 1; ; dieAt++)
        {
            world.Reset();
            var scope = Activity("t", "Runbooks.TransactionScope", ("continueWhenUndone", Literal("true", "Boolean")), ("body", Sequence("body", Activity("call", "Elsa.ExecuteWorkflow", ("workflowDefinitionId", Literal("child"))), Mark("b"), Fault("stop1"))));
            var engine = await new EngineUnderTest(World.Registry()).With(world).LoadAsync(Of("child", Sequence("cs", Mark("c1"))), Of("w", Sequence("s", Mark("a"), scope, Mark("d"), Fault("stop2"))));
            engine.Probe.DieAt = dieAt;
            var run = await engine.RunAsync("w");

            Assert.Equal((dieAt, RunStatus.Compensated), (dieAt, run.Status));
            Assert.Equal((dieAt, string.Join(',', expected)), (dieAt, string.Join(',', world.History)));
            if (engine.Probe.Deaths == 0)
            {
                Assert.True(dieAt > 30, $"Only {dieAt} points were seen.");
                return;
            }
        }
    }

    [Fact]
    public async Task A_finished_run_can_be_undone_and_only_once()
    {
        var engine = await EngineAsync(Sequence("s", Mark("a"), Mark("b")));
        var run = await engine.RunAsync("w");
        Assert.Equal(RunStatus.Finished, run.Status);
        foreach (var id in (string[])["u1", "u1", "u2"])
        {
            _ = await engine.Store.SendAsync(new Stimulus(id, run.Id, StimulusKind.Compensate, null, null, "ada", "Wrong pool."), CancellationToken.None);
            await engine.WorkAsync();
        }

        Assert.Equal((RunStatus.Compensated, "Undone by ada. Wrong pool."), ((await engine.FindAsync(run.Id)).Status, (await engine.FindAsync(run.Id)).Reason));
        Assert.Equal(["do a", "do b", "undo b", "undo a"], world.History);
    }

    private static JsonObject Compensable(string id, JsonObject body, JsonObject? compensation = null, JsonObject? confirmation = null, JsonObject? cancellation = null) => Activity(
        id,
        "Runbooks.CompensableActivity",
        ("body", body),
        ("compensationHandler", compensation),
        ("confirmationHandler", confirmation),
        ("cancellationHandler", cancellation));

    private static JsonObject Named(string id, string script) => Activity(id, "Test.Mark", ("markName", Script(script, "String")));

    private async Task<Run> RunAsync(JsonObject root, params (string Name, string Type, string? Default)[] variables) =>
        await (await EngineAsync(root, variables)).RunAsync("w");

    private Task<EngineUnderTest> EngineAsync(JsonObject root, params (string Name, string Type, string? Default)[] variables) =>
        new EngineUnderTest(World.Registry()).With(world).LoadAsync(Of("w", root, variables));
}
