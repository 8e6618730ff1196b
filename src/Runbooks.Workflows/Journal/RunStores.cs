namespace Runbooks.Workflows.Journal;

public static class RunStores
{
    /// <summary>Claims a run of any runbook.</summary>
    public static Task<RunClaim?> ClaimNextAsync(this IRunStore store, string worker, TimeSpan lease, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(store);
        return store.ClaimNextAsync(worker, lease, [], cancellationToken);
    }
}

public static class DefinitionStores
{
    /// <summary>Publishes what a person brings.</summary>
    public static Task<StoredDefinition> PublishAsync(this IDefinitionStore store, string definitionId, string contentHash, string json, string source, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(store);
        return store.PublishAsync(definitionId, contentHash, json, source, null, cancellationToken);
    }
}
