using System.Text.Json.Nodes;
using Runbooks.Workflows.Journal;
using Runbooks.Workflows.Runs;

namespace Runbooks.Workflows.Tests.Contract;

/// <summary>How runs come to be, and how they are found.</summary>
public abstract class CreationContract : RunStoreContract
{
    [Fact]
    public async Task A_created_run_is_read_back_as_it_was_written()
    {
        var run = NewRun(key: "k1", parent: new RunId(Guid.NewGuid()));

        var created = await Runs.CreateAsync(run, None);

        Assert.Equal(new CreatedRun(run.Id, AlreadyThere: false), created);
        Assert.Equal(System.Text.Json.JsonSerializer.Serialize(run), System.Text.Json.JsonSerializer.Serialize(await FoundAsync(run.Id)));
        Assert.Null(await Runs.FindAsync(new RunId(Guid.NewGuid()), None));
    }

    [Fact]
    public async Task A_second_wish_with_the_same_key_is_the_first_run()
    {
        var first = NewRun(key: "event:42");
        await Runs.CreateAsync(first, None);

        var second = await Runs.CreateAsync(NewRun("another-runbook", key: "event:42", input: new JsonObject { ["pool"] = "other" }), None);

        Assert.Equal(new CreatedRun(first.Id, AlreadyThere: true), second);
        Assert.Equal("lab", (string?)(await FoundAsync(first.Id)).Input["pool"]);
        Assert.Single(await Runs.ListAsync(new RunFilter(), None));
    }

    [Fact]
    public async Task Ten_wishes_with_one_key_at_the_same_moment_are_one_run()
    {
        var answers = await Task.WhenAll(Enumerable.Range(0, 10).Select(_ => Task.Run(() => Runs.CreateAsync(NewRun(key: "event:42"), None))));

        Assert.Single(answers.Select(a => a.Id).Distinct());
        Assert.Single(answers, a => !a.AlreadyThere);
        Assert.Single(await Runs.ListAsync(new RunFilter(), None));
    }

    [Fact]
    public async Task The_key_of_a_run_at_its_end_is_still_taken()
    {
        var (run, claim) = await ClaimedAsync(NewRun(key: "event:42"));
        await EndAsync(run, claim);

        Assert.Equal(new CreatedRun(run.Id, AlreadyThere: true), await Runs.CreateAsync(NewRun(key: "event:42"), None));
    }

    [Fact]
    public async Task The_same_run_created_twice_is_there_once()
    {
        var run = NewRun();

        await Runs.CreateAsync(run, None);

        Assert.Equal(new CreatedRun(run.Id, AlreadyThere: true), await Runs.CreateAsync(run, None));
    }

    [Fact]
    public async Task Runs_are_listed_newest_first_and_paged_by_their_time()
    {
        for (var minute = 0; minute < 5; minute++)
        {
            await Runs.CreateAsync(NewRun($"d{minute}", at: Noon.AddMinutes(minute)), None);
        }

        var page = await Runs.ListAsync(new RunFilter { Limit = 2 }, None);
        var next = await Runs.ListAsync(new RunFilter { Limit = 10, CreatedBefore = page[^1].CreatedAt }, None);

        Assert.Equal(["d4", "d3"], page.Select(r => r.DefinitionId));
        Assert.Equal(["d2", "d1", "d0"], next.Select(r => r.DefinitionId));
    }

    [Fact]
    public async Task Runs_are_listed_by_runbook_by_status_by_parent_and_by_being_open()
    {
        var (ended, claim) = await ClaimedAsync(NewRun("a"));
        await EndAsync(ended, claim, RunStatus.Compensated);
        var (attention, second) = await ClaimedAsync(NewRun("a"));
        attention.Status = RunStatus.NeedsAttention;
        await Runs.CommitAsync(new RunCommit(attention, second) { ReleaseLease = true }, None);
        var child = NewRun("b", parent: attention.Id);
        await Runs.CreateAsync(child, None);

        Assert.Equal([ended.Id, attention.Id], await ListedAsync(new RunFilter { DefinitionId = "a" }, [ended.Id, attention.Id]));
        Assert.Equal([ended.Id], await ListedAsync(new RunFilter { Status = RunStatus.Compensated }));
        Assert.Equal([child.Id], await ListedAsync(new RunFilter { ParentRunId = attention.Id }));
        Assert.Equal([attention.Id, child.Id], await ListedAsync(new RunFilter { OnlyOpen = true }, [attention.Id, child.Id]));
        Assert.Equal([attention.Id], await ListedAsync(new RunFilter { OnlyOpen = true, DefinitionId = "a" }));
        Assert.Empty(await ListedAsync(new RunFilter { OnlyOpen = true, Status = RunStatus.Compensated }));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(501)]
    public void A_list_without_a_sensible_limit_is_refused(int limit) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => new RunFilter { Limit = limit });

    [Fact]
    public async Task Definitions_get_a_new_version_only_when_their_content_changes()
    {
        var one = await Store.Definitions.PublishAsync("d", "hash-1", "{\"v\":1}", "d.json", None);
        var same = await Store.Definitions.PublishAsync("d", "hash-1", "{\"v\":1}", "elsewhere.json", None);
        var two = await Store.Definitions.PublishAsync("d", "hash-2", "{\"v\":2}", "d.json", None);
        var back = await Store.Definitions.PublishAsync("d", "hash-1", "{\"v\":1}", "d.json", None);

        Assert.Equal([1, 1, 2, 3], new[] { one, same, two, back }.Select(d => d.Version));
        Assert.Equal(one, same);
        Assert.Equal(back, await Store.Definitions.LatestAsync("d", None));
        Assert.Equal(two, await Store.Definitions.FindAsync("d", 2, None));
        Assert.Equal("{\"v\":2}", two.Json);
        Assert.Null(await Store.Definitions.FindAsync("d", 4, None));
        Assert.Null(await Store.Definitions.FindAsync("d", 0, None));
        Assert.Null(await Store.Definitions.LatestAsync("unknown", None));
    }

    [Fact]
    public async Task Workers_that_publish_the_same_file_at_the_same_moment_make_one_version()
    {
        var published = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ =>
            Task.Run(() => Store.Definitions.PublishAsync("d", "hash-1", "{}", "d.json", None))));

        Assert.All(published, d => Assert.Equal(1, d.Version));
        await Store.Definitions.PublishAsync("c", "hash-9", "{}", "c.json", None);
        await Store.Definitions.PublishAsync("d", "hash-2", "{}", "d.json", None);
        Assert.Equal([("c", 1), ("d", 2)], (await Store.Definitions.ListLatestAsync(None)).Select(d => (d.DefinitionId, d.Version)));
    }

    /// <summary>The ids that a filter finds, in the order of <paramref name="order"/> where that is given.</summary>
    private async Task<List<RunId>> ListedAsync(RunFilter filter, List<RunId>? order = null)
    {
        var found = (await Runs.ListAsync(filter, None)).Select(r => r.Id);
        return order is null ? [.. found] : [.. found.OrderBy(order.IndexOf)];
    }
}
