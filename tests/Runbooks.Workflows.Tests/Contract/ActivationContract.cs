using Runbooks.Workflows.Definitions;
using Runbooks.Workflows.Journal;
using Runbooks.Workflows.Runs;

namespace Runbooks.Workflows.Tests.Contract;

/// <summary>Whether a run may start while others are open: decided with its creation.</summary>
public abstract class ActivationContract : RunStoreContract
{
    [Theory]
    [InlineData(ActivationStrategy.Always, "w", "c1", "w", "c1", true)]
    [InlineData(ActivationStrategy.Singleton, "w", "c1", "w", "c2", false)]
    [InlineData(ActivationStrategy.Singleton, "w", "c1", "other", "c1", true)]
    [InlineData(ActivationStrategy.Correlation, "w", "c1", "other", "c1", false)]
    [InlineData(ActivationStrategy.Correlation, "w", "c1", "w", "c2", true)]
    [InlineData(ActivationStrategy.Correlation, "w", null, "w", null, true)]
    [InlineData(ActivationStrategy.CorrelatedSingleton, "w", "c1", "w", "c1", false)]
    [InlineData(ActivationStrategy.CorrelatedSingleton, "w", "c1", "w", "c2", true)]
    [InlineData(ActivationStrategy.CorrelatedSingleton, "w", "c1", "other", "c1", true)]
    [InlineData(ActivationStrategy.CorrelatedSingleton, "w", null, "w", null, false)]
    [InlineData(ActivationStrategy.CorrelatedSingleton, "w", null, "w", "c1", true)]
    public async Task A_run_starts_beside_an_open_one_as_its_strategy_says(
        ActivationStrategy strategy, string openRunbook, string? openCorrelation, string runbook, string? correlation, bool starts)
    {
        var open = Wish(ActivationStrategy.Always, openRunbook, openCorrelation);
        await Runs.CreateAsync(open, None);
        var wish = Wish(strategy, runbook, correlation);

        var answer = await Runs.CreateAsync(wish, None);

        Assert.Equal(starts ? null : open.Id, answer.BlockedBy);
        Assert.Equal(starts, await Runs.FindAsync(wish.Id, None) is not null);
    }

    [Theory]
    [InlineData(RunStatus.Finished)]
    [InlineData(RunStatus.Compensated)]
    [InlineData(RunStatus.Cancelled)]
    [InlineData(RunStatus.Faulted)]
    public async Task A_run_at_its_end_keeps_nobody_from_starting(RunStatus end)
    {
        var (run, claim) = await ClaimedAsync(Wish(ActivationStrategy.Singleton));
        await EndAsync(run, claim, end);

        Assert.Null((await Runs.CreateAsync(Wish(ActivationStrategy.Singleton), None)).BlockedBy);
    }

    [Fact]
    public async Task The_same_wish_again_is_the_run_that_is_there_and_no_refusal()
    {
        var first = Wish(ActivationStrategy.Singleton, key: "k1");
        await Runs.CreateAsync(first, None);

        Assert.Equal(new CreatedRun(first.Id, AlreadyThere: true), await Runs.CreateAsync(Wish(ActivationStrategy.Singleton, key: "k1"), None));
        Assert.Equal(new CreatedRun(first.Id, AlreadyThere: true), await Runs.CreateAsync(first, None));
    }

    [Theory]
    [InlineData(ActivationStrategy.Singleton)]
    [InlineData(ActivationStrategy.Correlation)]
    [InlineData(ActivationStrategy.CorrelatedSingleton)]
    public async Task Of_many_starts_at_the_same_moment_one_wins_and_the_others_name_it(ActivationStrategy strategy)
    {
        for (var round = 0; round < 10; round++)
        {
            var runbook = $"w{round}";
            var answers = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(() => Runs.CreateAsync(Wish(strategy, runbook, $"c{round}"), None))));

            var winner = Assert.Single(answers, a => a.BlockedBy is null);
            Assert.All(answers.Where(a => a.BlockedBy is not null), a => Assert.Equal(winner.Id, a.BlockedBy));
            Assert.Single(await Runs.ListAsync(new RunFilter { DefinitionId = runbook }, None));
        }
    }

    [Fact]
    public async Task A_child_that_may_not_start_has_ended_at_once_and_its_parent_is_told()
    {
        var open = Wish(ActivationStrategy.Singleton, "child");
        await Runs.CreateAsync(open, None);
        await Runs.CreateAsync(NewRun("parent"), None);
        _ = await ClaimAsync();
        var claim = await ClaimAsync();
        var parent = (await Runs.LoadAsync(claim, None)).Run;
        Run[] children = [Wish(ActivationStrategy.Singleton, "child", parent: parent.Id), Wish(ActivationStrategy.Singleton, "single", parent: parent.Id), Wish(ActivationStrategy.Singleton, "single", parent: parent.Id)];

        await Runs.CommitAsync(new RunCommit(parent, claim) { NewRuns = children }, None);

        var ended = await FoundAsync(children[0].Id);
        Assert.Equal(RunStatus.Cancelled, ended.Status);
        Assert.Equal(ActivationRule.WhyNot(children[0], open.Id), ended.Reason);
        Assert.NotNull(ended.FinishedAt);
        Assert.Equal(RunStatus.Pending, (await FoundAsync(children[1].Id)).Status);
        Assert.Equal(RunStatus.Cancelled, (await FoundAsync(children[2].Id)).Status);
        var told = await Runs.InboxAsync(claim, None);
        Assert.Equal(2, told.Count);
        Assert.Equal($"end:{children[0].Id}:parent-bookmark", told[0].Id);
        Assert.Equal(ActivationRule.Refusal(children[0].Id, ended.Reason!).ToJsonString(), told[0].Input!.ToJsonString());
        Assert.Equal("parent-bookmark", told[0].BookmarkId);
    }

    private static Run Wish(ActivationStrategy strategy, string runbook = "w", string? correlation = "c1", string? key = null, RunId? parent = null) => new()
    {
        Id = new RunId(Guid.NewGuid()),
        DefinitionId = runbook,
        DefinitionVersion = 1,
        CreatedAt = Noon,
        StartedBy = "operator:anna",
        IdempotencyKey = key,
        CorrelationId = correlation,
        ParentRunId = parent,
        ParentBookmarkId = parent is null ? null : "parent-bookmark",
        Activation = strategy,
    };
}
