using System.Text.Json.Nodes;
using Runbooks.Workflows.Journal;
using Runbooks.Workflows.Runs;

namespace Runbooks.Workflows.Tests.Contract;

/// <summary>What a commit writes, and when it writes nothing.</summary>
public abstract class CommitContract : RunStoreContract
{
    [Fact]
    public async Task A_commit_is_read_back_as_it_was_written()
    {
        var (run, claim) = await ClaimedAsync();
        FillHead(run);
        var step = FullStep(1);
        var bookmark = new Bookmark("b1", 1, "Elsa.Delay", Noon.AddHours(1), new JsonObject { ["k"] = "v" });
        var entry = NextEntry(run, claim, message: "Migrate web-1 to h2");
        await Runs.CommitAsync(new RunCommit(run, claim) { Executions = [step], AddedBookmarks = [bookmark], Journal = [entry] }, None);

        var read = await Runs.LoadAsync(claim, None);

        Assert.Equal(Text(run), Text(read.Run));
        Assert.Equal(Text(step), Text(Assert.Single(read.Executions)));
        Assert.Equal(Text(bookmark), Text(Assert.Single(read.Bookmarks)));
        Assert.Equal(Text(entry), Text(Assert.Single(await Runs.JournalAsync(run.Id, 0, 10, None))));
        Assert.Equal(Text(run), Text(await FoundAsync(run.Id)));
        Assert.Equal(Text(step), Text(Assert.Single(await Runs.ExecutionsAsync(run.Id, None))));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(6)]
    [InlineData(7)]
    [InlineData(20)]
    public async Task Commits_of_every_size_are_read_back_as_they_were_written(int size)
    {
        var (run, claim) = await ClaimedAsync();
        ActivityExecution[] steps = [.. Enumerable.Range(1, size).Select(n => n % 2 == 0 ? FullStep(n) : NewStep(n))];
        run.NextExecutionNumber = size + 1;
        JournalEntry[] entries = [.. steps.Select(s => NextEntry(run, claim, message: s.Number % 2 == 0 ? $"step {s.Number}" : null))];
        await Runs.CommitAsync(new RunCommit(run, claim) { Executions = steps, NewExecutions = steps.Select(s => s.Number).ToHashSet(), Journal = entries }, None);
        Assert.Equal(steps.Select(s => Text(s)), (await Runs.ExecutionsAsync(run.Id, None)).Select(s => Text(s)));

        foreach (var step in steps)
        {
            (step.Status, step.Effect, step.Attempt, step.Undo, step.UndoNote) = (ActivityStatus.Completed, EffectState.Done, 3, UndoState.Available, step.UndoNote is null ? "now" : null);
            (step.Outputs["n"], step.State["n"], step.Variables["n"], step.Progress) = (step.Number, step.Number, step.Number, step.Progress is null ? new JsonObject { ["n"] = 1 } : null);
            (step.Outcomes, step.CompletionOrder, step.Error, step.CompletedAt, step.Worker, step.CancelRequested) = (["Left"], step.Number, step.Error is null ? "now" : null, Noon, "w2", true);
        }

        await Runs.CommitAsync(new RunCommit(run, claim) { Executions = steps, NewExecutions = new HashSet<long>() }, None);

        Assert.Equal(steps.Select(s => Text(s)), (await Runs.ExecutionsAsync(run.Id, None)).Select(s => Text(s)));
        Assert.Equal(entries.Select(v => Text(v)), (await Runs.JournalAsync(run.Id, 0, 50, None)).Select(v => Text(v)));
    }

    /// <summary>A store may leave out what has not changed; it must not leave out what has changed back.</summary>
    [Fact]
    public async Task What_changes_in_a_head_is_written_whatever_the_commits_before_have_written()
    {
        var (run, claim) = await ClaimedAsync();
        var step = NewStep(1);
        Action[] changes =
        [
            () => run.Status = RunStatus.Executing,
            () => { },
            () => run.Reason = "now",
            () => run.Variables["v"] = 1,
            () => run.Variables["v"] = new string('x', 2000),
            () => run.Variables["v"] = new string('y', 2000),
            () => run.Output["o"] = 1,
            () => (run.Reason, run.Variables) = (null, []),
            () => (run.Name, run.CorrelationId, run.PausedBy) = ("n", "c", "anna"),
            () => (run.Name, run.CorrelationId, run.PausedBy) = (null, null, null),
            () => run.CompensatesTo = RunStatus.Cancelled,
            () => run.StartedAt = Noon,
            () => run.Passes.Add(new UndoPass(null, IncludesScope: false, PassMode.Confirm, null)),
            () => run.Incidents.Add(7),
            () => (run.Passes, run.Incidents) = ([], []),
            () => run.ParentBookmarkId = "b",
            () => run.FinishedAt = Noon,
            () => run.FinishedAt = null,
        ];
        for (var i = 0; i < changes.Length; i++)
        {
            changes[i]();
            step.State["i"] = i;
            (run.NextExecutionNumber, run.NextCompletionOrder) = (2 + i, 1 + i);
            var commit = new RunCommit(run, claim) { Executions = [step], NewExecutions = i == 0 ? new HashSet<long> { 1 } : new HashSet<long>(), Journal = [NextEntry(run, claim)] };
            await Runs.CommitAsync(commit, None);

            Assert.Equal(Text(run), Text(await FoundAsync(run.Id)));
            Assert.Equal(Text(step), Text(Assert.Single(await Runs.ExecutionsAsync(run.Id, None))));
        }
    }

    [Fact]
    public async Task A_usual_step_after_a_takeover_is_refused_and_nothing_of_it_is_written()
    {
        var (run, stale) = await ClaimedAsync();
        var step = NewStep(1);
        await Runs.CommitAsync(new RunCommit(run, stale) { Executions = [step], NewExecutions = new HashSet<long> { 1 }, Journal = [NextEntry(run, stale)] }, None);
        await Store.PassAsync(LongerThanTheLease);
        _ = await ClaimAsync("w2");
        step.Status = ActivityStatus.Completed;
        var late = new RunCommit(run, stale) { Executions = [step, NewStep(2)], NewExecutions = new HashSet<long> { 2 }, Journal = [NextEntry(run, stale)] };

        await Assert.ThrowsAsync<LeaseLostException>(() => Runs.CommitAsync(late, None));

        Assert.Equal(ActivityStatus.Running, Assert.Single(await Runs.ExecutionsAsync(run.Id, None)).Status);
        Assert.Single(await Runs.JournalAsync(run.Id, 0, 10, None));
    }

    [Fact]
    public async Task A_commit_after_a_takeover_is_refused_and_nothing_of_it_is_written()
    {
        var (run, stale) = await ClaimedAsync();
        await Store.PassAsync(LongerThanTheLease);
        var current = await ClaimAsync("w2");
        var child = NewRun("migrate-vm", parent: run.Id);
        var (bystander, _) = await ClaimedAsync(worker: "w3");
        run.Reason = "written by the worker that came too late";
        var late = new RunCommit(run, stale)
        {
            Executions = [NewStep(1)],
            AddedBookmarks = [new Bookmark("b1", 1, "Elsa.Delay", null, null)],
            Journal = [NextEntry(run, stale)],
            Stimuli = [NewStimulus(bystander.Id, "from-the-dead")],
            NewRuns = [child],
            Messages = [new OutgoingMessage("late", [])],
            ReleaseLease = true,
        };

        await Assert.ThrowsAsync<LeaseLostException>(() => Runs.CommitAsync(late, None));

        var read = await Runs.LoadAsync(current, None);
        Assert.Null(read.Run.Reason);
        Assert.Empty(read.Executions);
        Assert.Empty(read.Bookmarks);
        Assert.Empty(await Runs.JournalAsync(run.Id, 0, 10, None));
        Assert.Null(await Runs.FindAsync(child.Id, None));
        Assert.Equal(0, await Store.Outbox.DispatchAsync((_, _) => Task.CompletedTask, 10, None));
        Assert.True(await Runs.IsCurrentAsync(current, None));
        await Store.PassAsync(LongerThanTheLease);
        Assert.Empty((await Runs.LoadAsync(await ClaimOfAsync(bystander.Id), None)).Stimuli);
    }

    [Fact]
    public async Task A_commit_after_the_worker_let_go_is_refused()
    {
        var (run, claim) = await ClaimedAsync();
        await SuspendAsync(run, claim);

        await Assert.ThrowsAsync<LeaseLostException>(() => Runs.CommitAsync(new RunCommit(run, claim), None));
        await Assert.ThrowsAsync<LeaseLostException>(() => Runs.LoadAsync(claim, None));
    }

    [Fact]
    public async Task A_commit_on_an_expired_lease_that_nobody_has_taken_is_written()
    {
        var (run, claim) = await ClaimedAsync();
        await Store.PassAsync(LongerThanTheLease);
        run.Reason = "slow but alone";

        await Runs.CommitAsync(new RunCommit(run, claim), None);

        Assert.Equal("slow but alone", (await FoundAsync(run.Id)).Reason);
    }

    [Fact]
    public async Task What_was_not_committed_is_not_there()
    {
        var (run, claim) = await ClaimedAsync();
        var step = NewStep(1);
        await Runs.CommitAsync(new RunCommit(run, claim) { Executions = [step] }, None);
        run.Variables["v"] = "changed after the commit";
        step.Inputs["vm"] = "changed after the commit";
        step.Outcomes.Add("Done");
        var snapshot = await Runs.LoadAsync(claim, None);
        snapshot.Run.Output["o"] = "changed after the load";
        snapshot.Executions[0].State["s"] = "changed after the load";

        var read = await Runs.LoadAsync(claim, None);

        Assert.Empty(read.Run.Variables);
        Assert.Empty(read.Run.Output);
        Assert.Empty(read.Executions[0].Inputs);
        Assert.Empty(read.Executions[0].State);
        Assert.Empty(read.Executions[0].Outcomes);
    }

    [Fact]
    public async Task A_step_is_overwritten_by_its_number_and_the_others_stay()
    {
        var (run, claim) = await ClaimedAsync();
        await Runs.CommitAsync(new RunCommit(run, claim) { Executions = [NewStep(1), NewStep(2)] }, None);
        var changed = NewStep(1);
        changed.Status = ActivityStatus.Completed;
        changed.Outputs["host"] = "h2";
        await Runs.CommitAsync(new RunCommit(run, claim) { Executions = [changed, NewStep(3)] }, None);

        var read = await Runs.ExecutionsAsync(run.Id, None);

        Assert.Equal([1L, 2L, 3L], read.Select(s => s.Number));
        Assert.Equal(ActivityStatus.Completed, read[0].Status);
        Assert.Equal("h2", (string?)read[0].Outputs["host"]);
        Assert.Equal(ActivityStatus.Running, read[1].Status);
    }

    [Fact]
    public async Task Bookmarks_are_added_and_removed_by_id()
    {
        var (run, claim) = await ClaimedAsync();
        var wait = new Bookmark("b1", 1, "Elsa.Delay", Noon, null);
        await Runs.CommitAsync(new RunCommit(run, claim) { AddedBookmarks = [wait, wait with { Id = "b2" }] }, None);
        await Runs.CommitAsync(new RunCommit(run, claim) { AddedBookmarks = [wait with { Name = "made again" }], RemovedBookmarkIds = ["b2", "never-there"] }, None);

        var left = Assert.Single((await Runs.LoadAsync(claim, None)).Bookmarks);

        Assert.Equal(wait with { Name = "made again" }, left);
    }

    [Fact]
    public async Task Journal_numbers_go_on_without_a_gap_and_a_commit_sent_twice_is_refused()
    {
        var (run, claim) = await ClaimedAsync();
        var first = new RunCommit(run, claim) { Journal = [NextEntry(run, claim), NextEntry(run, claim)] };
        await Runs.CommitAsync(first, None);

        await Assert.ThrowsAsync<InvalidOperationException>(() => Runs.CommitAsync(first, None));

        run.NextJournalSequence = 7;
        var gap = new RunCommit(run, claim) { Journal = [NextEntry(run, claim)], Executions = [NewStep(1)] };
        await Assert.ThrowsAsync<InvalidOperationException>(() => Runs.CommitAsync(gap, None));
        Assert.Equal([1L, 2L], (await Runs.JournalAsync(run.Id, 0, 10, None)).Select(e => e.Sequence));
        Assert.Empty(await Runs.ExecutionsAsync(run.Id, None));
        Assert.Equal(3, (await FoundAsync(run.Id)).NextJournalSequence);
    }

    [Fact]
    public async Task A_journal_is_read_in_pages_in_order()
    {
        var (run, claim) = await ClaimedAsync();
        for (var i = 0; i < 5; i++)
        {
            await Runs.CommitAsync(new RunCommit(run, claim) { Journal = [NextEntry(run, claim), NextEntry(run, claim)] }, None);
        }

        Assert.Equal([1L, 2L, 3L, 4L], (await Runs.JournalAsync(run.Id, 0, 4, None)).Select(e => e.Sequence));
        Assert.Equal([9L, 10L], (await Runs.JournalAsync(run.Id, 8, 4, None)).Select(e => e.Sequence));
        Assert.Empty(await Runs.JournalAsync(run.Id, 10, 4, None));
        Assert.Empty(await Runs.JournalAsync(new RunId(Guid.NewGuid()), 0, 4, None));
    }

    [Fact]
    public async Task Progress_is_written_under_the_current_claim_only()
    {
        var (run, stale) = await ClaimedAsync();
        await Runs.CommitAsync(new RunCommit(run, stale) { Executions = [NewStep(1)] }, None);
        await Runs.ReportProgressAsync(stale, 1, new JsonObject { ["percent"] = 40 }, None);
        await Store.PassAsync(LongerThanTheLease);
        await ClaimAsync("w2");

        await Runs.ReportProgressAsync(stale, 1, new JsonObject { ["percent"] = 99 }, None);

        var step = Assert.Single(await Runs.ExecutionsAsync(run.Id, None));
        Assert.Equal(40, (int?)step.Progress?["percent"]);
    }

    [Fact]
    public async Task Text_that_came_from_a_broken_host_is_stored_and_does_not_stop_the_run()
    {
        var (run, claim) = await ClaimedAsync();
        run.Reason = "virsh said: \0\ud800 end";
        var step = NewStep(1);
        step.Error = "\0";
        step.Outputs["text"] = "nul \0 and half \ud800";
        step.Outcomes.Add("a\0b");
        await Runs.CommitAsync(new RunCommit(run, claim) { Executions = [step], Journal = [NextEntry(run, claim, message: "\0")] }, None);

        var read = await Runs.LoadAsync(claim, None);

        Assert.StartsWith("virsh said: ", read.Run.Reason, StringComparison.Ordinal);
        Assert.EndsWith(" end", read.Run.Reason, StringComparison.Ordinal);
        Assert.StartsWith("nul ", (string?)read.Executions[0].Outputs["text"], StringComparison.Ordinal);
        Assert.Single(read.Executions[0].Outcomes);
    }

    private async Task<RunClaim> ClaimOfAsync(RunId id)
    {
        while (true)
        {
            var claim = await ClaimAsync("reader");
            if (claim.RunId == id)
            {
                return claim;
            }
        }
    }

    private static string Text<T>(T value) => System.Text.Json.JsonSerializer.Serialize(value);

    private static void FillHead(Run run)
    {
        run.CorrelationId = "rack-8";
        run.Output = new JsonObject { ["moves"] = new JsonArray(1, 2.5, "three", null, true) };
        run.Variables = new JsonObject { ["z"] = 1, ["a"] = new JsonObject { ["nested"] = "ünïcode ✓" } };
        run.Status = RunStatus.Compensating;
        run.Reason = "Host h2 refused: no room.";
        run.CompensatesTo = RunStatus.Cancelled;
        run.NextExecutionNumber = 8;
        run.NextCompletionOrder = 4;
        run.StartedAt = Noon.AddSeconds(1);
        run.FinishedAt = Noon.AddSeconds(2);
    }

    private static ActivityExecution FullStep(long number) => new()
    {
        Number = number,
        ParentNumber = 7,
        NodeId = "Workflow1:Flowchart1:a-move",
        ActivityId = "a-move",
        ActivityType = "Runbooks.MigrateVm",
        ActivityName = "Move",
        Status = ActivityStatus.Faulted,
        Inputs = new JsonObject { ["vm"] = "web-1", ["after"] = 1 },
        Outputs = new JsonObject { ["host"] = "h2" },
        Outcomes = ["Done", "Moved"],
        State = new JsonObject { ["index"] = 12 },
        Variables = new JsonObject { ["x"] = JsonNode.Parse("[1,{}]") },
        Effect = EffectState.Unknown,
        Attempt = 2,
        Undo = UndoState.Irreversible,
        UndoNote = "A started VM is not stopped.",
        CompletionOrder = 3,
        Progress = new JsonObject { ["percent"] = 40 },
        Error = "h2 is silent.",
        StartedAt = Noon,
        CompletedAt = Noon.AddMinutes(1),
        Worker = "w1",
    };
}
