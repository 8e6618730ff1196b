using Runbooks.Workflows.Journal;
using Runbooks.Workflows.Journal.InMemory;

namespace Runbooks.Workflows.Library.InMemory;

/// <summary>The library over definitions in memory.</summary>
public sealed class InMemoryRunbookLibrary(InMemoryDefinitionStore store) : IRunbookLibrary
{
    public Task<IReadOnlyList<RunbookVersion>> ListAsync(string? definitionId, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        lock (store.Gate)
        {
            return Task.FromResult<IReadOnlyList<RunbookVersion>>([.. store.Shelves.Where(s => !s.Shelf.IsDeleted && (definitionId is null || s.Shelf.DefinitionId == definitionId)).SelectMany(VersionsOf)]);
        }
    }

    public async Task<IReadOnlyList<RunbookVersion>> ListCurrentAsync(CancellationToken cancellationToken) =>
        [.. (await ListAsync(null, cancellationToken)).Where(v => v.IsLatest || v.State == VersionState.Published)];

    public Task<RunbookVersion?> FindAsync(VersionId id, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        lock (store.Gate)
        {
            return Task.FromResult(store.Find(id.DefinitionId) is not { } stored ? null
                : id.IsDraftRevision ? stored.Kept.TryGetValue(id.Version, out var kept) ? KeptDrafts.VersionOf(kept) : null
                : VersionsOf(stored).FirstOrDefault(v => v.Version == id.Version));
        }
    }

    public async Task<RunbookVersion?> LatestAsync(string definitionId, CancellationToken cancellationToken) =>
        (await ListAsync(definitionId, cancellationToken)).FirstOrDefault(v => v.IsLatest);

    public Task<IReadOnlyList<RunbookVersion>> SaveDraftsAsync(IReadOnlyList<DraftToSave> drafts, Editor editor, string verb, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        lock (store.Gate)
        {
            ShelfChange[] changes = [.. drafts.Select(d => ShelfRules.Save(store.Shelf(d.DefinitionId), d, editor, verb, store.Clock.GetUtcNow()))];
            foreach (var change in changes)
            {
                store.Apply(change);
            }

            return Task.FromResult<IReadOnlyList<RunbookVersion>>([.. changes.Select(c => c.After.DraftVersion!)]);
        }
    }

    public Task<RunbookVersion?> PublishDraftAsync(string definitionId, long revision, string contentHash, string json, Editor editor, CancellationToken cancellationToken) =>
        Task.FromResult(NewestAfter(Change(definitionId, (shelf, now) => ShelfRules.PublishDraft(shelf, revision, contentHash, json, editor, now), cancellationToken)));

    public Task<RunbookVersion?> PublishAgainAsync(string definitionId, Editor editor, CancellationToken cancellationToken) =>
        Task.FromResult(NewestAfter(Change(definitionId, (shelf, now) => ShelfRules.PublishAgain(shelf, editor, now), cancellationToken)));

    public Task<bool> RetractAsync(string definitionId, Editor editor, CancellationToken cancellationToken) =>
        Task.FromResult(Change(definitionId, (shelf, now) => ShelfRules.Retract(shelf, editor, now), cancellationToken) is not null);

    public Task<bool> DiscardDraftAsync(string definitionId, Editor editor, CancellationToken cancellationToken) =>
        Task.FromResult(Change(definitionId, (shelf, now) => ShelfRules.Discard(shelf, editor, now), cancellationToken) is not null);

    public Task<bool> DeleteAsync(string definitionId, Editor editor, CancellationToken cancellationToken) =>
        Task.FromResult(Change(definitionId, (shelf, now) => ShelfRules.Delete(shelf, editor, now), cancellationToken) is not null);

    public Task<RunbookVersion?> RestoreAsync(string definitionId, Editor editor, CancellationToken cancellationToken) =>
        Task.FromResult(NewestAfter(Change(definitionId, (shelf, now) => ShelfRules.Restore(shelf, editor, now), cancellationToken)));

    public Task<IReadOnlyList<ShippedRunbook>> ShippedAsync(string? definitionId, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        lock (store.Gate)
        {
            return Task.FromResult<IReadOnlyList<ShippedRunbook>>([.. store.Shelves.Select(s => s.Shelf.Shipped).OfType<ShippedRunbook>().Where(s => definitionId is null || s.DefinitionId == definitionId)]);
        }
    }

    public Task<VersionId?> KeepDraftAsync(string definitionId, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        lock (store.Gate)
        {
            if (store.Find(definitionId) is not { Shelf: { IsDeleted: false, Draft: { } draft } } stored)
            {
                return Task.FromResult<VersionId?>(null);
            }

            var kept = new VersionId(definitionId, checked((int)-draft.Revision));
            stored.Kept[kept.Version] = new StoredDefinition(definitionId, kept.Version, ContentHash.Of(draft.Json), draft.Json, draft.ChangedBy, draft.ChangedAt)
            {
                IsShipped = false,
                PublishedBy = draft.ChangedBy,
                Revision = draft.Revision,
            };
            return Task.FromResult<VersionId?>(kept);
        }
    }

    public Task<IReadOnlyList<LibraryEntry>> HistoryAsync(string? definitionId, int limit, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        lock (store.Gate)
        {
            return Task.FromResult<IReadOnlyList<LibraryEntry>>([.. Enumerable.Reverse(store.History).Where(e => definitionId is null || e.DefinitionId == definitionId).Take(limit)]);
        }
    }

    private static IEnumerable<RunbookVersion> VersionsOf(InMemoryDefinitionStore.StoredShelf stored) =>
        stored.Versions.Select(stored.Shelf.VersionOf).Concat(stored.Shelf.DraftVersion is { } draft ? [draft] : []);

    private static RunbookVersion? NewestAfter(ShelfChange? change) => change?.After.VersionOf(change.After.Newest!);

    private ShelfChange? Change(string definitionId, Func<Shelf, DateTimeOffset, ShelfChange?> decide, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        lock (store.Gate)
        {
            var change = decide(store.Shelf(definitionId), store.Clock.GetUtcNow());
            store.Apply(change);
            return change;
        }
    }
}
