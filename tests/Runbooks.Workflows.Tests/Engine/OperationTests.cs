using System.Text.Json.Nodes;
using Runbooks.Workflows.Activities;
using Runbooks.Workflows.Operations;
using Runbooks.Workflows.Runs;
using static Runbooks.Workflows.Tests.Engine.Definition;

namespace Runbooks.Workflows.Tests.Engine;

/// <summary>What people ask of runs, as the worker carries it out.</summary>
public sealed class OperationTests
{
    private readonly World world = new();

    [Fact]
    public async Task A_pause_lets_the_effect_in_flight_end_starts_no_other_and_resume_goes_on()
    {
        var engine = await EngineAsync(Sequence("s", Mark("a"), Mark("b")));
        PauseWhile(engine, "a");

        var paused = await engine.RunAsync("w");

        Assert.Equal(RunStatus.Paused, paused.Status);
        Assert.Contains("anna. a test", paused.PausedBy, StringComparison.Ordinal);
        Assert.Equal(["do a"], world.History);

        var resumed = await engine.OrderAndWorkAsync(paused.Id, RunVerb.Resume);

        Assert.Equal(RunStatus.Finished, resumed.Status);
        Assert.Null(resumed.PausedBy);
        Assert.Equal(["do a", "do b"], world.History);
    }

    [Fact]
    public async Task A_pause_survives_the_death_of_the_worker_at_any_point()
    {
        var undisturbed = await PausedAsync(null);
        Assert.True(undisturbed > 5, $"Only {undisturbed} points were seen.");
        for (var dieAt = 1; dieAt <= undisturbed; dieAt++)
        {
            _ = await PausedAsync(dieAt);
        }

        async Task<int> PausedAsync(int? dieAt)
        {
            world.Reset();
            var engine = await EngineAsync(Sequence("s", Mark("a"), Mark("b")));
            var id = await engine.StartAsync("w");
            await engine.OrderAsync(id, RunVerb.Pause);
            engine.Probe.DieAt = dieAt;
            await engine.WorkAsync();
            Assert.Equal(RunStatus.Paused, (await engine.FindAsync(id)).Status);
            Assert.Empty(world.History);

            var resumed = await engine.OrderAndWorkAsync(id, RunVerb.Resume);
            Assert.True(resumed.Status == RunStatus.Finished, $"{resumed.Status} after a death at {dieAt}: {resumed.Reason}");
            Assert.Equal(["do a", "do b"], world.History);
            return engine.Probe.Seen.Count;
        }
    }

    [Fact]
    public async Task A_pause_holds_the_way_back_too()
    {
        var engine = await EngineAsync(Sequence("s", Mark("a"), Mark("b"), Mark("c")));
        world.OnDo = (name, context) =>
        {
            if (name != "c")
            {
                return null;
            }

            engine.OrderAsync(context.RunId, RunVerb.Pause).GetAwaiter().GetResult();
            return new EffectResult.Failed("No.");
        };

        var paused = await engine.RunAsync("w");

        Assert.Equal(RunStatus.Paused, paused.Status);
        Assert.Equal(["do a", "do b"], world.History);
        Assert.Equal(RunStatus.Compensated, (await engine.OrderAndWorkAsync(paused.Id, RunVerb.Resume)).Status);
        Assert.Equal(["do a", "do b", "undo b", "undo a"], world.History);
    }

    [Fact]
    public async Task A_part_that_begins_while_its_run_is_paused_is_paused_too()
    {
        var engine = await EngineAsync(
            Sequence("s", Call("first", "part"), Call("second", "other")),
            Of("part", Sequence("p", Mark("a"))),
            Of("other", Sequence("o", Mark("b"))));
        world.OnDo = (name, context) =>
        {
            if (name == "a")
            {
                // The part ends with this effect, so its run goes on to the next part while it is paused.
                var parent = engine.FindAsync(context.RunId).GetAwaiter().GetResult().ParentRunId!.Value;
                engine.OrderAsync(parent, RunVerb.Pause).GetAwaiter().GetResult();
            }

            return null;
        };

        var paused = await engine.RunAsync("w");

        Assert.Equal(["do a"], world.History);
        Assert.NotNull(paused.PausedBy);
        var resumed = await engine.OrderAndWorkAsync(paused.Id, RunVerb.Resume);
        Assert.True(resumed.Status == RunStatus.Finished, $"{resumed.Status}: {resumed.Reason}");
        Assert.Equal(["do a", "do b"], world.History);
    }

    [Fact]
    public async Task A_failed_step_is_skipped_by_the_outcome_and_with_the_outputs_that_a_person_gives()
    {
        world.OnDo = (name, _) => name == "a" ? new EffectResult.Failed("No.") : null;
        var a = Mark("a");
        a["result"] = new JsonObject { ["memoryReference"] = new JsonObject { ["id"] = "v-R" } };
        var engine = await EngineAsync(Waiting(Flowchart("f", "a -> wrong; a:Other -> right", a, Mark("wrong"), Named("right", "'r' + variables.R")), ("R", "Object", null)));
        var run = await engine.RunAsync("w");
        Assert.Equal(RunStatus.NeedsAttention, run.Status);

        run = await engine.OrderAndWorkAsync(run.Id, RunVerb.Skip, await engine.NumberOfAsync(run.Id, "a"), outcome: "Other", outputs: new JsonObject { ["Result"] = "x" });

        Assert.Equal(RunStatus.Finished, run.Status);
        Assert.Equal(["do rx"], world.History);
    }

    [Fact]
    public async Task A_failed_step_is_retried_with_other_inputs()
    {
        world.OnDo = (name, _) => name == "a" ? new EffectResult.Failed("No.") : null;
        var engine = await EngineAsync(Waiting(Sequence("s", Mark("a"))));
        var run = await engine.RunAsync("w");

        run = await engine.OrderAndWorkAsync(run.Id, RunVerb.Retry, await engine.NumberOfAsync(run.Id, "a"), new JsonObject { ["MarkName"] = "better" });

        Assert.Equal(RunStatus.Finished, run.Status);
        Assert.Equal(["do better"], world.History);
    }

    [Theory]
    [InlineData("done", RunStatus.Finished, "do b")]
    [InlineData("notDone", RunStatus.Compensated, "")]
    public async Task A_step_that_nobody_knows_the_outcome_of_is_resolved_by_what_a_person_found(string found, RunStatus end, string history)
    {
        world.Blind = true;
        world.OnDo = (name, _) => name == "a" ? new EffectResult.Unknown("The line was cut.") : null;
        var engine = await EngineAsync(Sequence("s", Mark("a"), Mark("b")));
        var run = await engine.RunAsync("w");
        Assert.Equal(RunStatus.NeedsAttention, run.Status);
        var incident = Assert.Single((await engine.FactsAsync(run.Id)).Incidents());
        Assert.Equal((IncidentKind.Unknown, "a"), (incident.Kind, incident.Step.ActivityId));

        run = await engine.OrderAndWorkAsync(run.Id, RunVerb.Resolve, incident.Step.Number, found: found);

        Assert.Equal(end, run.Status);
        Assert.Equal(history, string.Join(",", world.History));
    }

    [Theory]
    [InlineData("done", UndoState.Undone)]
    [InlineData("notDone", UndoState.Irreversible)]
    public async Task An_undo_that_failed_is_resolved_by_what_a_person_found(string found, UndoState state)
    {
        _ = world.Stuck.Add("b");
        var engine = await EngineAsync(Sequence("s", Mark("a"), Mark("b"), Fault("stop")));
        var run = await engine.RunAsync("w");
        Assert.Equal(RunStatus.NeedsAttention, run.Status);
        var step = await engine.NumberOfAsync(run.Id, "b");

        run = await engine.OrderAndWorkAsync(run.Id, RunVerb.Resolve, step, found: found);

        Assert.Equal(RunStatus.Compensated, run.Status);
        Assert.Equal(state, (await engine.StepsAsync(run.Id)).Single(s => s.Number == step).Undo);
        Assert.Equal(["do a", "do b", "undo a"], world.History);
    }

    [Fact]
    public async Task A_sequence_is_restarted_from_a_step_and_only_what_followed_it_is_undone()
    {
        var failing = true;
        world.OnDo = (name, _) => name == "c" && failing ? new EffectResult.Failed("No.") : null;
        var engine = await EngineAsync(Waiting(Sequence("s", Mark("a"), Mark("b"), Mark("c"))));
        var run = await engine.RunAsync("w");
        failing = false;

        run = await engine.OrderAndWorkAsync(run.Id, RunVerb.RestartFrom, await engine.NumberOfAsync(run.Id, "b"), new JsonObject { ["markName"] = "b2" });

        Assert.Equal(RunStatus.Finished, run.Status);
        Assert.Equal(["do a", "do b", "undo b", "do b2", "do c"], world.History);
    }

    [Fact]
    public async Task A_flowchart_with_a_join_is_restarted_from_one_branch_and_joins_again()
    {
        var failing = true;
        world.OnDo = (name, _) => name == "end" && failing ? new EffectResult.Failed("No.") : null;
        var engine = await EngineAsync(Waiting(Flowchart("f", "start -> left; start -> right; left -> end; right -> end", Mark("start"), Mark("left"), Mark("right"), Mark("end"))));
        var run = await engine.RunAsync("w");
        Assert.Equal(RunStatus.NeedsAttention, run.Status);
        failing = false;

        run = await engine.OrderAndWorkAsync(run.Id, RunVerb.RestartFrom, await engine.NumberOfAsync(run.Id, "left"));

        Assert.True(run.Status == RunStatus.Finished, $"{run.Status}: {run.Reason}");
        Assert.True(world.Marks.SequenceEqual(["end", "left", "right", "start"], StringComparer.Ordinal), $"{string.Join(", ", world.Marks)} after {string.Join(", ", world.History)}");
        Assert.Equal(1, world.History.Count(h => h == "undo left"));
        Assert.Equal(0, world.History.Count(h => h is "undo right" or "undo start"));
        Assert.Equal(1, world.History.Count(h => h == "do end"));
    }

    [Fact]
    public async Task A_finished_run_is_undone_last_first_and_only_once()
    {
        var engine = await EngineAsync(Sequence("s", Mark("a"), Seal("sealed"), Mark("b")));
        var run = await engine.RunAsync("w");

        run = await engine.OrderAndWorkAsync(run.Id, RunVerb.Undo);

        Assert.Equal(RunStatus.Compensated, run.Status);
        Assert.Equal(["do a", "do sealed", "do b", "undo b", "undo a"], world.History);

        Assert.True(await engine.Store.SendAsync((new RunOrder(RunVerb.Undo, "anna", "again") { Key = "2" }).ToStimulus(run), CancellationToken.None));
        await engine.WorkAsync();
        Assert.Equal(RunStatus.Compensated, (await engine.FindAsync(run.Id)).Status);
        Assert.Contains("Only a finished run can be undone", await engine.LastRefusalAsync(run.Id), StringComparison.Ordinal);
        Assert.Equal(5, world.History.Count);
    }

    [Fact]
    public async Task Cancelling_twice_and_while_it_is_undone_is_cancelling_once()
    {
        var engine = await EngineAsync(Sequence("s", Mark("a"), Mark("b"), Approval("wait")));
        var id = await engine.StartAsync("w");
        await engine.WorkAsync();
        var orders = 0;
        engine.Probe.OnPoint = async point =>
        {
            // At each point of the way back somebody cancels again.
            var order = new RunOrder(RunVerb.Cancel, "bert", "me too") { Key = $"{orders++}" };
            _ = await engine.Store.SendAsync(order.ToStimulus(await engine.FindAsync(id)), CancellationToken.None);
        };

        var run = await engine.OrderAndWorkAsync(id, RunVerb.Cancel);

        Assert.Equal(RunStatus.Cancelled, run.Status);
        Assert.Contains("Cancelled by anna", run.Reason, StringComparison.Ordinal);
        Assert.Equal(["do a", "do b", "undo b", "undo a"], world.History);
        Assert.True(orders > 3);
    }

    [Fact]
    public async Task An_order_that_does_not_fit_any_more_changes_nothing_and_the_history_says_why()
    {
        world.OnDo = (name, _) => name == "a" ? new EffectResult.Failed("No.") : null;
        var engine = await EngineAsync(Waiting(Sequence("s", Mark("a"))));
        var run = await engine.RunAsync("w");

        run = await engine.OrderAndWorkAsync(run.Id, RunVerb.Skip, step: 1);

        Assert.Equal(RunStatus.NeedsAttention, run.Status);
        Assert.Contains("Only a step that has failed", await engine.LastRefusalAsync(run.Id), StringComparison.Ordinal);
    }

    /// <summary>A definition that waits with a failed step instead of going back.</summary>
    private static string Waiting(JsonObject root, params (string Name, string Type, string? Default)[] variables)
    {
        var json = JsonNode.Parse(Of("w", root, variables))!;
        json["options"] = new JsonObject { ["incidentStrategyType"] = "Elsa.Workflows.IncidentStrategies.ContinueWithIncidentsStrategy, Elsa.Workflows.Core" };
        return json.ToJsonString();
    }

    private static JsonObject Named(string id, string script) => Activity(id, "Test.Mark", ("markName", Script($"return {script};")));

    private static JsonObject Call(string id, string runbook) => Activity(id, "Elsa.ExecuteWorkflow", ("workflowDefinitionId", Literal(runbook)));

    private void PauseWhile(EngineUnderTest engine, string mark) => world.OnDo = (name, context) =>
    {
        if (name == mark)
        {
            engine.OrderAsync(context.RunId, RunVerb.Pause).GetAwaiter().GetResult();
        }

        return null;
    };

    private Task<EngineUnderTest> EngineAsync(JsonObject root, params string[] others) => EngineAsync(Of("w", root), others);

    private Task<EngineUnderTest> EngineAsync(string definition, params string[] others) =>
        new EngineUnderTest(World.Registry()).With(world).LoadAsync([definition, .. others]);
}
