namespace Runbooks.Workflows.Journal.InMemory;

/// <summary>Published definitions in memory, for simulation and for tests on virtual time.</summary>
public sealed class InMemoryDefinitionStore(TimeProvider clock) : IDefinitionStore
{
    private readonly Lock gate = new();
    private readonly SortedDictionary<string, List<StoredDefinition>> versions = new(StringComparer.Ordinal);

    public Task<StoredDefinition> PublishAsync(string definitionId, string contentHash, string json, string source, CancellationToken cancellationToken)
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
                return Task.FromResult(latest);
            }

            var next = new StoredDefinition(definitionId, known.Count + 1, contentHash, json, source, clock.GetUtcNow());
            known.Add(next);
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
}
