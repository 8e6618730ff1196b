using Runbooks.Workflows.Definitions;
using Runbooks.Workflows.Journal.InMemory;
using Runbooks.Workflows.Library;
using Runbooks.Workflows.Library.InMemory;
using Runbooks.Workflows.Tests.Engine;

namespace Runbooks.Workflows.Tests.Library;

/// <summary>Two servers over one library: what people do on one is in force on the other with its next look.</summary>
public sealed class CatalogTests
{
    private static readonly Editor Anna = new("anna");
    private static readonly CancellationToken None = CancellationToken.None;

    private readonly InMemoryDefinitionStore store = new(TimeProvider.System);
    private readonly InMemoryRunbookLibrary library;
    private readonly DefinitionCatalog here;
    private readonly DefinitionCatalog there;

    public CatalogTests()
    {
        library = new InMemoryRunbookLibrary(store);
        here = NewCatalog();
        there = NewCatalog();
    }

    [Fact]
    public async Task What_is_retracted_is_gone_and_what_is_published_again_is_back()
    {
        Assert.Empty(await here.LoadAsync([("a.json", Json("a"))], None));
        await there.RefreshAsync(None);
        var changes = 0;
        there.Changed += (_, _) => changes++;

        _ = await library.RetractAsync("a", Anna, None);
        await there.RefreshAsync(None);
        await there.RefreshAsync(None);
        Assert.Null(there.Latest("a"));
        Assert.NotNull(await there.FindAsync("a", 1, None));
        Assert.Null(await there.LatestAsync("a", None));
        Assert.Equal(1, changes);

        _ = await library.PublishAgainAsync("a", Anna, None);
        await there.RefreshAsync(None);
        Assert.Equal(1, there.Latest("a")?.Version);
        Assert.Equal(2, changes);
    }

    [Fact]
    public async Task A_server_that_starts_with_the_file_of_what_was_retracted_or_deleted_does_not_start_it()
    {
        _ = await here.LoadAsync([("a.json", Json("a")), ("b.json", Json("b"))], None);
        _ = await library.RetractAsync("a", Anna, None);
        _ = await library.DeleteAsync("b", Anna, None);

        Assert.Empty(await there.LoadAsync([("a.json", Json("a")), ("b.json", Json("b", "changed"))], None));

        Assert.Empty(there.Ids);
        Assert.Equal(2, (await library.ShippedAsync(null, None)).Count);
    }

    [Fact]
    public async Task A_server_that_starts_with_another_file_than_people_have_published_uses_theirs()
    {
        _ = await here.LoadAsync([("a.json", Json("a"))], None);
        var draft = await library.SaveDraftAsync("a", Json("a", "ours"), 0, Anna, LibraryVerbs.Saved, None);
        _ = await library.PublishDraftAsync("a", draft.Revision, "hash", draft.Json, Anna, None);

        Assert.Empty(await there.LoadAsync([("a.json", Json("a", "theirs"))], None));

        Assert.Equal(("ours", 2), (there.Latest("a")!.Description, there.Latest("a")!.Version));
    }

    [Fact]
    public async Task A_draft_is_checked_against_what_is_live_and_not_published()
    {
        _ = await here.LoadAsync([("a.json", Json("a"))], None);
        var calls = """{ "definitionId": "c", "root": { "id": "s", "type": "Elsa.Sequence", "activities": [ { "id": "x", "type": "Elsa.DispatchWorkflow", "workflowDefinitionId": { "typeName": "String", "expression": { "type": "Literal", "value": "NAME" } } } ] } }""";

        var (good, _) = await here.CheckAsync(calls.Replace("NAME", "a", StringComparison.Ordinal), "c", None);
        var (itself, _) = await here.CheckAsync(calls.Replace("NAME", "c", StringComparison.Ordinal), "c", None);
        var (bad, _) = await here.CheckAsync(calls.Replace("NAME", "nobody", StringComparison.Ordinal), "c", None);

        Assert.NotNull(good.Definition);
        Assert.NotNull(itself.Definition);
        Assert.Contains("'nobody', which does not exist", Assert.Single(bad.Problems).Message, StringComparison.Ordinal);
        Assert.Equal(["a"], here.Ids);
    }

    [Fact]
    public async Task Of_many_kept_drafts_those_that_were_asked_for_last_are_remembered()
    {
        var recent = new RecentDrafts(2);
        for (var revision = 1; revision <= 3; revision++)
        {
            _ = await library.SaveDraftAsync("a", Json("a", $"{revision}"), revision - 1, Anna, LibraryVerbs.Saved, None);
            _ = recent.Add((await there.FindAsync("a", (await library.KeepDraftAsync("a", None))!.Value.Version, None))!);
            _ = recent.Find("a", -1);
        }

        Assert.Equal(2, recent.Count);
        Assert.Equal("1", recent.Find("a", -1)!.Description);
        Assert.Null(recent.Find("a", -2));
        Assert.Equal("3", recent.Find("a", -3)!.Description);
    }

    [Fact]
    public async Task A_draft_that_is_not_remembered_any_more_is_read_again()
    {
        for (var revision = 1; revision <= 40; revision++)
        {
            _ = await library.SaveDraftAsync("a", Json("a", $"{revision}"), revision - 1, Anna, LibraryVerbs.Saved, None);
            _ = await there.FindAsync("a", (await library.KeepDraftAsync("a", None))!.Value.Version, None);
        }

        Assert.Equal("1", (await there.FindAsync("a", -1, None))!.Description);
        Assert.Equal("40", (await there.FindAsync("a", -40, None))!.Description);
    }

    [Fact]
    public async Task A_run_of_a_draft_is_on_what_the_draft_was()
    {
        _ = await library.SaveDraftAsync("a", Json("a", "first"), 0, Anna, LibraryVerbs.Saved, None);
        var kept = await library.KeepDraftAsync("a", None);
        _ = await library.SaveDraftAsync("a", Json("a", "second"), 1, Anna, LibraryVerbs.Saved, None);

        Assert.Equal("first", (await there.FindAsync("a", kept!.Value.Version, None))!.Description);
        Assert.Null(there.Latest("a"));
    }

    private static string Json(string id, string description = "") =>
        $$"""{ "definitionId": "{{id}}", "description": "{{description}}", "root": { "id": "s", "type": "Elsa.Sequence", "activities": [] } }""";

    private DefinitionCatalog NewCatalog() => new(store, new DefinitionReader(World.Registry()));
}
