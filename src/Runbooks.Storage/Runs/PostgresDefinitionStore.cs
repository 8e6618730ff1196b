using Microsoft.EntityFrameworkCore;
using Npgsql;
using NpgsqlTypes;
using Runbooks.Storage.Model;
using Runbooks.Workflows.Definitions;
using Runbooks.Workflows.Journal;

namespace Runbooks.Storage.Runs;

/// <summary>Published definitions in PostgreSQL.</summary>
internal sealed class PostgresDefinitionStore(NpgsqlDataSource database, IDbContextFactory<RunbooksContext> contexts) : IDefinitionStore
{
    public async Task<StoredDefinition> PublishAsync(string definitionId, string contentHash, string json, string source, ProductVersion? product, CancellationToken cancellationToken)
    {
        // Workers that publish the same runbook take turns: the lock ends with the transaction that the batch is.
        await using var batch = database.CreateBatch();
        batch.Add("SELECT pg_advisory_xact_lock(hashtextextended('definition:' || $1, 0))").WithText(definitionId);
        batch.Add(
            """
            INSERT INTO runbooks.definitions (definition_id, version, content_hash, json, source, published_at, product)
            SELECT $1, coalesce(max(version), 0) + 1, $2, $3, $4, clock_timestamp(), $5
            FROM runbooks.definitions WHERE definition_id = $1
            HAVING (array_agg(content_hash ORDER BY version DESC))[1] IS DISTINCT FROM $2 AND coalesce(max(product) <= $5, true)
            """)
            .WithText(definitionId).WithText(contentHash).WithText(json).WithText(source).With(product);
        batch.Add(
            """
            UPDATE runbooks.definitions SET product = greatest(product, $3)
            WHERE definition_id = $1 AND content_hash = $2 AND product IS DISTINCT FROM greatest(product, $3)
              AND version = (SELECT max(version) FROM runbooks.definitions WHERE definition_id = $1)
            """)
            .WithText(definitionId).WithText(contentHash).With(product);
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

    public async Task<IReadOnlyList<DefinitionVersion>> LatestVersionsAsync(CancellationToken cancellationToken)
    {
        await using var batch = database.CreateBatch();
        batch.Add("SELECT definition_id, max(version) FROM runbooks.definitions GROUP BY definition_id ORDER BY definition_id");
        await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
        return await reader.ToListAsync(row => new DefinitionVersion(row.GetString(0), row.GetInt32(1)), cancellationToken);
    }
}

file static class ProductParameter
{
    /// <summary>Arrays of numbers are compared number by number, as versions are.</summary>
    public static NpgsqlBatchCommand With(this NpgsqlBatchCommand command, ProductVersion? product)
    {
        int[]? numbers = product is null ? null : [product.Value.Major, product.Value.Minor, Math.Max(0, product.Value.Build)];
        command.Parameters.Add(new NpgsqlParameter { Value = (object?)numbers ?? DBNull.Value, NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Integer });
        return command;
    }
}
