using System.Data.Common;
using Npgsql;
using NpgsqlTypes;
using Runbooks.Storage.Runs;
using Runbooks.Workflows.Definitions;
using Runbooks.Workflows.Journal;
using Runbooks.Workflows.Library;

namespace Runbooks.Storage.Library;

/// <summary>Reads what decides about a runbook, and writes what was decided, in the transaction that holds its lock.</summary>
internal static class ShelfStatements
{
    private const string DefinitionColumns = "d.definition_id, d.version, d.content_hash, d.json, d.source, d.published_at, d.is_shipped, d.published_by, d.reason, d.revision";

    /// <summary>Runs that change a runbook take turns, on all servers, those of the version before included.</summary>
    public static async Task LockAsync(NpgsqlConnection connection, NpgsqlTransaction transaction, IEnumerable<string> definitionIds, CancellationToken cancellationToken)
    {
        await using var batch = new NpgsqlBatch(connection, transaction);

        // Always in the same order: two imports of the same runbooks don't wait for each other for ever.
        foreach (var id in definitionIds.Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal))
        {
            batch.Add("SELECT pg_advisory_xact_lock(hashtextextended('definition:' || $1, 0))").WithText(id);
        }

        await batch.ExecuteNonQueryAsync(cancellationToken);
    }

    public static async Task<(Shelf Shelf, DateTimeOffset Now)> ReadAsync(NpgsqlConnection connection, NpgsqlTransaction? transaction, string definitionId, CancellationToken cancellationToken)
    {
        await using var batch = new NpgsqlBatch(connection, transaction);
        batch.Add("SELECT clock_timestamp()");
        batch.Add("SELECT revision, is_retracted, is_deleted FROM runbooks.library WHERE definition_id = $1").WithText(definitionId);
        batch.Add("SELECT json, revision, created_at, changed_at, changed_by, reason FROM runbooks.drafts WHERE definition_id = $1").WithText(definitionId);
        batch.Add($"SELECT {DefinitionColumns} FROM runbooks.definitions d WHERE definition_id = $1 ORDER BY version DESC LIMIT 1").WithText(definitionId);
        batch.Add("SELECT max(product) FROM runbooks.definitions WHERE definition_id = $1").WithText(definitionId);
        batch.Add("SELECT definition_id, content_hash, json, source, product FROM runbooks.shipped WHERE definition_id = $1").WithText(definitionId);
        await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
        var shelf = Shelf.Empty(definitionId);
        _ = await reader.ReadAsync(cancellationToken);
        var now = reader.GetFieldValue<DateTimeOffset>(0);
        if (await NextAsync(reader, cancellationToken))
        {
            shelf = shelf with { Revision = reader.GetInt64(0), IsRetracted = reader.GetBoolean(1), IsDeleted = reader.GetBoolean(2) };
        }

        if (await NextAsync(reader, cancellationToken))
        {
            shelf = shelf with { Draft = Draft(reader, 0) };
        }

        if (await NextAsync(reader, cancellationToken))
        {
            shelf = shelf with { Newest = Definition(reader) };
        }

        if (await NextAsync(reader, cancellationToken) && !reader.IsDBNull(0))
        {
            shelf = shelf with { NewestProduct = Product(reader, 0) };
        }

        return (await NextAsync(reader, cancellationToken) ? shelf with { Shipped = Shipped(reader) } : shelf, now);
    }

    public static async Task WriteAsync(NpgsqlConnection connection, NpgsqlTransaction transaction, Shelf before, ShelfChange change, CancellationToken cancellationToken)
    {
        await using var batch = new NpgsqlBatch(connection, transaction);
        var after = change.After;
        if ((before.Revision, before.IsRetracted, before.IsDeleted) != (after.Revision, after.IsRetracted, after.IsDeleted))
        {
            batch.Add(
                """
                INSERT INTO runbooks.library (definition_id, revision, is_retracted, is_deleted) VALUES ($1, $2, $3, $4)
                ON CONFLICT (definition_id) DO UPDATE SET revision = $2, is_retracted = $3, is_deleted = $4
                """)
                .WithText(after.DefinitionId).With(after.Revision).With(after.IsRetracted).With(after.IsDeleted);
        }

        AddDraft(batch, before, after);
        AddDefinition(batch, change);
        if (after.Shipped is { } shipped && shipped != before.Shipped)
        {
            batch.Add(
                """
                INSERT INTO runbooks.shipped (definition_id, content_hash, json, source, product) VALUES ($1, $2, $3, $4, $5)
                ON CONFLICT (definition_id) DO UPDATE SET content_hash = $2, json = $3, source = $4, product = $5
                """)
                .WithText(shipped.DefinitionId).WithText(shipped.ContentHash).WithText(shipped.Json).WithText(shipped.Source).With(shipped.Product);
        }

        if (change.Entry is { } entry)
        {
            batch.Add("INSERT INTO runbooks.library_history (definition_id, version, at, verb, actor, reason, content_hash) VALUES ($1, $2, $3, $4, $5, $6, $7)")
                .WithText(entry.DefinitionId).With(entry.Version).WithTime(entry.At).WithText(entry.Verb).WithText(entry.Actor).WithText(entry.Reason).WithText(entry.ContentHash);
        }

        if (batch.BatchCommands.Count > 0)
        {
            await batch.ExecuteNonQueryAsync(cancellationToken);
        }
    }

    public static ShelfDraft Draft(DbDataReader reader, int first) => new(
        reader.GetString(first),
        reader.GetInt64(first + 1),
        reader.GetFieldValue<DateTimeOffset>(first + 2),
        reader.GetFieldValue<DateTimeOffset>(first + 3),
        reader.GetString(first + 4),
        reader.IsDBNull(first + 5) ? null : reader.GetString(first + 5));

    public static ShippedRunbook Shipped(DbDataReader reader) =>
        new(reader.GetString(0), reader.GetString(1), reader.GetString(2), reader.GetString(3), Product(reader, 4));

    private static void AddDraft(NpgsqlBatch batch, Shelf before, Shelf after)
    {
        if (after.Draft == before.Draft)
        {
            return;
        }

        if (after.Draft is not { } draft)
        {
            batch.Add("DELETE FROM runbooks.drafts WHERE definition_id = $1").WithText(after.DefinitionId);
            return;
        }

        batch.Add(
            """
            INSERT INTO runbooks.drafts (definition_id, json, revision, created_at, changed_at, changed_by, reason) VALUES ($1, $2, $3, $4, $5, $6, $7)
            ON CONFLICT (definition_id) DO UPDATE SET json = $2, revision = $3, created_at = $4, changed_at = $5, changed_by = $6, reason = $7
            """)
            .WithText(after.DefinitionId).WithText(draft.Json).With(draft.Revision).WithTime(draft.CreatedAt).WithTime(draft.ChangedAt).WithText(draft.ChangedBy).WithText(draft.Reason);
    }

    private static void AddDefinition(NpgsqlBatch batch, ShelfChange change)
    {
        if (change.Added is { } added)
        {
            batch.Add(
                """
                INSERT INTO runbooks.definitions (definition_id, version, content_hash, json, source, published_at, product, is_shipped, published_by, reason, revision)
                VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
                """)
                .WithText(added.DefinitionId).With(added.Version).WithText(added.ContentHash).WithText(added.Json).WithText(added.Source).WithTime(added.PublishedAt)
                .With(change.Product).With(added.IsShipped).WithText(added.PublishedBy).WithText(added.Reason).With(added.Revision);
        }
        else if (change is { Product: { } product, After.Newest: { } newest })
        {
            batch.Add("UPDATE runbooks.definitions SET product = greatest(product, $3) WHERE definition_id = $1 AND version = $2 AND product IS DISTINCT FROM greatest(product, $3)")
                .WithText(newest.DefinitionId).With(newest.Version).With(product);
        }
    }

    private static StoredDefinition Definition(DbDataReader reader) =>
        new(reader.GetString(0), reader.GetInt32(1), reader.GetString(2), reader.GetString(3), reader.GetString(4), reader.GetFieldValue<DateTimeOffset>(5))
        {
            IsShipped = reader.GetBoolean(6),
            PublishedBy = reader.IsDBNull(7) ? null : reader.GetString(7),
            Reason = reader.IsDBNull(8) ? null : reader.GetString(8),
            Revision = reader.GetInt64(9),
        };

    private static async Task<bool> NextAsync(DbDataReader reader, CancellationToken cancellationToken)
    {
        _ = await reader.NextResultAsync(cancellationToken);
        return await reader.ReadAsync(cancellationToken);
    }

    private static ProductVersion Product(DbDataReader reader, int column)
    {
        var numbers = reader.GetFieldValue<int[]>(column);
        return new ProductVersion(new Version(numbers[0], numbers[1], numbers[2]));
    }

    /// <summary>Arrays of numbers are compared number by number, as versions are.</summary>
    private static NpgsqlBatchCommand With(this NpgsqlBatchCommand command, ProductVersion? product)
    {
        int[]? numbers = product is null ? null : [product.Value.Major, product.Value.Minor, Math.Max(0, product.Value.Build)];
        command.Parameters.Add(new NpgsqlParameter { Value = (object?)numbers ?? DBNull.Value, NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Integer });
        return command;
    }
}
