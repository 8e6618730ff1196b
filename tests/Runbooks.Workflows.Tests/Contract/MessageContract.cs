using System.Globalization;
using System.Text.Json.Nodes;
using Runbooks.Workflows.Journal;
using Runbooks.Workflows.Runs;

namespace Runbooks.Workflows.Tests.Contract;

/// <summary>Messages to runs (inbox), between runs, and to the world (outbox).</summary>
public abstract class MessageContract : RunStoreContract
{
    [Fact]
    public async Task A_stimulus_waits_in_order_until_a_commit_applies_it()
    {
        var (run, claim) = await ClaimedAsync();
        var first = NewStimulus(run.Id, "s1");
        await Runs.SendAsync(first, None);
        await Runs.SendAsync(NewStimulus(run.Id, "s2") with { Kind = StimulusKind.Resume, BookmarkId = "b1", Input = null, Reason = null }, None);

        var inbox = await Runs.InboxAsync(claim, None);
        await Runs.CommitAsync(new RunCommit(run, claim) { AppliedStimulusIds = ["s1"] }, None);

        Assert.Equal(["s1", "s2"], inbox.Select(s => s.Id));
        Assert.Equal(first with { Input = null }, inbox[0] with { Input = null });
        Assert.Equal(first.Input!.ToJsonString(), inbox[0].Input!.ToJsonString());
        Assert.Equal("s2", Assert.Single(await Runs.InboxAsync(claim, None)).Id);
        Assert.Equal(new Stimulus("s2", run.Id, StimulusKind.Resume, "b1", null, "operator:anna", null), Assert.Single((await Runs.LoadAsync(claim, None)).Stimuli));
    }

    [Fact]
    public async Task A_repeated_stimulus_is_dropped_before_and_after_it_was_applied()
    {
        var (run, claim) = await ClaimedAsync();
        Assert.True(await Runs.SendAsync(NewStimulus(run.Id, "s1"), None));
        Assert.True(await Runs.SendAsync(NewStimulus(run.Id, "s1"), None));
        Assert.Single(await Runs.InboxAsync(claim, None));
        await Runs.CommitAsync(new RunCommit(run, claim) { AppliedStimulusIds = ["s1"] }, None);

        Assert.True(await Runs.SendAsync(NewStimulus(run.Id, "s1"), None));

        Assert.Empty(await Runs.InboxAsync(claim, None));
    }

    [Fact]
    public async Task A_stimulus_to_an_ended_or_unknown_run_is_refused()
    {
        var (run, claim) = await ClaimedAsync();
        await EndAsync(run, claim);

        Assert.False(await Runs.SendAsync(NewStimulus(run.Id, "s1"), None));
        Assert.False(await Runs.SendAsync(NewStimulus(new RunId(Guid.NewGuid()), "s2"), None));
    }

    [Fact]
    public async Task A_parent_creates_its_child_and_a_child_wakes_its_parent_each_in_one_commit()
    {
        var (parent, claim) = await ClaimedAsync();
        var child = NewRun("migrate-vm", key: $"{parent.Id}:1", parent: parent.Id);
        parent.Status = RunStatus.Suspended;
        await Runs.CommitAsync(
            new RunCommit(parent, claim) { NewRuns = [child], AddedBookmarks = [new Bookmark("b1", 1, "Elsa.ExecuteWorkflow", null, null)], ReleaseLease = true },
            None);
        var childClaim = await ClaimAsync("w2");
        Assert.Equal(child.Id, childClaim.RunId);
        var loaded = (await Runs.LoadAsync(childClaim, None)).Run;
        loaded.Status = RunStatus.Finished;
        var done = new Stimulus($"{child.Id}:end", parent.Id, StimulusKind.Resume, "b1", "moved", $"run:{child.Id}", null);
        await Runs.CommitAsync(new RunCommit(loaded, childClaim) { Stimuli = [done], ReleaseLease = true }, None);

        var again = await ClaimAsync("w1");

        Assert.Equal(parent.Id, again.RunId);
        var received = Assert.Single((await Runs.LoadAsync(again, None)).Stimuli);
        Assert.Equal("b1", received.BookmarkId);
        Assert.Equal("moved", (string?)received.Input);
    }

    [Fact]
    public async Task A_child_whose_key_exists_is_left_as_it_is()
    {
        var (parent, claim) = await ClaimedAsync();
        var first = NewRun("migrate-vm", key: "child-1", parent: parent.Id);
        await Runs.CommitAsync(new RunCommit(parent, claim) { NewRuns = [first] }, None);

        await Runs.CommitAsync(new RunCommit(parent, claim) { NewRuns = [NewRun("other", key: "child-1"), first] }, None);

        Assert.Equal(first.Id, Assert.Single(await Runs.ListAsync(new RunFilter { ParentRunId = parent.Id }, None)).Id);
        Assert.Equal(2, (await Runs.ListAsync(new RunFilter(), None)).Count);
    }

    [Fact]
    public async Task A_stimulus_of_a_commit_to_an_ended_or_unknown_run_is_dropped_and_the_rest_is_written()
    {
        var (ended, first) = await ClaimedAsync();
        await EndAsync(ended, first);
        var (run, claim) = await ClaimedAsync();
        var child = NewRun();
        var commit = new RunCommit(run, claim)
        {
            NewRuns = [child],
            Stimuli = [NewStimulus(ended.Id, "s1"), NewStimulus(new RunId(Guid.NewGuid()), "s2"), NewStimulus(child.Id, "s3")],
        };

        await Runs.CommitAsync(commit, None);

        var childClaim = await ClaimAsync();
        Assert.Equal(child.Id, childClaim.RunId);
        Assert.Equal("s3", Assert.Single(await Runs.InboxAsync(childClaim, None)).Id);
    }

    [Fact]
    public async Task Messages_are_published_in_the_order_of_their_commits_and_then_forgotten()
    {
        await CommitMessagesAsync(1, 2);
        await CommitMessagesAsync(3);

        Assert.Equal([1, 2], await DispatchedAsync(limit: 2));
        Assert.Equal([3], await DispatchedAsync(limit: 2));
        Assert.Empty(await DispatchedAsync(limit: 2));
    }

    [Fact]
    public async Task A_message_that_cannot_be_published_stays_with_those_behind_it()
    {
        await CommitMessagesAsync(1, 2, 3);
        Task BrokerDiesAtTwo(OutgoingMessage message, CancellationToken cancellationToken) =>
            Number(message) == 2 ? throw new IOException("The broker is down.") : Task.CompletedTask;

        await Assert.ThrowsAsync<IOException>(() => Store.Outbox.DispatchAsync(BrokerDiesAtTwo, 10, None));

        Assert.Equal([2, 3], await DispatchedAsync());
    }

    [Fact]
    public async Task Dispatchers_at_the_same_moment_publish_each_message_once_and_in_order()
    {
        await CommitMessagesAsync([.. Enumerable.Range(1, 30)]);
        var published = new List<int>();
        Task Publish(OutgoingMessage message, CancellationToken cancellationToken)
        {
            lock (published)
            {
                published.Add(Number(message));
            }

            return Task.CompletedTask;
        }

        await Task.WhenAll(Enumerable.Range(0, 6).Select(_ => Task.Run(() => Store.Outbox.DispatchAsync(Publish, 10, None))));
        while (await Store.Outbox.DispatchAsync(Publish, 10, None) > 0)
        {
        }

        Assert.Equal(Enumerable.Range(1, 30), published);
    }

    private async Task CommitMessagesAsync(params int[] numbers)
    {
        var (run, claim) = await ClaimedAsync();
        var messages = numbers.Select(n => new OutgoingMessage("run-status-changed", new JsonObject { ["n"] = n })).ToList();
        await Runs.CommitAsync(new RunCommit(run, claim) { Messages = messages }, None);
        await EndAsync(run, claim);
    }

    private async Task<List<int>> DispatchedAsync(int limit = 10)
    {
        var published = new List<int>();
        var count = await Store.Outbox.DispatchAsync(
            (message, _) =>
            {
                Assert.Equal("run-status-changed", message.Type);
                published.Add(Number(message));
                return Task.CompletedTask;
            },
            limit,
            None);
        Assert.Equal(published.Count, count);
        return published;
    }

    private static int Number(OutgoingMessage message) => int.Parse(message.Body["n"]!.ToJsonString(), CultureInfo.InvariantCulture);
}
