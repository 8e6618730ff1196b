using System.Text.Json.Nodes;
using Runbooks.Workflows.Journal;
using Runbooks.Workflows.Runs;

namespace Runbooks.Workflows.Tests.Contract;

/// <summary>Who may own a run, and when.</summary>
public abstract class ClaimContract : RunStoreContract
{
    [Fact]
    public async Task A_pending_run_is_claimed_once_and_then_there_is_nothing_to_claim()
    {
        var run = NewRun();
        await Runs.CreateAsync(run, None);

        var claim = await Runs.ClaimNextAsync("w1", Lease, None);

        Assert.Equal(new RunClaim(run.Id, "w1", 1), claim);
        Assert.Null(await Runs.ClaimNextAsync("w2", Lease, None));
    }

    [Fact]
    public async Task The_oldest_run_is_claimed_first()
    {
        var older = NewRun(at: Noon);
        var newer = NewRun(at: Noon.AddMinutes(1));
        await Runs.CreateAsync(older, None);
        await Runs.CreateAsync(newer, None);

        Assert.Equal(older.Id, (await ClaimAsync()).RunId);
        Assert.Equal(newer.Id, (await ClaimAsync()).RunId);
    }

    [Fact]
    public async Task Claimers_at_the_same_moment_never_get_the_same_run()
    {
        const int count = 40;
        for (var i = 0; i < count; i++)
        {
            await Runs.CreateAsync(NewRun(), None);
        }

        var claims = await Task.WhenAll(Enumerable.Range(0, 8).Select(async worker =>
        {
            var mine = new List<RunClaim>();
            while (await Runs.ClaimNextAsync($"w{worker}", Lease, None) is { } claim)
            {
                mine.Add(claim);
            }

            return mine;
        }));

        // A claimer that skips a row which another one is just claiming may leave early; what is left is claimed here.
        var all = claims.SelectMany(c => c).ToList();
        while (await Runs.ClaimNextAsync("last", Lease, None) is { } claim)
        {
            all.Add(claim);
        }

        Assert.Equal(count, all.Count);
        Assert.Equal(count, all.Select(c => c.RunId).Distinct().Count());
        Assert.All(all, c => Assert.Equal(1, c.Generation));
    }

    [Fact]
    public async Task An_expired_lease_is_taken_over_with_a_higher_generation()
    {
        var (run, first) = await ClaimedAsync();
        run.Status = RunStatus.Executing;
        await Runs.CommitAsync(new RunCommit(run, first), None);
        Assert.Null(await Runs.ClaimNextAsync("w2", Lease, None));

        await Store.PassAsync(LongerThanTheLease);
        var second = await ClaimAsync("w2");

        Assert.Equal(first.RunId, second.RunId);
        Assert.Equal(first.Generation + 1, second.Generation);
        Assert.False(await Runs.IsCurrentAsync(first, None));
        Assert.True(await Runs.IsCurrentAsync(second, None));
        Assert.False(await Runs.RenewAsync(first, Lease, None));
    }

    [Fact]
    public async Task A_worker_that_claims_its_own_expired_run_again_gets_a_new_generation()
    {
        var (run, first) = await ClaimedAsync();
        await Store.PassAsync(LongerThanTheLease);

        var second = await ClaimAsync("w1");

        Assert.Equal(2, second.Generation);
        await Assert.ThrowsAsync<LeaseLostException>(() => Runs.CommitAsync(new RunCommit(run, first), None));
    }

    [Fact]
    public async Task A_lease_that_is_renewed_in_time_is_kept()
    {
        var (_, claim) = await ClaimedAsync();

        await Store.PassAsync(TimeSpan.FromSeconds(20));
        Assert.True(await Runs.RenewAsync(claim, Lease, None));
        await Store.PassAsync(TimeSpan.FromSeconds(20));

        Assert.True(await Runs.IsCurrentAsync(claim, None));
        Assert.Null(await Runs.ClaimNextAsync("w2", Lease, None));
    }

    [Fact]
    public async Task An_expired_lease_is_not_current_although_nobody_has_taken_it()
    {
        var (_, claim) = await ClaimedAsync();

        await Store.PassAsync(LongerThanTheLease);

        Assert.False(await Runs.IsCurrentAsync(claim, None));
        Assert.True(await Runs.RenewAsync(claim, Lease, None));
        Assert.True(await Runs.IsCurrentAsync(claim, None));
    }

    [Fact]
    public async Task A_claim_under_another_workers_name_is_worth_nothing()
    {
        var (run, claim) = await ClaimedAsync();
        var forged = claim with { Worker = "w2" };

        Assert.False(await Runs.IsCurrentAsync(forged, None));
        Assert.False(await Runs.RenewAsync(forged, Lease, None));
        await Assert.ThrowsAsync<LeaseLostException>(() => Runs.CommitAsync(new RunCommit(run, forged), None));
    }

    [Fact]
    public async Task A_worker_that_lets_go_of_a_run_gets_the_next_one()
    {
        var (run, claim) = await ClaimedAsync();
        var waiting = NewRun();
        _ = await Runs.CreateAsync(waiting, None);
        var wish = new ClaimWish("w1", Lease, []);

        var next = await Runs.CommitAndClaimAsync(Ended(run, claim), wish, None);

        Assert.Equal(ClaimsWithCommits, next is not null);
        next ??= await Runs.ClaimNextAsync("w1", Lease, None);
        Assert.Equal(new RunClaim(waiting.Id, "w1", 1), next);
        Assert.True(await Runs.IsCurrentAsync(next!, None));
        Assert.Equal(RunStatus.Finished, (await Runs.FindAsync(run.Id, None))!.Status);
        Assert.Null(await Runs.CommitAndClaimAsync(Ended((await Runs.FindAsync(waiting.Id, None))!, next!), wish, None));
    }

    [Fact]
    public async Task A_run_that_starts_a_child_and_waits_for_it_hands_its_worker_the_child()
    {
        var (run, claim) = await ClaimedAsync();
        var child = NewRun("migrate-vm", key: "child", parent: run.Id);
        run.Status = RunStatus.Suspended;
        var commit = new RunCommit(run, claim)
        {
            NewRuns = [child],
            Stimuli = [NewStimulus(child.Id, "to the child", StimulusKind.Pause)],
            ReleaseLease = true,
        };

        var next = await Runs.CommitAndClaimAsync(commit, new ClaimWish("w1", Lease, []), None) ?? await Runs.ClaimNextAsync("w1", Lease, None);

        Assert.Equal(new RunClaim(child.Id, "w1", 1), next);
        Assert.Equal(["to the child"], (await Runs.LoadAsync(next!, None)).Stimuli.Select(s => s.Id));
        Assert.Equal(RunStatus.Suspended, (await Runs.FindAsync(run.Id, None))!.Status);
    }

    [Fact]
    public async Task A_commit_that_is_refused_claims_nothing()
    {
        var (run, claim) = await ClaimedAsync();
        var waiting = NewRun();
        _ = await Runs.CreateAsync(waiting, None);

        _ = await Assert.ThrowsAsync<LeaseLostException>(() =>
            Runs.CommitAndClaimAsync(Ended(run, claim with { Generation = 7 }), new ClaimWish("w1", Lease, []), None));

        Assert.Equal(new RunClaim(waiting.Id, "w2", 1), await Runs.ClaimNextAsync("w2", Lease, None));
    }

    [Fact]
    public async Task A_run_that_is_let_go_of_with_something_to_do_may_be_the_next_one()
    {
        var (run, claim) = await ClaimedAsync();
        Assert.True(await Runs.SendAsync(NewStimulus(run.Id, "now"), None));
        run.Status = RunStatus.Suspended;

        var next = await Runs.CommitAndClaimAsync(new RunCommit(run, claim) { ReleaseLease = true }, new ClaimWish("w1", Lease, []), None)
            ?? await Runs.ClaimNextAsync("w1", Lease, None);

        Assert.Equal(new RunClaim(run.Id, "w1", 2), next);
    }

    /// <summary>Whether the store under test claims in the transaction of the commit, or leaves that to a call of its own.</summary>
    protected virtual bool ClaimsWithCommits => false;

    private static RunCommit Ended(Run run, RunClaim claim)
    {
        run.Status = RunStatus.Finished;
        return new RunCommit(run, claim) { ReleaseLease = true };
    }

    [Fact]
    public async Task Releasing_all_leases_of_a_worker_frees_its_runs_at_once_and_nobody_elses()
    {
        var (_, mine) = await ClaimedAsync(worker: "w1");
        var (_, others) = await ClaimedAsync(worker: "w2");

        Assert.Equal(1, await Runs.ReleaseAllAsync("w1", None));

        Assert.False(await Runs.IsCurrentAsync(mine, None));
        Assert.True(await Runs.IsCurrentAsync(others, None));
        Assert.Equal(mine.RunId, (await ClaimAsync("w1")).RunId);
        Assert.Null(await Runs.ClaimNextAsync("w1", Lease, None));
    }

    [Fact]
    public async Task A_run_that_waits_is_claimed_only_when_something_wakes_it()
    {
        var (run, claim) = await ClaimedAsync();
        await SuspendAsync(run, claim);
        Assert.Null(await Runs.ClaimNextAsync("w1", Lease, None));

        await Runs.SendAsync(NewStimulus(run.Id, "s1"), None);

        Assert.Equal(run.Id, (await ClaimAsync()).RunId);
    }

    [Fact]
    public async Task A_bookmark_is_due_by_the_clock_of_the_store()
    {
        var (run, claim) = await ClaimedAsync();
        var due = (await Store.NowAsync()).AddMinutes(10);
        await SuspendAsync(run, claim, new Bookmark("b1", 1, "Elsa.Delay", due, null));
        Assert.Null(await Runs.ClaimNextAsync("w1", Lease, None));

        await Store.PassAsync(TimeSpan.FromMinutes(9));
        Assert.Null(await Runs.ClaimNextAsync("w1", Lease, None));
        await Store.PassAsync(TimeSpan.FromMinutes(2));

        Assert.Equal(run.Id, (await ClaimAsync()).RunId);
    }

    [Fact]
    public async Task A_bookmark_that_is_written_again_is_due_at_its_new_time()
    {
        var (run, claim) = await ClaimedAsync();
        var bookmark = new Bookmark("b1", 1, "Test.Wait", (await Store.NowAsync()).AddMinutes(10), new JsonObject { ["waitsFor"] = "a place" }, "place:free");
        await SuspendAsync(run, claim, bookmark);
        await Store.PassAsync(TimeSpan.FromMinutes(11));
        var again = await ClaimAsync();
        var loaded = await Runs.LoadAsync(again, None);

        // Nothing else is written: no journal entry and no step.
        await Runs.CommitAsync(new RunCommit(loaded.Run, again) { AddedBookmarks = [bookmark with { DueAt = (await Store.NowAsync()).AddMinutes(10) }], ReleaseLease = true }, None);

        Assert.Null(await Runs.ClaimNextAsync("w1", Lease, None));
        await Store.PassAsync(TimeSpan.FromMinutes(11));
        var last = await ClaimAsync();
        Assert.Equal(run.Id, last.RunId);
        Assert.Equal("place:free", Assert.Single((await Runs.LoadAsync(last, None)).Bookmarks).Key);
    }

    [Fact]
    public async Task A_bookmark_without_a_time_is_never_due()
    {
        var (run, claim) = await ClaimedAsync();
        await SuspendAsync(run, claim, new Bookmark("b1", 1, "Elsa.ExecuteWorkflow", null, null));

        await Store.PassAsync(TimeSpan.FromDays(400));

        Assert.Null(await Runs.ClaimNextAsync("w1", Lease, None));
    }

    [Theory]
    [InlineData(RunStatus.Finished)]
    [InlineData(RunStatus.Compensated)]
    [InlineData(RunStatus.Cancelled)]
    [InlineData(RunStatus.Faulted)]
    public async Task A_run_at_its_end_is_never_claimed_whatever_it_left_behind(RunStatus end)
    {
        var (run, claim) = await ClaimedAsync();
        await Runs.SendAsync(NewStimulus(run.Id, "too-late"), None);
        run.Status = end;
        var due = new Bookmark("b1", 1, "Elsa.Delay", (await Store.NowAsync()).AddDays(-1), null);
        await Runs.CommitAsync(new RunCommit(run, claim) { AddedBookmarks = [due], ReleaseLease = true }, None);

        Assert.Null(await Runs.ClaimNextAsync("w1", Lease, None));
    }

    [Theory]
    [InlineData(RunStatus.Executing)]
    [InlineData(RunStatus.Compensating)]
    public async Task A_run_whose_worker_died_in_the_middle_is_claimed_without_being_woken(RunStatus middle)
    {
        var (run, claim) = await ClaimedAsync();
        run.Status = middle;
        await Runs.CommitAsync(new RunCommit(run, claim), None);

        await Store.PassAsync(LongerThanTheLease);

        Assert.Equal(run.Id, (await ClaimAsync("w2")).RunId);
    }

    [Fact]
    public async Task A_run_that_needs_attention_waits_for_a_person()
    {
        var (run, claim) = await ClaimedAsync();
        run.Status = RunStatus.NeedsAttention;
        await Runs.CommitAsync(new RunCommit(run, claim) { ReleaseLease = true }, None);
        Assert.Null(await Runs.ClaimNextAsync("w1", Lease, None));

        await Runs.SendAsync(NewStimulus(run.Id, "again", StimulusKind.Retry), None);

        Assert.Equal(run.Id, (await ClaimAsync()).RunId);
    }
}
