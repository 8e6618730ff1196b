using Runbooks.Workflows.Definitions;

namespace Runbooks.Workflows.Journal.InMemory;

/// <summary>Published definitions in memory, for simulation and for tests on virtual time.</summary>
public sealed class InMemoryDefinitionStore(TimeProvider clock) : IDefinitionStore
{
    private readonly Lock gate = new();
    private readonly SortedDictionary<string, List<StoredDefinition>> versions = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Version> newestProduct = new(StringComparer.Ordinal);

    public Task<StoredDefinition> PublishAsync(string definitionId, string contentHash, string json, string source, ProductVersion? product, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        lock (gate)
        {
            if (!versions.TryGetValue(definitionId, out var known))
            {
                versions.Add(definitionId, known = []);
            }

            if (known.LastOrDefault() is { } latest && string.Equals(latest.ContentHash, contentHash, StringComparison.Ordinal))
            {
                NoteProduct(definitionId, product);
                return Task.FromResult(latest);
            }

            if (known.Count > 0 && product is not null && newestProduct.TryGetValue(definitionId, out var newest) && newest > product.Value)
            {
                return Task.FromResult(known[^1]);
            }

            var next = new StoredDefinition(definitionId, known.Count + 1, contentHash, json, source, clock.GetUtcNow());
            known.Add(next);
            NoteProduct(definitionId, product);
            return Task.FromResult(next);
        }
    }

    public Task<StoredDefinition?> LatestAsync(string definitionId, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        lock (gate)
        {
            return Task.FromResult(versions.GetValueOrDefault(definitionId)?[^1]);
        }
    }

    public Task<StoredDefinition?> FindAsync(string definitionId, int version, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        lock (gate)
        {
            return Task.FromResult(versions.GetValueOrDefault(definitionId)?.ElementAtOrDefault(version - 1));
        }
    }

    public Task<IReadOnlyList<StoredDefinition>> ListLatestAsync(CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        lock (gate)
        {
            return Task.FromResult<IReadOnlyList<StoredDefinition>>([.. versions.Values.Select(v => v[^1])]);
        }
    }

    public Task<IReadOnlyList<DefinitionVersion>> LatestVersionsAsync(CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        lock (gate)
        {
            return Task.FromResult<IReadOnlyList<DefinitionVersion>>([.. versions.Select(v => new DefinitionVersion(v.Key, v.Value.Count))]);
        }
    }

    private void NoteProduct(string definitionId, ProductVersion? product)
    {
        if (product is not null && (!newestProduct.TryGetValue(definitionId, out var newest) || newest < product.Value))
        {
            newestProduct[definitionId] = product.Value;
        }
    }
}
