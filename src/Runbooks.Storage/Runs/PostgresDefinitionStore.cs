using Microsoft.EntityFrameworkCore;
using Npgsql;
using Runbooks.Storage.Model;
using Runbooks.Workflows.Journal;

namespace Runbooks.Storage.Runs;

/// <summary>Published definitions in PostgreSQL.</summary>
internal sealed class PostgresDefinitionStore(NpgsqlDataSource database, IDbContextFactory<RunbooksContext> contexts) : IDefinitionStore
{
    public async Task<StoredDefinition> PublishAsync(string definitionId, string contentHash, string json, string source, CancellationToken cancellationToken)
    {
        // Workers that publish the same runbook take turns: the lock ends with the transaction that the batch is.
        await using var batch = database.CreateBatch();
        batch.Add("SELECT pg_advisory_xact_lock(hashtextextended('definition:' || $1, 0))").WithText(definitionId);
        batch.Add(
            """
            INSERT INTO runbooks.definitions (definition_id, version, content_hash, json, source, published_at)
            SELECT $1, coalesce(max(version), 0) + 1, $2, $3, $4, clock_timestamp()
            FROM runbooks.definitions WHERE definition_id = $1
            HAVING (array_agg(content_hash ORDER BY version DESC))[1] IS DISTINCT FROM $2
            """)
            .WithText(definitionId).WithText(contentHash).WithText(json).WithText(source);
        await batch.ExecuteNonQueryAsync(cancellationToken);
        return await LatestAsync(definitionId, cancellationToken)
            ?? throw new InvalidOperationException($"Runbook {definitionId} was published and is not there.");
    }

    public async Task<StoredDefinition?> LatestAsync(string definitionId, CancellationToken cancellationToken)
    {
        await using var context = await contexts.CreateDbContextAsync(cancellationToken);
        return await context.Definitions.Where(d => d.DefinitionId == definitionId).OrderByDescending(d => d.Version).FirstOrDefaultAsync(cancellationToken);
    }

    public async Task<StoredDefinition?> FindAsync(string definitionId, int version, CancellationToken cancellationToken)
    {
        await using var context = await contexts.CreateDbContextAsync(cancellationToken);
        return await context.Definitions.SingleOrDefaultAsync(d => d.DefinitionId == definitionId && d.Version == version, cancellationToken);
    }

    public async Task<IReadOnlyList<StoredDefinition>> ListLatestAsync(CancellationToken cancellationToken)
    {
        await using var context = await contexts.CreateDbContextAsync(cancellationToken);
        var latest = await context.Definitions
            .Where(d => d.Version == context.Definitions.Where(o => o.DefinitionId == d.DefinitionId).Max(o => o.Version))
            .ToListAsync(cancellationToken);
        return [.. latest.OrderBy(d => d.DefinitionId, StringComparer.Ordinal)];
    }
}
