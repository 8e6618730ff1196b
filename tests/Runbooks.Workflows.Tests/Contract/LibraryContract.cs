using Runbooks.Workflows.Definitions;
using Runbooks.Workflows.Journal;
using Runbooks.Workflows.Library;

namespace Runbooks.Workflows.Tests.Contract;

/// <summary>What every library does, over the store that the engine reads.</summary>
public abstract class LibraryContract : RunStoreContract
{
    private static readonly ProductVersion Product = new(new Version(1, 0, 0));
    private static readonly Editor Anna = new("anna", "because");
    private static readonly Editor Bert = new("bert");

    private IRunbookLibrary Library => Store.Library;

    private IDefinitionStore Definitions => Store.Definitions;

    [Fact]
    public async Task A_draft_is_saved_beside_the_published_version_and_changes_nothing_that_runs()
    {
        await ShipAsync("1");

        var draft = await SaveAsync("2", 0);

        Assert.Equal((2, VersionState.Draft, true, 1L), (draft.Version, draft.State, draft.IsLatest, draft.Revision));
        Assert.Equal(("anna", "because", false), (draft.ChangedBy, draft.Reason, draft.IsShipped));
        var versions = await Library.ListAsync("d", None);
        Assert.Equal([(1, VersionState.Published, false), (2, VersionState.Draft, true)], versions.Select(v => (v.Version, v.State, v.IsLatest)));
        Assert.True(versions[0].IsShipped);
        Assert.Equal(1, (await Definitions.LatestAsync("d", None))!.Version);
        Assert.Equal([new DefinitionVersion("d", 1)], await Definitions.LatestVersionsAsync(None));
        Assert.Equal(Json("2"), (await Library.FindAsync(new VersionId("d", 2), None))!.Json);
        Assert.Equal(draft, await Library.LatestAsync("d", None));
    }

    [Fact]
    public async Task A_save_that_has_seen_an_older_revision_is_refused_and_nothing_of_it_is_written()
    {
        _ = await SaveAsync("1", 0);
        _ = await Library.SaveDraftAsync("d", Json("2"), 1, Bert, LibraryVerbs.Saved, None);

        var refused = await Assert.ThrowsAsync<LostUpdateException>(() => SaveAsync("3", 1));

        Assert.Contains("bert", refused.Message, StringComparison.Ordinal);
        Assert.Equal((2L, "bert"), (refused.Current!.Revision, refused.Current.ChangedBy));
        Assert.Equal(Json("2"), (await Library.LatestAsync("d", None))!.Json);
        Assert.Equal(2, (await Library.HistoryAsync("d", 10, None)).Count);
        Assert.Equal(3, (await SaveAsync("3", null)).Revision);
    }

    [Fact]
    public async Task Of_many_saves_at_once_one_is_done()
    {
        var saves = await Task.WhenAll(Enumerable.Range(0, 8).Select(n => Attempt(() => SaveAsync($"{n}", 0))));

        Assert.Single(saves, done => done);
        Assert.Single(await Library.HistoryAsync("d", 100, None));
        Assert.Equal(1, (await Library.LatestAsync("d", None))!.Revision);
    }

    [Fact]
    public async Task Of_many_publishings_of_one_draft_one_is_done()
    {
        _ = await SaveAsync("1", 0);

        var published = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => PublishAsync(1)));

        Assert.Single(published, v => v is not null);
        Assert.Equal(1, Assert.Single(await Library.ListAsync("d", None)).Version);
    }

    [Fact]
    public async Task What_was_saved_while_it_was_published_stays_a_draft_or_is_what_is_refused()
    {
        for (var round = 0; round < 8; round++)
        {
            var latest = await Library.LatestAsync("d", None);
            var draft = await SaveAsync($"{round}", latest?.Revision ?? 0);

            var publishing = PublishAsync(draft.Revision, $"{round}");
            var saving = Attempt(() => SaveAsync($"{round} and more", draft.Revision));
            var published = await publishing;

            Assert.True(await saving);
            var after = await Library.LatestAsync("d", None);
            Assert.Equal((VersionState.Draft, Json($"{round} and more")), (after!.State, after.Json));
            Assert.Equal(published is not null, (await Definitions.LatestAsync("d", None))?.Json == Json($"{round}"));
        }
    }

    [Fact]
    public async Task A_published_draft_is_what_runs_start_on_and_never_changes()
    {
        await ShipAsync("1");
        var draft = await SaveAsync("2", 0);

        var published = await PublishAsync(draft.Revision);

        Assert.Equal((2, VersionState.Published, true, 1L), (published!.Version, published.State, published.IsLatest, published.Revision));
        Assert.Null(await PublishAsync(draft.Revision));
        var live = await Definitions.LatestAsync("d", None);
        Assert.Equal((2, "hash-p", false, "anna", "because"), (live!.Version, live.ContentHash, live.IsShipped, live.PublishedBy, live.Reason));
        Assert.Equal([VersionState.Superseded, VersionState.Published], (await Library.ListAsync("d", None)).Select(v => v.State));
        Assert.Equal(3, (await SaveAsync("3", 1)).Version);
        Assert.Equal(Json("p"), (await Definitions.FindAsync("d", 2, None))!.Json);
    }

    [Fact]
    public async Task A_retracted_runbook_is_not_started_until_it_is_published_again()
    {
        await ShipAsync("1");

        Assert.True(await Library.RetractAsync("d", Anna, None));
        Assert.False(await Library.RetractAsync("d", Anna, None));

        Assert.Null(await Definitions.LatestAsync("d", None));
        Assert.Empty(await Definitions.ListLatestAsync(None));
        Assert.Empty(await Definitions.LatestVersionsAsync(None));
        Assert.NotNull(await Definitions.FindAsync("d", 1, None));
        Assert.Equal((VersionState.Superseded, true), Assert.Single(await Library.ListCurrentAsync(None)) is var v ? (v.State, v.IsLatest) : default);

        Assert.Equal(1, (await Library.PublishAgainAsync("d", Bert, None))!.Version);
        Assert.Null(await Library.PublishAgainAsync("d", Bert, None));
        Assert.Equal(1, (await Definitions.LatestAsync("d", None))!.Version);
    }

    [Fact]
    public async Task A_file_is_not_published_over_what_people_have_published_but_can_be_taken()
    {
        await ShipAsync("1");
        _ = await PublishAsync((await SaveAsync("2", 0)).Revision);

        Assert.Equal("hash-p", (await ShipAsync("3")).ContentHash);
        Assert.Equal("hash-3", Assert.Single(await Library.ShippedAsync("d", None)).ContentHash);
        Assert.Equal(2, (await Definitions.LatestAsync("d", None))!.Version);

        var restored = await Library.RestoreAsync("d", Bert, None);
        Assert.Equal((3, true, VersionState.Published, Json("3")), (restored!.Version, restored.IsShipped, restored.State, restored.Json));
        Assert.Null(await Library.RestoreAsync("d", Bert, None));
        Assert.Equal(4, (await ShipAsync("4")).Version);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_file_does_not_bring_back_what_was_retracted_or_deleted(bool deleted)
    {
        await ShipAsync("1");
        Assert.True(deleted ? await Library.DeleteAsync("d", Anna, None) : await Library.RetractAsync("d", Anna, None));

        _ = await ShipAsync("1");
        _ = await ShipAsync("2");

        Assert.Null(await Definitions.LatestAsync("d", None));
        Assert.Null(await Definitions.FindAsync("d", 2, None));
        Assert.Equal(2, (await Library.RestoreAsync("d", Anna, None))!.Version);
        Assert.Equal(2, (await Definitions.LatestAsync("d", None))!.Version);
    }

    [Fact]
    public async Task Files_that_are_unchanged_make_no_version()
    {
        await ShipAsync("1");
        await ShipAsync("1");

        Assert.Single(await Library.ListAsync(null, None));
        Assert.Empty(await Library.HistoryAsync(null, 10, None));
    }

    [Fact]
    public async Task Who_edits_while_a_new_file_is_published_is_told()
    {
        await ShipAsync("1");
        await ShipAsync("2");

        _ = await Assert.ThrowsAsync<LostUpdateException>(() => SaveAsync("mine", 0));
        Assert.Equal(1, (await Library.LatestAsync("d", None))!.Revision);
    }

    [Fact]
    public async Task A_draft_that_was_thrown_away_does_not_come_back_by_a_late_save()
    {
        await ShipAsync("1");
        var draft = await SaveAsync("2", 0);

        Assert.True(await Library.DiscardDraftAsync("d", Bert, None));
        Assert.False(await Library.DiscardDraftAsync("d", Bert, None));

        _ = await Assert.ThrowsAsync<LostUpdateException>(() => SaveAsync("2", draft.Revision));
        Assert.Equal((1, true, 2L), await Library.LatestAsync("d", None) is { } v ? (v.Version, v.IsLatest, v.Revision) : default);
    }

    [Fact]
    public async Task A_deleted_runbook_is_in_no_list_and_its_versions_stay_for_runs()
    {
        await ShipAsync("1");
        _ = await SaveAsync("2", 0);

        Assert.True(await Library.DeleteAsync("d", Anna, None));
        Assert.False(await Library.DeleteAsync("d", Anna, None));

        Assert.Empty(await Library.ListAsync(null, None));
        Assert.Empty(await Library.ListCurrentAsync(None));
        Assert.Null(await Library.LatestAsync("d", None));
        Assert.NotNull(await Definitions.FindAsync("d", 1, None));
        Assert.Null(await PublishAsync(1));
        _ = await Assert.ThrowsAsync<LostUpdateException>(() => SaveAsync("2", 1));

        // Somebody imports it again: a draft, and nothing runs.
        Assert.Equal(2, (await SaveAsync("3", null)).Version);
        Assert.Null(await Definitions.LatestAsync("d", None));
    }

    [Fact]
    public async Task A_draft_is_kept_for_a_run_as_it_was()
    {
        Assert.Null(await Library.KeepDraftAsync("d", None));
        var draft = await SaveAsync("1", 0);

        var kept = await Library.KeepDraftAsync("d", None);
        Assert.Equal(kept, await Library.KeepDraftAsync("d", None));
        _ = await SaveAsync("2", draft.Revision);

        Assert.Equal(new VersionId("d", -1), kept);
        Assert.Equal(Json("1"), (await Definitions.FindAsync("d", -1, None))!.Json);
        Assert.Equal((Json("1"), VersionState.Draft, false), await Library.FindAsync(kept!.Value, None) is { } v ? (v.Json, v.State, v.IsLatest) : default);
        Assert.Null(await Definitions.FindAsync("d", -2, None));
        Assert.Null(await Definitions.LatestAsync("d", None));
    }

    [Fact]
    public async Task Several_drafts_are_saved_together_or_not_at_all()
    {
        _ = await SaveAsync("1", 0);

        _ = await Assert.ThrowsAsync<LostUpdateException>(() => Library.SaveDraftsAsync([new("a", Json("a"), null), new("d", Json("2"), 0)], Anna, LibraryVerbs.Imported, None));
        Assert.Null(await Library.LatestAsync("a", None));

        var saved = await Library.SaveDraftsAsync([new("d", Json("2"), null), new("a", Json("a"), null)], Anna, LibraryVerbs.Imported, None);
        Assert.Equal(["d", "a"], saved.Select(v => v.DefinitionId));
        Assert.Equal(["a", "d"], (await Library.ListAsync(null, None)).Select(v => v.DefinitionId));
    }

    [Fact]
    public async Task Everything_that_was_done_is_in_the_history_newest_first()
    {
        await ShipAsync("1");
        var draft = await SaveAsync("2", 0);
        _ = await PublishAsync(draft.Revision);
        _ = await Library.RetractAsync("d", Bert, None);
        _ = await Library.DeleteAsync("d", Anna, None);
        _ = await Library.RestoreAsync("d", Bert, None);
        _ = await Library.SaveDraftAsync("other", Json("x"), null, Bert, LibraryVerbs.Imported, None);

        var history = await Library.HistoryAsync("d", 10, None);

        Assert.Equal(["Restored", "Deleted", "Retracted", "Published", "Saved"], history.Select(h => h.Verb));
        Assert.Equal([3, 2, 2, 2, 2], history.Select(h => h.Version));
        Assert.Equal(["bert", "anna", "bert", "anna", "anna"], history.Select(h => h.Actor));
        Assert.Equal(["hash-1", null, "hash-p", "hash-p", ContentHash.Of(Json("2"))], history.Select(h => h.ContentHash));
        Assert.Equal("because", history[^1].Reason);
        Assert.Equal("other", Assert.Single(await Library.HistoryAsync(null, 1, None)).DefinitionId);
    }

    private static string Json(string content) => $"{{\"name\":\"{content}\"}}";

    private static async Task<bool> Attempt(Func<Task> act)
    {
        try
        {
            await act();
            return true;
        }
        catch (LostUpdateException)
        {
            return false;
        }
    }

    private Task<StoredDefinition> ShipAsync(string content) => Definitions.PublishAsync("d", $"hash-{content}", Json(content), "d.json", Product, None);

    private Task<RunbookVersion> SaveAsync(string content, long? seen) => Library.SaveDraftAsync("d", Json(content), seen, Anna, LibraryVerbs.Saved, None);

    private Task<RunbookVersion?> PublishAsync(long revision, string content = "p") => Library.PublishDraftAsync("d", revision, $"hash-{content}", Json(content), Anna, None);
}
