using Runbooks.Workflows.Definitions;
using Runbooks.Workflows.Journal;
using Runbooks.Workflows.Runs;

namespace Runbooks.Workflows.Tests.Contract;

/// <summary>Pages of runs and journals, and what both stores say of dry runs.</summary>
public abstract class ReaderContract : RunStoreContract
{
    [Fact]
    public async Task A_page_is_a_part_of_all_that_is_admitted_and_says_how_many_that_is()
    {
        var runs = await ManyAsync(7);

        var page = await Store.Reader.QueryAsync(new RunQuery { Skip = 2, Take = 3 }, None);

        Assert.Equal(7, page.Total);
        Assert.Equal(runs.Reverse().Skip(2).Take(3).Select(r => r.Id), page.Items.Select(r => r.Id));
    }

    [Theory]
    [InlineData(RunOrdering.Created, false, "0 1 2 3")]
    [InlineData(RunOrdering.Created, true, "3 2 1 0")]
    [InlineData(RunOrdering.Name, false, "2 3 0 1")]
    [InlineData(RunOrdering.Name, true, "1 0 3 2")]
    [InlineData(RunOrdering.Finished, false, "1 0 2 3")]
    [InlineData(RunOrdering.Finished, true, "3 2 0 1")]
    [InlineData(RunOrdering.Updated, false, "2 3 1 0")]
    public async Task Runs_are_ordered_as_asked(RunOrdering ordering, bool descending, string expected)
    {
        var runs = await ManyAsync(2, "zebra");
        runs = [.. runs, .. await ManyAsync(2, "Apple", from: 2)];
        await FinishAsync(runs[1], Noon.AddMinutes(10));
        await FinishAsync(runs[0], Noon.AddMinutes(20));

        var page = await Store.Reader.QueryAsync(new RunQuery { Ordering = ordering, Descending = descending }, None);

        Assert.Equal(expected, string.Join(' ', page.Items.Select(r => Array.FindIndex(runs, o => o.Id == r.Id))));
    }

    [Fact]
    public async Task A_query_admits_what_fits_every_part_of_it()
    {
        var (a, b, c) = (NewRun("alpha"), NewRun("beta_1"), NewRun("betaX1", parent: new RunId(Guid.NewGuid())));
        c.Name = "Empty Host 7";
        c.Status = RunStatus.NeedsAttention;
        b.CorrelationId = "rack-9";
        foreach (var run in new[] { a, b, c })
        {
            _ = await Runs.CreateAsync(run, None);
        }

        await SeesAsync(new RunQuery { Ids = [a.Id, c.Id] }, a, c);
        await SeesAsync(new RunQuery { DefinitionIds = ["alpha", "beta_1"] }, a, b);
        await SeesAsync(new RunQuery { Version = 3 }, a, b, c);
        await SeesAsync(new RunQuery { Version = 4 });
        await SeesAsync(new RunQuery { CorrelationId = "rack-9" }, b);
        await SeesAsync(new RunQuery { ParentRunId = c.ParentRunId }, c);
        await SeesAsync(new RunQuery { Statuses = [RunStatus.Pending] }, a, b);
        await SeesAsync(new RunQuery { Statuses = [] });
        await SeesAsync(new RunQuery { HasTrouble = true }, c);
        await SeesAsync(new RunQuery { HasTrouble = false }, a, b);
        await SeesAsync(new RunQuery { Text = "host" }, c);
        await SeesAsync(new RunQuery { Text = "BETA_1" }, b);
        await SeesAsync(new RunQuery { Text = "rack-7" }, a, c);
        await SeesAsync(new RunQuery { Text = a.Id.ToString() }, a);
        await SeesAsync(new RunQuery { Text = "beta", Statuses = [RunStatus.Pending] }, b);
    }

    [Theory]
    [InlineData(RunMoment.Created, Comparison.Before, 2, "0 1")]
    [InlineData(RunMoment.Created, Comparison.NotAfter, 2, "0 1 2")]
    [InlineData(RunMoment.Created, Comparison.After, 2, "3")]
    [InlineData(RunMoment.Created, Comparison.NotBefore, 2, "2 3")]
    [InlineData(RunMoment.Created, Comparison.Is, 2, "2")]
    [InlineData(RunMoment.Created, Comparison.IsNot, 2, "0 1 3")]
    [InlineData(RunMoment.Finished, Comparison.IsNot, 2, "0")]
    [InlineData(RunMoment.Finished, Comparison.After, 2, "0")]
    [InlineData(RunMoment.Finished, Comparison.Before, 2, "")]
    [InlineData(RunMoment.Updated, Comparison.After, 2, "0 3")]
    public async Task Moments_are_compared_and_one_that_has_not_come_fits_nothing(RunMoment moment, Comparison comparison, int minute, string expected)
    {
        var runs = await ManyAsync(4);
        await FinishAsync(runs[0], Noon.AddMinutes(30));

        var page = await Store.Reader.QueryAsync(new RunQuery { Moments = [new MomentCondition(moment, comparison, Noon.AddMinutes(minute))], Descending = false }, None);

        Assert.Equal(expected, string.Join(' ', page.Items.Select(r => Array.FindIndex(runs, o => o.Id == r.Id))));
    }

    [Fact]
    public async Task A_journal_is_narrowed_by_activity_and_event_and_shows_what_is_about_the_run_when_asked()
    {
        var (run, claim) = await ClaimedAsync();
        JournalEntry[] entries = [Entry("a", "Started"), Entry("b", "Started"), Entry(null, "Run status"), Entry("a", "Completed"), Entry("b", "Faulted")];
        await Runs.CommitAsync(new RunCommit(run, claim) { Journal = entries }, None);

        await ReadsAsync(run.Id, new JournalQuery(), 5, 1, 2, 3, 4, 5);
        await ReadsAsync(run.Id, new JournalQuery { Skip = 1, Take = 2 }, 5, 2, 3);
        await ReadsAsync(run.Id, new JournalQuery { NodeIds = ["a"] }, 3, 1, 3, 4);
        await ReadsAsync(run.Id, new JournalQuery { NodeIds = ["a"], WithRun = false }, 2, 1, 4);
        await ReadsAsync(run.Id, new JournalQuery { NotNodeIds = ["a"] }, 3, 2, 3, 5);
        await ReadsAsync(run.Id, new JournalQuery { Events = ["Started", "Faulted"] }, 3, 1, 2, 5);
        await ReadsAsync(new RunId(Guid.NewGuid()), new JournalQuery(), 0);

        JournalEntry Entry(string? node, string name) => new(run.NextJournalSequence++, Noon, node is null ? null : 1, node, name, null, null, claim.Worker, claim.Generation);
    }

    [Fact]
    public async Task The_places_at_which_a_run_waits_are_read()
    {
        var (run, claim) = await ClaimedAsync();
        await SuspendAsync(run, claim, new Bookmark("b/2", 1, "Elsa.Delay", Noon, null), new Bookmark("b/1", 1, "Elsa.Event", null, null, "event:knock"));

        Assert.Equal(["b/1", "b/2"], (await Store.Reader.BookmarksAsync(run.Id, None)).Select(b => b.Id));
        Assert.Empty(await Store.Reader.BookmarksAsync(new RunId(Guid.NewGuid()), None));
    }

    [Fact]
    public async Task A_dry_run_stays_one_and_stays_on_its_version_wherever_it_is_read()
    {
        var run = Dry();
        _ = await Runs.CreateAsync(run, None);
        var claim = await ClaimAsync();

        Run?[] read =
        [
            await Runs.FindAsync(run.Id, None),
            (await Runs.LoadAsync(claim, None)).Run,
            Assert.Single(await Runs.ListAsync(new RunFilter(), None)),
            Assert.Single((await Store.Reader.QueryAsync(new RunQuery { Version = 3 }, None)).Items),
        ];

        Assert.All(read, r => Assert.Equal((true, 3), (r!.IsDryRun, r.DefinitionVersion)));
        Assert.False((await FoundAsync((await Runs.CreateAsync(NewRun(), None)).Id)).IsDryRun);
    }

    [Fact]
    public async Task A_child_that_a_commit_creates_is_as_dry_as_it_says()
    {
        var (run, claim) = await ClaimedAsync(Dry());
        var child = Dry(run.Id);
        await Runs.CommitAsync(new RunCommit(run, claim) { NewRuns = [child] }, None);

        Assert.Equal((true, 3), ((await FoundAsync(child.Id)).IsDryRun, (await FoundAsync(child.Id)).DefinitionVersion));
    }

    [Fact]
    public async Task A_worker_that_leaves_a_version_to_others_leaves_its_dry_runs_too()
    {
        _ = await Runs.CreateAsync(Dry(), None);
        _ = await Runs.CreateAsync(NewRun(), None);

        Assert.Null(await Runs.ClaimNextAsync("w1", Lease, [new DefinitionVersion("consolidate", 3)], None));
        Assert.NotNull(await Runs.ClaimNextAsync("w1", Lease, [new DefinitionVersion("consolidate", 4)], None));
        Assert.NotNull(await Runs.ClaimNextAsync("w1", Lease, [new DefinitionVersion("consolidate", 4)], None));
    }

    [Theory]
    [InlineData(ActivationStrategy.Singleton)]
    [InlineData(ActivationStrategy.Correlation)]
    [InlineData(ActivationStrategy.CorrelatedSingleton)]
    public async Task An_open_dry_run_keeps_nobody_from_starting_and_nobody_keeps_it(ActivationStrategy strategy)
    {
        Assert.Null((await Runs.CreateAsync(Dry(), None)).BlockedBy);
        Assert.Null((await Runs.CreateAsync(Wish(), None)).BlockedBy);
        Assert.NotNull((await Runs.CreateAsync(Wish(), None)).BlockedBy);
        Assert.Null((await Runs.CreateAsync(Dry(), None)).BlockedBy);

        Run Wish() => new() { Id = new RunId(Guid.NewGuid()), DefinitionId = "consolidate", DefinitionVersion = 3, CreatedAt = Noon, StartedBy = "anna", CorrelationId = "rack-7", Activation = strategy };
    }

    protected static Run Dry(RunId? parent = null) => new()
    {
        Id = new RunId(Guid.NewGuid()),
        DefinitionId = "consolidate",
        DefinitionVersion = 3,
        CreatedAt = Noon,
        StartedBy = "operator:anna",
        CorrelationId = "rack-7",
        ParentRunId = parent,
        IsDryRun = true,
    };

    private async Task<Run[]> ManyAsync(int count, string definition = "consolidate", int from = 0)
    {
        var runs = Enumerable.Range(from, count).Select(i => NewRun(definition, at: Noon.AddMinutes(i))).ToArray();
        foreach (var run in runs)
        {
            _ = await Runs.CreateAsync(run, None);
        }

        return runs;
    }

    private async Task FinishAsync(Run run, DateTimeOffset at)
    {
        RunClaim claim;
        do
        {
            claim = await ClaimAsync($"w{run.Id}");
        }
        while (claim.RunId != run.Id);

        var head = (await Runs.LoadAsync(claim, None)).Run;
        head.Status = RunStatus.Finished;
        head.FinishedAt = at;
        await Runs.CommitAsync(new RunCommit(head, claim) { ReleaseLease = true }, None);
        _ = await Runs.ReleaseAllAsync($"w{run.Id}", None);
    }

    private async Task SeesAsync(RunQuery query, params Run[] expected)
    {
        var page = await Store.Reader.QueryAsync(query, None);
        Assert.Equal(expected.Select(r => r.DefinitionId).Order(StringComparer.Ordinal), page.Items.Select(r => r.DefinitionId).Order(StringComparer.Ordinal));
        Assert.Equal(expected.Length, page.Total);
    }

    private async Task ReadsAsync(RunId id, JournalQuery query, int total, params long[] sequences)
    {
        var page = await Store.Reader.JournalPageAsync(id, query, None);
        Assert.Equal((total, string.Join(' ', sequences)), (page.Total, string.Join(' ', page.Items.Select(e => e.Sequence))));
    }
}
