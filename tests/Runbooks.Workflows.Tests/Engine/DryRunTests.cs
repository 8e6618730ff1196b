using System.Text.Json.Nodes;
using Runbooks.Workflows.Activities;
using Runbooks.Workflows.Definitions;
using Runbooks.Workflows.Events;
using Runbooks.Workflows.Journal;
using Runbooks.Workflows.Runs;
using static Runbooks.Workflows.Tests.Engine.Definition;

namespace Runbooks.Workflows.Tests.Engine;

/// <summary>A dry run changes nothing, and goes the way of the run that would.</summary>
public sealed class DryRunTests
{
    private readonly World world = new();

    [Fact]
    public async Task Looks_look_and_changes_are_left_out_with_the_inputs_that_they_would_have_used()
    {
        world.Do("there");
        var engine = await EngineAsync(Of("w", Sequence("s", Activity("look", "Test.Look", ("markName", Literal("there"))), Mark("a"), Seal("b"))));

        var run = await engine.RunDryAsync("w");

        Assert.Equal((RunStatus.Finished, true), (run.Status, run.IsDryRun));
        Assert.Equal(["do there"], world.History);
        var steps = (await engine.StepsAsync(run.Id)).ToDictionary(s => s.ActivityId);
        Assert.True(steps["look"].Outputs["Result"]!.GetValue<bool>());
        Assert.All([steps["a"], steps["b"]], s => Assert.Equal((ActivityStatus.Completed, true, EffectState.None, UndoState.None, 0), (s.Status, s.WasLeftOut, s.Effect, s.Undo, s.Attempt)));
        Assert.False(steps["look"].WasLeftOut);
        var entry = Assert.Single(await engine.JournalAsync(run.Id), e => e.Event == JournalEvents.NotDone && e.NodeId == steps["a"].NodeId);
        Assert.Equal("a", entry.Payload!["inputs"]!["MarkName"]!.ToString());
        Assert.DoesNotContain(await engine.JournalAsync(run.Id), e => e.Event == JournalEvents.Intent);
    }

    [Fact]
    public async Task A_step_that_is_left_out_is_left_by_its_first_outcome_with_the_defaults_of_its_outputs_unless_it_says_otherwise()
    {
        var engine = await EngineAsync(Of("w", Flowchart("f", "mark -> told; told:Done -> one; told:Other -> two", Mark("mark"), Activity("told", "Test.Foretold", ("word", Literal("Other"))), Seal("one"), Seal("two"))));

        var run = await engine.RunDryAsync("w");

        var steps = await engine.StepsAsync(run.Id);
        Assert.Equal(["Done"], steps.Single(s => s.ActivityId == "mark").Outcomes);
        Assert.DoesNotContain(steps, s => s.ActivityId == "one");
        Assert.Contains(steps, s => s.ActivityId == "two");
        Assert.Equal(["Other"], steps.Single(s => s.ActivityId == "told").Outcomes);
        Assert.Equal("""{"Count":0,"Text":"Other"}""", steps.Single(s => s.ActivityId == "told").Outputs.ToJsonString());
        Assert.Equal("""{"Result":null}""", steps.Single(s => s.ActivityId == "mark").Outputs.ToJsonString());
    }

    [Fact]
    public async Task An_activity_that_can_not_foretell_stops_the_dry_run_and_says_why()
    {
        var engine = await EngineAsync(Of("w", Sequence("s", Mark("a"), Activity("told", "Test.Foretold", ("word", Literal("throw"))))));

        var run = await engine.RunDryAsync("w");

        Assert.Equal(RunStatus.Compensated, run.Status);
        Assert.Contains("can't tell how this step would end: No idea.", run.Reason, StringComparison.Ordinal);
        Assert.Empty(world.History);
    }

    [Fact]
    public async Task The_way_back_of_a_dry_run_undoes_nothing_because_nothing_was_done()
    {
        var compensable = Activity("c", "Runbooks.CompensableActivity", ("body", Mark("body")), ("compensationHandler", Mark("handler")));
        var engine = await EngineAsync(Of("w", Sequence("s", Mark("a"), compensable, Mark("b"), Fault("stop"))));

        var run = await engine.RunDryAsync("w");

        Assert.Equal(RunStatus.Compensated, run.Status);
        Assert.Empty(world.History);
        var steps = await engine.StepsAsync(run.Id);
        Assert.True(steps.Single(s => s.ActivityId == "handler").WasLeftOut);
        Assert.Equal(UndoState.Undone, steps.Single(s => s.ActivityId == "c").Undo);
    }

    [Theory]
    [InlineData("Elsa.ExecuteWorkflow", true)]
    [InlineData("Elsa.ExecuteWorkflow", false)]
    [InlineData("Elsa.DispatchWorkflow", true)]
    [InlineData("Elsa.DispatchWorkflow", false)]
    public async Task Its_child_runs_are_dry_too_waited_for_or_not(string type, bool wait)
    {
        var child = Of("child", Sequence("cs", Mark("in-child"), Seal("sealed")));
        var parent = Of("w", Sequence("s", Activity("call", type, ("workflowDefinitionId", Literal("child")), ("waitForCompletion", Literal(wait, "Boolean"))), Mark("after")));
        var engine = await EngineAsync(child, parent);

        var run = await engine.RunDryAsync("w");

        Assert.Equal(RunStatus.Finished, run.Status);
        var part = Assert.Single(await engine.Store.ListAsync(new RunFilter { ParentRunId = run.Id }, CancellationToken.None));
        Assert.Equal((RunStatus.Finished, true), (part.Status, part.IsDryRun));
        Assert.Empty(world.History);
    }

    [Fact]
    public async Task Child_runs_in_bulk_and_of_failed_parents_are_dry_and_undo_nothing()
    {
        var child = Of("child", Sequence("cs", Mark("in-child")), inputs: [("Item", "String")]);
        var bulk = Activity("bulk", "Elsa.BulkDispatchWorkflows", ("workflowDefinitionId", Literal("child")), ("items", Wrapped("Object", "Object", """["x","y","z"]""")));
        var engine = await EngineAsync(child, Of("w", Sequence("s", bulk, Fault("stop"))));

        var run = await engine.RunDryAsync("w");

        Assert.Equal(RunStatus.Compensated, run.Status);
        var parts = await engine.Store.ListAsync(new RunFilter { ParentRunId = run.Id }, CancellationToken.None);
        Assert.Equal(3, parts.Count);
        Assert.All(parts, p => Assert.Equal((true, RunStatus.Compensated), (p.IsDryRun, p.Status)));
        Assert.Empty(world.History);
    }

    [Fact]
    public async Task A_worker_that_dies_at_any_point_of_a_dry_run_leaves_one_that_still_changes_nothing()
    {
        var child = Of("child", Sequence("cs", Mark("in-child")));
        var call = Activity("call", "Elsa.ExecuteWorkflow", ("workflowDefinitionId", Literal("child")));
        var look = Activity("look", "Test.Look", ("markName", Literal("a")));
        for (var dieAt = 1; ; dieAt++)
        {
            var engine = await EngineAsync(child, Of("w", Sequence("s", Mark("a"), look.DeepClone().AsObject(), call.DeepClone().AsObject(), Mark("b"), Seal("c"))));
            engine.Probe.DieAt = dieAt;

            var run = await engine.RunDryAsync("w");

            Assert.Equal((dieAt, RunStatus.Finished), (dieAt, run.Status));
            Assert.Empty(world.History);
            if (engine.Probe.Deaths == 0)
            {
                Assert.True(dieAt > 10);
                return;
            }
        }
    }

    [Fact]
    public async Task Waits_pass_at_once_and_take_no_event_no_task_and_no_answer_from_anybody()
    {
        var engine = await EngineAsync(Of("w", Flowchart("f", "d -> e; e -> t; t -> a; a:Approved -> p; p -> end",
            Activity("d", "Elsa.Delay", ("timeSpan", Literal("100.00:00:00", "TimeSpan"))),
            Activity("e", "Elsa.Event", ("eventName", Literal("knock"))),
            Activity("t", "Elsa.RunTask", ("taskName", Literal("open-door"))),
            Approval("a"),
            Activity("p", "Elsa.PublishEvent", ("eventName", Literal("done"))),
            Seal("end"))), Of("listen", Sequence("ls", Activity("heard", "Elsa.Event", ("eventName", Literal("knock"))))));
        var before = engine.Clock.GetUtcNow();
        _ = await engine.Store.PublishAsync(new WorkflowEvent("k1", EventKeys.OfEvent("knock"), null, "test") { KeepFor = TimeSpan.FromDays(1000) }, 0, CancellationToken.None);

        var run = await engine.RunDryAsync("w");

        Assert.Equal((RunStatus.Finished, "d e t a p end"), (run.Status, string.Join(' ', (await engine.CompletedAsync(run.Id)).Where(c => c != "f"))));
        Assert.True(engine.Clock.GetUtcNow() - before < TimeSpan.FromDays(1));
        Assert.Equal(3, (await engine.JournalAsync(run.Id)).Count(e => e.Event == JournalEvents.NotWaited));
        Assert.Equal(4, (await engine.JournalAsync(run.Id)).Count(e => e.Event == JournalEvents.NotDone));
        Assert.Equal("dry run", (string?)(await engine.StepsAsync(run.Id)).Single(s => s.ActivityId == "a").Outputs["DecidedBy"]);
        Assert.Equal(0, await engine.Store.Outbox.DispatchAsync((_, _) => Task.CompletedTask, 100, CancellationToken.None));
        Assert.Empty(await engine.Store.WaitingAsync("", 10, CancellationToken.None));

        // The event is still there for a run that really waits.
        var real = await engine.RunAsync("listen");
        Assert.Contains("heard", await engine.CompletedAsync(real.Id));
    }

    [Fact]
    public async Task A_loop_that_waits_for_a_change_is_stopped_and_says_why()
    {
        var look = Activity("look", "Test.Look", ("markName", Literal("never")));
        var loop = Activity("loop", "Elsa.While", ("condition", Literal(true, "Boolean")), ("body", Sequence("body", look, Activity("wait", "Elsa.Delay"))));
        var engine = await EngineAsync(Of("w", Sequence("s", Mark("a"), loop)));

        var run = await engine.RunDryAsync("w");

        Assert.Equal(RunStatus.Compensated, run.Status);
        Assert.Contains("has come to this one 100 times", run.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_paused_dry_run_holds_what_it_would_leave_out_until_it_is_resumed()
    {
        var engine = await EngineAsync(Of("w", Sequence("s", Mark("a"))));
        var answer = (StartAnswer.Accepted)await engine.Starter.StartAsync(new StartRequest("w", [], "test") { IsDryRun = true }, CancellationToken.None);
        _ = await engine.Store.SendAsync(new Stimulus("p", answer.RunId, StimulusKind.Pause, null, null, "ada", null), CancellationToken.None);
        await engine.WorkAsync();

        Assert.Equal(RunStatus.Paused, (await engine.FindAsync(answer.RunId)).Status);
        _ = await engine.Store.SendAsync(new Stimulus("c", answer.RunId, StimulusKind.Continue, null, null, "ada", null), CancellationToken.None);
        await engine.WorkAsync();

        Assert.Equal(RunStatus.Finished, (await engine.FindAsync(answer.RunId)).Status);
        Assert.Empty(world.History);
    }

    private Task<EngineUnderTest> EngineAsync(params string[] definitions) =>
        new EngineUnderTest(World.Registry().Add<Foretold>()).With(world).LoadAsync(definitions);
}

/// <summary>A change that says how it would end.</summary>
[Activity("Test", "Test", "Says how it would end.")]
[FlowNode("Done", "Other")]
public sealed class Foretold : IrreversibleActivity
{
    public override string NoUndoReason => "It is for tests.";

    [Input(Required = true)]
    public Input<string> Word { get; } = new();

    [Output]
    public Output<int> Count { get; } = new();

    [Output]
    public Output<string> Text { get; } = new();

    protected override EffectResult.Done Predict(PredictionContext context)
    {
        var word = context.Get(Word)!;
        return word == "throw" ? throw new InvalidOperationException("No idea.") : new EffectResult.Done(new JsonObject { [nameof(Count)] = 0, [nameof(Text)] = word }, word);
    }

    protected override Task<EffectResult> PerformAsync(EffectContext context) => throw new InvalidOperationException("It must not be executed.");

    protected override Task<Reconciliation> ReconcileAsync(EffectContext context) => throw new InvalidOperationException("It must not be looked for.");
}
