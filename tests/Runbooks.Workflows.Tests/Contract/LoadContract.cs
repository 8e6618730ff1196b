using System.Text.Json.Nodes;
using Runbooks.Workflows.Journal;
using Runbooks.Workflows.Runs;

namespace Runbooks.Workflows.Tests.Contract;

/// <summary>What a claim loads, what it leaves out, and what a commit does not write again.</summary>
public abstract class LoadContract : RunStoreContract
{
    [Fact]
    public async Task A_load_brings_the_root_what_runs_and_all_above_it_and_leaves_out_what_has_ended()
    {
        var (run, claim) = await ClaimedAsync();
        ActivityExecution[] steps =
        [
            Step(1, null, "root"),
            Step(2, 1, "loop"),
            Step(3, 2, "a", ActivityStatus.Completed),
            Step(4, 2, "a", ActivityStatus.Completed),
            Step(5, 2, "b", ActivityStatus.Faulted),
            Step(6, 2, "c", ActivityStatus.Canceled),
            Step(7, 2, "a"),
        ];
        await CommitAsync(run, claim, steps);

        var loaded = await Runs.LoadAsync(claim, None);

        Assert.Equal([1L, 2L, 4L, 7L], loaded.Executions.Select(e => e.Number));
        Assert.False(loaded.IsWhole);
        Assert.Equal([1L, 2L, 3L, 4L, 5L, 6L, 7L], (await Runs.HistoryAsync(claim, None)).Select(e => e.Number));
    }

    [Fact]
    public async Task Steps_above_one_that_still_runs_are_loaded_although_they_have_ended()
    {
        var (run, claim) = await ClaimedAsync();
        await CommitAsync(
            run,
            claim,
            Step(1, null, "root", ActivityStatus.Completed),
            Step(2, 1, "inner", ActivityStatus.Canceled),
            Step(3, 2, "innermost", ActivityStatus.Faulted),
            Step(4, 3, "effect"));

        Assert.Equal([1L, 2L, 3L, 4L], (await Runs.LoadAsync(claim, None)).Executions.Select(e => e.Number));
    }

    [Fact]
    public async Task Of_each_activity_the_step_that_completed_last_is_loaded_whatever_its_number()
    {
        var (run, claim) = await ClaimedAsync();
        var steps = new List<ActivityExecution> { Step(1, null, "root") };
        for (var i = 0; i < 30; i++)
        {
            steps.Add(Step(2 + i, 1, $"activity-{i % 3}", ActivityStatus.Completed));
        }

        // Started early, ended late.
        steps[4].CompletionOrder = 1000;
        await CommitAsync(run, claim, [.. steps]);

        var loaded = (await Runs.LoadAsync(claim, None)).Executions;

        Assert.Equal([1L, 5L, 30L, 31L], loaded.Select(e => e.Number).Order());
        Assert.Equal(["activity-0", "activity-1", "activity-2"], loaded.Skip(1).Select(e => e.ActivityId).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task The_step_with_the_last_result_is_loaded_also_when_a_later_one_of_its_activity_has_none()
    {
        var (run, claim) = await ClaimedAsync();
        var first = Step(2, 1, "a", ActivityStatus.Completed);
        first.Outputs["Result"] = 1;
        var second = Step(3, 1, "b", ActivityStatus.Completed);
        second.Outputs["Result"] = null;
        await CommitAsync(run, claim, Step(1, null, "root"), first, second, Step(4, 1, "b", ActivityStatus.Completed));
        await CommitAsync(run, claim, first);

        var loaded = (await Runs.LoadAsync(claim, None)).Executions;

        Assert.Equal([1L, 2L, 3L, 4L], loaded.Select(e => e.Number));
    }

    [Fact]
    public async Task A_step_that_waits_is_loaded_whatever_its_status()
    {
        var (run, claim) = await ClaimedAsync();
        run.NextExecutionNumber = 3;
        await Runs.CommitAsync(
            new RunCommit(run, claim)
            {
                Executions = [Step(1, null, "root"), Step(2, 1, "wait", ActivityStatus.Canceled)],
                AddedBookmarks = [new Bookmark("b1", 2, "Elsa.ExecuteWorkflow", null, null)],
            },
            None);

        var loaded = await Runs.LoadAsync(claim, None);

        Assert.Equal([1L, 2L], loaded.Executions.Select(e => e.Number));
        Assert.True(loaded.IsWhole);
    }

    [Fact]
    public async Task A_run_that_has_not_begun_is_loaded_whole()
    {
        var (_, claim) = await ClaimedAsync();

        var loaded = await Runs.LoadAsync(claim, None);

        Assert.Empty(loaded.Executions);
        Assert.True(loaded.IsWhole);
        Assert.Empty(await Runs.HistoryAsync(claim, None));
    }

    [Fact]
    public async Task History_is_for_the_current_claim_only()
    {
        var (run, stale) = await ClaimedAsync();
        await CommitAsync(run, stale, Step(1, null, "root"));
        await Store.PassAsync(LongerThanTheLease);
        _ = await ClaimAsync("w2");

        await Assert.ThrowsAsync<LeaseLostException>(() => Runs.HistoryAsync(stale, None));
    }

    [Theory]
    [InlineData(false, 1)]
    [InlineData(true, 1)]
    [InlineData(true, 1000)]
    public async Task Inputs_of_a_step_that_is_not_new_stay_and_all_else_changes(bool loaded, int items)
    {
        var (run, claim) = await ClaimedAsync();
        if (loaded)
        {
            _ = await Runs.LoadAsync(claim, None);
        }

        var step = Step(1, null, "loop");
        step.Inputs["items"] = "a long list";
        step.State["items"] = new JsonArray([.. Enumerable.Range(0, items).Select(i => (JsonNode)i)]);
        await Runs.CommitAsync(new RunCommit(run, claim) { Executions = [step], NewExecutions = new HashSet<long> { 1 } }, None);
        step.Inputs["items"] = "not to be written";
        step.State["index"] = 1;
        step.Outputs["current"] = "x";
        step.Variables["v"] = "y";
        step.Outcomes = ["Done", "quoted \" and \\ and {,} and \n"];
        step.CancelRequested = true;
        step.Status = ActivityStatus.Completed;
        await Runs.CommitAsync(new RunCommit(run, claim) { Executions = [step, Step(2, 1, "new")], NewExecutions = new HashSet<long> { 2 } }, None);

        var read = await Runs.ExecutionsAsync(run.Id, None);

        Assert.Equal("a long list", (string?)read[0].Inputs["items"]);
        Assert.Equal((1, "x", "y"), ((int?)read[0].State["index"], (string?)read[0].Outputs["current"], (string?)read[0].Variables["v"]));
        Assert.Equal(step.Outcomes, read[0].Outcomes);
        Assert.True(read[0].CancelRequested);
        Assert.Equal(ActivityStatus.Completed, read[0].Status);
        Assert.Equal(items, read[0].State["items"]!.AsArray().Count);
        Assert.Equal(["loop", "new"], read.Select(e => e.ActivityId));
    }

    [Fact]
    public async Task Long_values_that_change_and_change_back_are_stored_each_time()
    {
        var (run, claim) = await ClaimedAsync();
        _ = await Runs.LoadAsync(claim, None);
        var step = Step(1, null, "root");
        var values = new[] { new string('a', 5000), new string('b', 5000), "short", new string('b', 5000), new string('b', 5000), new string('a', 5000) };
        var isNew = new HashSet<long> { 1 };
        foreach (var value in values)
        {
            step.Variables["v"] = value;
            run.Variables["v"] = value;
            run.Output["o"] = value;
            await Runs.CommitAsync(new RunCommit(run, claim) { Executions = [step], NewExecutions = isNew }, None);
            isNew = [];

            var head = await FoundAsync(run.Id);
            Assert.Equal((value, value), ((string?)head.Variables["v"], (string?)head.Output["o"]));
            Assert.Equal(value, (string?)Assert.Single(await Runs.ExecutionsAsync(run.Id, None)).Variables["v"]);
        }
    }

    [Fact]
    public async Task Who_was_told_something_goes_first_then_who_is_due_then_who_is_new()
    {
        var (told, first) = await ClaimedAsync();
        var (due, second) = await ClaimedAsync();
        await SuspendAsync(told, first);
        await SuspendAsync(due, second, new Bookmark("b1", 1, "Elsa.Delay", (await Store.NowAsync()).AddMinutes(-1), null));
        var isNew = NewRun();
        await Runs.CreateAsync(isNew, None);
        await Runs.SendAsync(NewStimulus(told.Id, "s1"), None);

        Assert.Equal([told.Id, due.Id, isNew.Id], [(await ClaimAsync()).RunId, (await ClaimAsync()).RunId, (await ClaimAsync()).RunId]);
    }

    [Fact]
    public async Task A_stimulus_is_seen_at_once_after_many_looks_into_an_empty_inbox()
    {
        var (run, claim) = await ClaimedAsync();
        _ = await Runs.LoadAsync(claim, None);
        for (var i = 0; i < 5; i++)
        {
            Assert.Empty(await Runs.InboxAsync(claim, None));
        }

        await Runs.SendAsync(NewStimulus(run.Id, "s1"), None);

        Assert.Equal("s1", Assert.Single(await Runs.InboxAsync(claim, None)).Id);
        Assert.Equal("s1", Assert.Single(await Runs.InboxAsync(claim, None)).Id);
    }

    private static ActivityExecution Step(long number, long? parent, string activity, ActivityStatus status = ActivityStatus.Running) => new()
    {
        Number = number,
        ParentNumber = parent,
        NodeId = $"Workflow1:{activity}",
        ActivityId = activity,
        ActivityType = "Test",
        ActivityName = activity,
        Status = status,
        CompletionOrder = status == ActivityStatus.Completed ? number : null,
        StartedAt = Noon,
    };

    private async Task CommitAsync(Run run, RunClaim claim, params ActivityExecution[] steps)
    {
        run.NextExecutionNumber = Math.Max(run.NextExecutionNumber, steps.Max(s => s.Number) + 1);
        await Runs.CommitAsync(new RunCommit(run, claim) { Executions = steps }, None);
    }
}
