using System.Text.Json.Nodes;
using Runbooks.Workflows.Events;
using Runbooks.Workflows.Journal;
using Runbooks.Workflows.Runs;

namespace Runbooks.Workflows.Tests.Contract;

/// <summary>Events: none is lost, whether it comes before or after the bookmark that waits for it, and none is taken twice.</summary>
public abstract class EventContract : RunStoreContract
{
    private const string Repaired = "event:host-repaired";

    private static readonly TimeSpan Day = TimeSpan.FromHours(24);

    [Fact]
    public async Task An_event_wakes_every_run_that_waits_for_it_and_no_other()
    {
        var first = await WaitingAsync("b1");
        var second = await WaitingAsync("b2");
        var other = await WaitingAsync("b3", key: "event:something-else");

        var receipt = await PublishAsync("e1");

        Assert.False(receipt.Kept);
        Assert.Equal(new[] { first, second }.OrderBy(r => r.Value), receipt.Woken.OrderBy(r => r.Value));
        var claim = await ClaimAsync();
        var stimulus = Assert.Single((await Runs.LoadAsync(claim, None)).Stimuli);
        Assert.Equal((StimulusKind.Resume, "anna", "e1"), (stimulus.Kind, stimulus.Actor, EventStimulus.EventOf(stimulus)));
        Assert.Equal("""{"host":"h1"}""", stimulus.Input!.ToJsonString());
        _ = await ClaimAsync();
        Assert.Null(await Runs.ClaimNextAsync("w1", Lease, None));
        Assert.Equal(RunStatus.Suspended, (await FoundAsync(other)).Status);
    }

    [Fact]
    public async Task An_event_that_comes_before_its_bookmark_waits_for_it()
    {
        Assert.True((await PublishAsync("e1")).Kept);

        var run = await WaitingAsync("b1");

        var claim = await ClaimAsync();
        Assert.Equal(run, claim.RunId);
        var stimulus = Assert.Single((await Runs.LoadAsync(claim, None)).Stimuli);
        Assert.Equal(("b1", "e1"), (stimulus.BookmarkId, EventStimulus.EventOf(stimulus)));
        await WaitingAsync("b2");
        Assert.Null(await Runs.ClaimNextAsync("w2", Lease, None));
    }

    [Fact]
    public async Task The_oldest_kept_event_is_taken_first_and_each_bookmark_takes_one()
    {
        await PublishAsync("e1");
        await PublishAsync("e2");
        await PublishAsync("e3");
        var (run, claim) = await ClaimedAsync();

        await SuspendAsync(run, claim, Waits("b1"), Waits("b2", number: 2));

        var inbox = (await Runs.LoadAsync(await ClaimAsync(), None)).Stimuli;
        Assert.Equal([("b1", "e1"), ("b2", "e2")], inbox.Select(s => (s.BookmarkId!, EventStimulus.EventOf(s)!)));
        Assert.Equal("e3", (await Store.Events.FindEventAsync("e3", None))!.Id);
    }

    [Fact]
    public async Task A_second_event_for_a_bookmark_that_is_woken_already_is_kept_for_the_next_one()
    {
        var run = await WaitingAsync("b1");
        await PublishAsync("e1");

        Assert.True((await PublishAsync("e2")).Kept);

        var claim = await ClaimAsync();
        var loaded = await Runs.LoadAsync(claim, None);
        await Runs.CommitAsync(
            new RunCommit(loaded.Run, claim) { AppliedStimulusIds = [loaded.Stimuli[0].Id], RemovedBookmarkIds = ["b1"], AddedBookmarks = [Waits("b2")] }, None);
        var next = Assert.Single(await Runs.InboxAsync(claim, None));
        Assert.Equal(("b2", "e2"), (next.BookmarkId, EventStimulus.EventOf(next)));
        Assert.Equal(run, next.RunId);
    }

    [Fact]
    public async Task The_same_event_twice_is_the_same_event()
    {
        await WaitingAsync("b1");
        await PublishAsync("e1");
        await PublishAsync("e2");

        var again = await PublishAsync("e1");
        var keptAgain = await PublishAsync("e2", key: "event:another");

        Assert.Equal((true, true), (again.Repeated, keptAgain.Repeated));
        Assert.Empty(again.Woken);
        Assert.Single(await Runs.InboxAsync(await ClaimAsync(), None));
        Assert.Equal(Repaired, (await Store.Events.FindEventAsync("e2", None))!.Key);
    }

    [Theory]
    [InlineData(null, null, true)]
    [InlineData("c1", null, true)]
    [InlineData(null, "c1", true)]
    [InlineData("c1", "c1", true)]
    [InlineData("c1", "c2", false)]
    public async Task Correlation_ids_that_differ_do_not_fit(string? ofEvent, string? ofBookmark, bool fits)
    {
        await WaitingAsync("b1", correlation: ofBookmark);

        Assert.Equal(fits ? 1 : 0, (await PublishAsync("e1", correlation: ofEvent)).Woken.Count);

        await PublishAsync("e2", key: "event:early", correlation: ofEvent);
        await WaitingAsync("b2", key: "event:early", correlation: ofBookmark);
        Assert.Equal(fits, await Runs.ClaimNextAsync("w1", Lease, None) is not null);
    }

    [Fact]
    public async Task An_event_for_one_run_is_for_no_other()
    {
        var one = await WaitingAsync("b1");
        await WaitingAsync("b2");
        var (busy, claim) = await ClaimedAsync();

        Assert.Equal([one], (await PublishAsync("e1", run: one)).Woken);
        Assert.True((await PublishAsync("e2", key: "event:early", run: busy.Id)).Kept);
        await WaitingAsync("b3", key: "event:early", worker: "w2");
        await Runs.CommitAsync(new RunCommit(busy, claim) { AddedBookmarks = [Waits("b4", key: "event:early")] }, None);

        Assert.Equal("b4", Assert.Single(await Runs.InboxAsync(claim, None)).BookmarkId);
    }

    [Fact]
    public async Task What_is_not_to_be_kept_is_not_there_afterwards()
    {
        var receipt = await Store.Events.PublishAsync(Event("e1") with { KeepFor = TimeSpan.Zero }, 0, None);

        Assert.Equal((false, false, 0), (receipt.Kept, receipt.Repeated, receipt.Woken.Count));
        Assert.Null(await Store.Events.FindEventAsync("e1", None));
    }

    [Fact]
    public async Task An_event_that_started_a_run_is_known_but_not_kept()
    {
        Assert.False((await Store.Events.PublishAsync(Event("e1"), 1, None)).Kept);

        await WaitingAsync("b1");

        Assert.Null(await Runs.ClaimNextAsync("w1", Lease, None));
        Assert.True((await PublishAsync("e1")).Repeated);
    }

    [Fact]
    public async Task Events_whose_time_is_over_are_forgotten_and_those_that_nobody_took_are_named()
    {
        await WaitingAsync("b1");
        await PublishAsync("taken");
        await PublishAsync("early");
        await Store.Events.PublishAsync(Event("longer") with { KeepFor = TimeSpan.FromHours(48) }, 0, None);
        Assert.Empty(await Store.Events.ExpireEventsAsync(10, None));

        await Store.PassAsync(Day + TimeSpan.FromMinutes(1));
        await Runs.ReleaseAllAsync("w1", None);
        Assert.Equal(["early"], (await Store.Events.ExpireEventsAsync(10, None)).Select(e => e.Id));

        Assert.Null(await Store.Events.FindEventAsync("taken", None));
        Assert.NotNull(await Store.Events.FindEventAsync("longer", None));
        await Store.PassAsync(Day);
        await WaitingAsync("b2", worker: "w2");
        Assert.Equal(["longer"], (await Store.Events.ExpireEventsAsync(10, None)).Select(e => e.Id));
    }

    [Fact]
    public async Task An_event_that_its_run_did_not_use_goes_to_whoever_waits_now()
    {
        var (run, claim) = await WaitingAndHeldAsync();
        await PublishAsync("e1");
        var stimulus = Assert.Single(await Runs.InboxAsync(claim, None));

        // The run has stopped waiting meanwhile: the stimulus finds no bookmark.
        await Runs.CommitAsync(new RunCommit(run, claim) { RemovedBookmarkIds = ["b1"] }, None);
        var other = await WaitingAsync("b2", worker: "w2");
        await Runs.CommitAsync(new RunCommit(run, claim) { AppliedStimulusIds = [stimulus.Id], ReturnedEventIds = ["e1"] }, None);

        var next = await ClaimAsync("w2");
        Assert.Equal(other, next.RunId);
        Assert.Equal("b2", Assert.Single(await Runs.InboxAsync(next, None)).BookmarkId);
    }

    [Fact]
    public async Task A_run_that_ends_gives_back_the_event_that_it_was_given_at_that_moment()
    {
        var (run, claim) = await WaitingAndHeldAsync();
        Assert.Equal([run.Id], (await PublishAsync("e1")).Woken);

        await EndAsync(run, claim, RunStatus.Cancelled);

        var later = await WaitingAsync("b2");
        var next = await ClaimAsync();
        Assert.Equal(later, next.RunId);
        Assert.Equal("e1", EventStimulus.EventOf(Assert.Single(await Runs.InboxAsync(next, None))));
    }

    [Fact]
    public async Task An_event_that_the_last_commit_applies_is_not_given_back()
    {
        var (run, claim) = await WaitingAndHeldAsync();
        await PublishAsync("e1");
        var stimulus = Assert.Single(await Runs.InboxAsync(claim, None));
        run.Status = RunStatus.Finished;

        await Runs.CommitAsync(new RunCommit(run, claim) { AppliedStimulusIds = [stimulus.Id], RemovedBookmarkIds = ["b1"], ReleaseLease = true }, None);

        await WaitingAsync("b2");
        Assert.Null(await Runs.ClaimNextAsync("w1", Lease, None));
    }

    [Fact]
    public async Task An_event_does_not_wake_a_run_at_its_end()
    {
        var (run, claim) = await WaitingAndHeldAsync();
        await EndAsync(run, claim);

        Assert.True((await PublishAsync("e1")).Kept);
    }

    /// <summary>The race that loses a wake-up: publisher and committer look past each other. Each round lets them meet once more.</summary>
    [Fact]
    public async Task Events_published_while_bookmarks_are_committed_each_wake_exactly_one_run()
    {
        const int Rounds = 60;
        const int AtOnce = 4;
        for (var round = 0; round < Rounds; round++)
        {
            var key = $"event:round-{round}";
            var held = new List<(Run Run, RunClaim Claim)>();
            for (var i = 0; i < AtOnce; i++)
            {
                held.Add(await ClaimedAsync(worker: $"w{i}"));
            }

            using var gate = new Barrier(2 * AtOnce);
            var commits = held.Select((h, i) => OnThread(gate, () => SuspendAsync(h.Run, h.Claim, Waits($"b{round}-{i}", key: key, correlation: $"c{i}"))));
            var publishers = Enumerable.Range(0, AtOnce).Select(i => OnThread(gate, () => PublishAsync($"e{round}-{i}", key: key, correlation: $"c{i}")));
            await Task.WhenAll([.. commits, .. publishers]);

            foreach (var (run, _) in held)
            {
                var claim = await ClaimAsync($"again{round}");
                var got = Assert.Single((await Runs.LoadAsync(claim, None)).Stimuli);
                Assert.EndsWith(got.BookmarkId![got.BookmarkId!.IndexOf('-', StringComparison.Ordinal)..], EventStimulus.EventOf(got)!, StringComparison.Ordinal);
                await EndAsync((await Runs.LoadAsync(claim, None)).Run, claim);
            }
        }
    }

    [Fact]
    public async Task One_event_published_by_many_at_once_is_delivered_once()
    {
        var (run, claim) = await WaitingAndHeldAsync();

        var receipts = await Task.WhenAll(Enumerable.Range(0, 10).Select(_ => Task.Run(() => PublishAsync("e1"))));

        Assert.Single(receipts, r => !r.Repeated);
        Assert.Equal(run.Id, Assert.Single(await Runs.InboxAsync(claim, None)).RunId);
    }

    private static Task OnThread(Barrier gate, Func<Task> act) => Task.Factory.StartNew(
        () =>
        {
            Assert.True(gate.SignalAndWait(TimeSpan.FromSeconds(30)));
            return act();
        },
        CancellationToken.None,
        TaskCreationOptions.LongRunning,
        TaskScheduler.Default).Unwrap();

    private static WorkflowEvent Event(string id, string key = Repaired) => new(id, key, new JsonObject { ["host"] = "h1" }, "anna") { KeepFor = Day };

    private static Bookmark Waits(string id, long number = 1, string key = Repaired, string? correlation = null) =>
        new(id, number, "Elsa.Event", null, null, key, correlation);

    private Task<EventReceipt> PublishAsync(string id, string key = Repaired, string? correlation = null, RunId? run = null) =>
        Store.Events.PublishAsync(Event(id, key) with { CorrelationId = correlation, RunId = run }, 0, None);

    /// <summary>A run that waits at one bookmark and has been let go of. Those that come before it in the queue stay held.</summary>
    private async Task<RunId> WaitingAsync(string bookmark, string key = Repaired, string? correlation = null, string worker = "w1")
    {
        var created = await Runs.CreateAsync(NewRun(), None);
        RunClaim claim;
        do
        {
            claim = await ClaimAsync(worker);
        }
        while (claim.RunId != created.Id);

        var run = (await Runs.LoadAsync(claim, None)).Run;
        await SuspendAsync(run, claim, Waits(bookmark, key: key, correlation: correlation));
        return run.Id;
    }

    /// <summary>A run that waits at <c>b1</c> while a worker still holds it.</summary>
    private async Task<(Run Run, RunClaim Claim)> WaitingAndHeldAsync()
    {
        var (run, claim) = await ClaimedAsync();
        run.Status = RunStatus.Suspended;
        await Runs.CommitAsync(new RunCommit(run, claim) { AddedBookmarks = [Waits("b1")] }, None);
        return (run, claim);
    }
}
