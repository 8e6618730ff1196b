using System.Text.Json;
using System.Text.Json.Nodes;
using Runbooks.Server.Elsa;
using Runbooks.Server.Elsa.Instances;
using Runbooks.Workflows.Journal;
using Runbooks.Workflows.Operations;
using Runbooks.Workflows.Runs;

namespace Runbooks.Server.Tests.Elsa;

/// <summary>Our runs in Elsa's words.</summary>
public sealed class InstanceMappingTests
{
    private static readonly DateTimeOffset Noon = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);

    [Theory]
    [InlineData(RunStatus.Pending, "Running", "Pending", "w Vm vm1")]
    [InlineData(RunStatus.Executing, "Running", "Executing", "w Vm vm1")]
    [InlineData(RunStatus.Suspended, "Running", "Suspended", "w Vm vm1")]
    [InlineData(RunStatus.Paused, "Running", "Suspended", "w Vm vm1 (paused)")]
    [InlineData(RunStatus.Compensating, "Running", "Executing", "w Vm vm1 (undoing)")]
    [InlineData(RunStatus.NeedsAttention, "Running", "Suspended", "w Vm vm1 (needs attention)")]
    [InlineData(RunStatus.Finished, "Finished", "Finished", "w Vm vm1")]
    [InlineData(RunStatus.Compensated, "Finished", "Faulted", "w Vm vm1 (undone)")]
    [InlineData(RunStatus.Cancelled, "Finished", "Cancelled", "w Vm vm1")]
    [InlineData(RunStatus.Faulted, "Finished", "Faulted", "w Vm vm1")]
    public void Each_state_has_its_words_and_what_Elsa_has_none_for_is_in_the_name(RunStatus status, string elsa, string sub, string name)
    {
        var shape = InstanceShape.Of(NewRun(status));

        Assert.Equal((elsa, sub, name), (shape.Status, shape.SubStatus, shape.Name));
    }

    [Fact]
    public void Every_state_comes_back_from_its_words()
    {
        foreach (var status in Enum.GetValues<RunStatus>())
        {
            Assert.Contains(status, InstanceWords.Statuses([InstanceWords.Status(status)], [InstanceWords.SubStatus(status)])!);
        }

        Assert.Null(InstanceWords.Statuses([], []));
        Assert.Equal([RunStatus.Cancelled], InstanceWords.Statuses([], ["cancelled"]));
        Assert.Empty(InstanceWords.Statuses(["Running"], ["Finished"])!);
        Assert.Empty(InstanceWords.Statuses([], ["Interrupted"])!);
    }

    [Fact]
    public void A_dry_run_says_so_in_front_of_its_name_and_in_its_properties()
    {
        var run = NewRun(RunStatus.Finished, dry: true);

        Assert.Equal("Dry run: w Vm vm1", InstanceShape.Of(run).Name);
        Assert.True(State(run, [])["properties"]!["runbooks:dryRun"]!.GetValue<bool>());
        run.Name = "Nightly";
        Assert.Equal("Dry run: Nightly", InstanceShape.Of(run).Name);
    }

    [Fact]
    public void A_list_has_no_state_and_the_instance_has_one_that_says_it_all()
    {
        var run = NewRun(RunStatus.Suspended);
        var bookmark = new Bookmark("b", 2, "Elsa.Delay", Noon, new JsonObject { ["x"] = 1 });

        Assert.DoesNotContain("workflowState", Json(InstanceShape.Of(run)).Select(p => p.Key));
        var state = State(run, [NewStep(1, null), NewStep(2, 1)], bookmark);

        Assert.Equal("w.3", state["definitionVersionId"]!.ToString());
        Assert.Equal($"{run.Id}-2", state["bookmarks"]![0]!["activityInstanceId"]!.ToString());
        Assert.Equal($"{run.Id}-1", state["activityExecutionContexts"]![1]!["parentContextId"]!.ToString());
        Assert.Equal("suspended", state["properties"]!["runbooks:status"]!.ToString());
        Assert.Empty(state["incidents"]!.AsArray());
        foreach (var name in new[] { "completionCallbacks", "scheduledActivities", "input", "output", "executionLogSequence", "createdAt", "updatedAt" })
        {
            Assert.NotNull(state[name]);
        }
    }

    [Fact]
    public void What_needs_a_person_is_an_incident_and_what_is_unknown_is_not_shown_as_failed()
    {
        var unknown = NewStep(2, 1);
        unknown.Effect = EffectState.Unknown;
        unknown.Error = "It is dark.";
        var undoFailed = NewStep(3, 1, ActivityStatus.Completed);
        undoFailed.Undo = UndoState.Failed;
        undoFailed.UndoNote = "It is stuck.";
        var run = NewRun(RunStatus.NeedsAttention);

        var state = State(run, [NewStep(1, null), unknown, undoFailed]);
        var records = Records(run, [NewStep(1, null), unknown, undoFailed]);

        Assert.Equal(["It is dark.", "It is stuck."], state["incidents"]!.AsArray().Select(i => i!["message"]!.ToString()));
        Assert.Equal(["Runbooks.Unknown", "Runbooks.UndoFailed"], state["incidents"]!.AsArray().Select(i => i!["exception"]!["type"]!.ToString()));
        Assert.Equal(("Running", true, 0, "unknown"), (records[1].Status, records[1].HasBookmarks, records[1].AggregateFaultCount, records[1].Properties["runbooks:needsAttention"]!.ToString()));
        Assert.Equal(("Completed", true, "undoFailed"), (records[2].Status, records[2].HasBookmarks, records[2].Properties["runbooks:needsAttention"]!.ToString()));
        Assert.All(Stats(run, [NewStep(1, null), unknown, undoFailed]), s => Assert.False(s.IsFaulted));
    }

    [Fact]
    public void A_run_that_was_undone_says_why_and_which_steps_were_undone()
    {
        var root = NewStep(1, null, ActivityStatus.Canceled);
        var done = NewStep(2, 1, ActivityStatus.Completed);
        done.Undo = UndoState.Undone;
        done.UndoNote = "Removed.";
        var failed = NewStep(3, 1, ActivityStatus.Faulted);
        failed.Error = "No disk.";
        var run = NewRun(RunStatus.Compensated);
        run.Reason = "c: No disk.";

        var state = State(run, [root, done, failed]);
        var records = Records(run, [root, done, failed]);
        var stats = Stats(run, [root, done, failed]).ToDictionary(s => s.ActivityId);

        Assert.Equal(("No disk.", "a3"), (state["incidents"]![0]!["message"]!.ToString(), state["incidents"]![0]!["activityId"]!.ToString()));
        Assert.Equal(("Completed", "undone", "Removed."), (records[1].Status, records[1].Properties["runbooks:undo"]!.ToString(), records[1].Metadata["runbooks:undoNote"]!.ToString()));
        Assert.Equal(("Faulted", "No disk.", 1), (records[2].Status, records[2].Exception!.Message, records[2].AggregateFaultCount));
        Assert.Equal((1, 1, 1), (stats["a2"].StartedCount, stats["a2"].CompletedCount, stats["a2"].Metadata["runbooks:undone"]!.GetValue<int>()));
        Assert.Equal((true, 1), (stats["a3"].IsFaulted, stats["a3"].AggregateFaultCount));
        Assert.Equal((false, 1), (stats["a1"].IsFaulted, stats["a1"].AggregateFaultCount));
        Assert.True(stats["Workflow1"].IsFaulted);
    }

    [Fact]
    public void A_step_that_a_dry_run_left_out_says_that_it_was_not_done()
    {
        var step = NewStep(2, 1, ActivityStatus.Completed);
        step.State["leftOutByDryRun"] = true;
        step.Outcomes = ["Done"];
        var run = NewRun(RunStatus.Finished, dry: true);

        var record = Records(run, [NewStep(1, null), step])[1];

        Assert.Equal(("notDone", true), (record.Properties["runbooks:effect"]!.ToString(), record.Properties["runbooks:dryRun"]!.GetValue<bool>()));
        Assert.Equal("Done", record.Payload!["Outcomes"]![0]!.ToString());
        Assert.Equal(1, Stats(run, [NewStep(1, null), step]).Single(s => s.ActivityId == "a2").Metadata["runbooks:notDone"]!.GetValue<int>());
    }

    [Fact]
    public void Loops_count_in_the_badges()
    {
        ActivityExecution[] steps = [NewStep(1, null), NewStep(2, 1, ActivityStatus.Completed, "b"), NewStep(3, 1, ActivityStatus.Completed, "b"), NewStep(4, 1, node: "b")];

        var stats = Stats(NewRun(RunStatus.Executing), steps).Single(s => s.ActivityNodeId == "Workflow1:b");

        Assert.Equal((3, 2, 1, false), (stats.StartedCount, stats.CompletedCount, stats.UncompletedCount, stats.IsBlocked));
        Assert.True(stats.IsSameAs(Stats(NewRun(RunStatus.Executing), steps).Single(s => s.ActivityNodeId == "Workflow1:b")));
    }

    [Fact]
    public void Journal_entries_keep_their_names_and_outcomes_are_where_Elsa_looks_for_them()
    {
        var run = NewRun(RunStatus.Executing);
        var completed = JournalRecord.Of(run, null, Entry(4, "Workflow1:f:a", JournalEvents.Completed, new JsonObject { ["outcomes"] = new JsonArray("Done"), ["outputs"] = new JsonObject() }));
        var undone = JournalRecord.Of(run, null, Entry(5, "Workflow1:f:a", JournalEvents.Undone, null));
        var order = JournalRecord.Of(run, null, Entry(6, null, JournalEvents.Stimulus, new JsonObject { ["actor"] = "anna" }));

        Assert.Equal(("Completed", "a", "Done"), (completed.EventName, completed.ActivityId, completed.Payload!["Outcomes"]![0]!.ToString()));
        Assert.Equal(("Undone", "said"), (undone.EventName, undone.Message));
        Assert.Equal(("Workflow1", "Elsa.Workflow", "anna", $"{run.Id}-0"), (order.ActivityId, order.ActivityType, order.Payload!["actor"]!.ToString(), order.ActivityInstanceId));
    }

    private static JournalEntry Entry(long sequence, string? node, string name, JsonObject? payload) => new(sequence, Noon, node is null ? null : 2, node, name, "said", payload, "w1", 1);

    private static Run NewRun(RunStatus status, bool dry = false) => new()
    {
        Id = new RunId(Guid.NewGuid()),
        DefinitionId = "w",
        DefinitionVersion = 3,
        CreatedAt = Noon,
        StartedBy = "anna",
        Input = new JsonObject { ["Vm"] = "vm1" },
        Status = status,
        IsDryRun = dry,
        FinishedAt = status.IsEnd() ? Noon.AddMinutes(1) : null,
    };

    private static ActivityExecution NewStep(long number, long? parent, ActivityStatus status = ActivityStatus.Running, string? node = null) => new()
    {
        Number = number,
        ParentNumber = parent,
        NodeId = $"Workflow1:{node ?? $"a{number}"}",
        ActivityId = node ?? $"a{number}",
        ActivityType = "Test.Mark",
        ActivityName = "Mark",
        StartedAt = Noon,
        Status = status,
        CompletedAt = status == ActivityStatus.Running ? null : Noon,
    };

    private static InstanceFacts Facts(Run run, IReadOnlyList<ActivityExecution> steps, params Bookmark[] bookmarks) => new(new RunFacts(run, steps, null), bookmarks);

    private static JsonObject State(Run run, IReadOnlyList<ActivityExecution> steps, params Bookmark[] bookmarks) => InstanceShape.Of(Facts(run, steps, bookmarks), Noon).WorkflowState!;

    private static StepRecord[] Records(Run run, IReadOnlyList<ActivityExecution> steps) => [.. steps.Select(s => StepRecord.Of(Facts(run, steps), s))];

    private static IReadOnlyList<StepStats> Stats(Run run, IReadOnlyList<ActivityExecution> steps) => StepStats.Of(Facts(run, steps));

    private static JsonObject Json(object value) => JsonSerializer.SerializeToNode(value, value.GetType(), ElsaJson.Options)!.AsObject();
}
