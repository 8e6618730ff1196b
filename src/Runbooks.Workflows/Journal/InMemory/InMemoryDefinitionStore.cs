using Runbooks.Workflows.Definitions;
using Runbooks.Workflows.Library;

namespace Runbooks.Workflows.Journal.InMemory;

/// <summary>Published definitions in memory, for simulation and for tests on virtual time.</summary>
public sealed class InMemoryDefinitionStore(TimeProvider clock) : IDefinitionStore
{
    private readonly SortedDictionary<string, StoredShelf> shelves = new(StringComparer.Ordinal);

    internal TimeProvider Clock => clock;

    /// <summary>Held while anything is read or changed, here and by the library over this store.</summary>
    internal Lock Gate { get; } = new();

    internal List<LibraryEntry> History { get; } = [];

    internal IEnumerable<StoredShelf> Shelves => shelves.Values;

    public Task<StoredDefinition> PublishAsync(string definitionId, string contentHash, string json, string source, ProductVersion? product, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        lock (Gate)
        {
            Apply(ShelfRules.PublishFile(Shelf(definitionId), contentHash, json, source, product, clock.GetUtcNow()));
            return Task.FromResult(Shelf(definitionId).Newest!);
        }
    }

    public Task<StoredDefinition?> LatestAsync(string definitionId, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        lock (Gate)
        {
            return Task.FromResult(Shelf(definitionId) is { IsLive: true } shelf ? shelf.Newest : null);
        }
    }

    public Task<StoredDefinition?> FindAsync(string definitionId, int version, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        lock (Gate)
        {
            return Task.FromResult(!shelves.TryGetValue(definitionId, out var stored) ? null
                : version < 0 ? stored.Kept.GetValueOrDefault(version)
                : stored.Versions.ElementAtOrDefault(version - 1));
        }
    }

    public Task<IReadOnlyList<StoredDefinition>> ListLatestAsync(CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        lock (Gate)
        {
            return Task.FromResult<IReadOnlyList<StoredDefinition>>([.. shelves.Values.Where(s => s.Shelf.IsLive).Select(s => s.Shelf.Newest!)]);
        }
    }

    public async Task<IReadOnlyList<DefinitionVersion>> LatestVersionsAsync(CancellationToken cancellationToken) =>
        [.. (await ListLatestAsync(cancellationToken)).Select(d => new DefinitionVersion(d.DefinitionId, d.Version))];

    internal Shelf Shelf(string definitionId) =>
        shelves.TryGetValue(definitionId, out var stored) ? stored.Shelf : Library.Shelf.Empty(definitionId);

    internal StoredShelf? Find(string definitionId) => shelves.GetValueOrDefault(definitionId);

    internal void Apply(ShelfChange? change)
    {
        if (change is null)
        {
            return;
        }

        if (!shelves.TryGetValue(change.After.DefinitionId, out var stored))
        {
            shelves.Add(change.After.DefinitionId, stored = new StoredShelf(change.After));
        }

        stored.Shelf = change.After;
        if (change.Added is { } added)
        {
            stored.Versions.Add(added);
        }

        if (change.Entry is { } entry)
        {
            History.Add(entry);
        }
    }

    /// <summary>A runbook with all that was ever published of it.</summary>
    internal sealed class StoredShelf(Shelf shelf)
    {
        public Shelf Shelf { get; set; } = shelf;

        public List<StoredDefinition> Versions { get; } = [];

        /// <summary>Drafts that runs were started on, by their number below zero.</summary>
        public Dictionary<int, StoredDefinition> Kept { get; } = [];
    }
}
