using Microsoft.EntityFrameworkCore;
using Npgsql;
using Runbooks.Storage.Library;
using Runbooks.Storage.Model;
using Runbooks.Workflows.Definitions;
using Runbooks.Workflows.Journal;
using Runbooks.Workflows.Library;

namespace Runbooks.Storage.Runs;

/// <summary>Published definitions in PostgreSQL.</summary>
internal sealed class PostgresDefinitionStore(NpgsqlDataSource database, IDbContextFactory<RunbooksContext> contexts) : IDefinitionStore
{
    private readonly ShelfTurns turns = new(database);

    public async Task<StoredDefinition> PublishAsync(string definitionId, string contentHash, string json, string source, ProductVersion? product, CancellationToken cancellationToken)
    {
        _ = await turns.ChangeAsync(definitionId, (shelf, now) => ShelfRules.PublishFile(shelf, contentHash, json, source, product, now), cancellationToken);
        await using var context = await contexts.CreateDbContextAsync(cancellationToken);
        return await context.Definitions.Where(d => d.DefinitionId == definitionId).OrderByDescending(d => d.Version).FirstOrDefaultAsync(cancellationToken)
            ?? throw new InvalidOperationException($"Runbook {definitionId} was published and is not there.");
    }

    public async Task<StoredDefinition?> LatestAsync(string definitionId, CancellationToken cancellationToken)
    {
        await using var context = await contexts.CreateDbContextAsync(cancellationToken);
        return await Live(context).SingleOrDefaultAsync(d => d.DefinitionId == definitionId, cancellationToken);
    }

    public async Task<StoredDefinition?> FindAsync(string definitionId, int version, CancellationToken cancellationToken)
    {
        await using var context = await contexts.CreateDbContextAsync(cancellationToken);
        if (version > 0)
        {
            return await context.Definitions.SingleOrDefaultAsync(d => d.DefinitionId == definitionId && d.Version == version, cancellationToken);
        }

        var revision = -(long)version;
        return await context.KeptDrafts.SingleOrDefaultAsync(d => d.DefinitionId == definitionId && d.Revision == revision, cancellationToken) is { } kept
            ? new StoredDefinition(definitionId, version, kept.ContentHash, kept.Json, kept.ChangedBy, kept.ChangedAt) { IsShipped = false, PublishedBy = kept.ChangedBy, Revision = revision }
            : null;
    }

    public async Task<IReadOnlyList<StoredDefinition>> ListLatestAsync(CancellationToken cancellationToken)
    {
        await using var context = await contexts.CreateDbContextAsync(cancellationToken);
        return [.. (await Live(context).ToListAsync(cancellationToken)).OrderBy(d => d.DefinitionId, StringComparer.Ordinal)];
    }

    public async Task<IReadOnlyList<DefinitionVersion>> LatestVersionsAsync(CancellationToken cancellationToken)
    {
        await using var batch = database.CreateBatch();
        batch.Add(
            """
            SELECT definition_id, max(version) FROM runbooks.definitions
            WHERE definition_id NOT IN (SELECT definition_id FROM runbooks.library WHERE is_retracted OR is_deleted)
            GROUP BY definition_id ORDER BY definition_id
            """);
        await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
        return await reader.ToListAsync(row => new DefinitionVersion(row.GetString(0), row.GetInt32(1)), cancellationToken);
    }

    private static IQueryable<StoredDefinition> Live(RunbooksContext context) => context.Definitions
        .Where(d => d.Version == context.Definitions.Where(o => o.DefinitionId == d.DefinitionId).Max(o => o.Version)
            && !context.Library.Any(l => l.DefinitionId == d.DefinitionId && (l.IsRetracted || l.IsDeleted)));
}
