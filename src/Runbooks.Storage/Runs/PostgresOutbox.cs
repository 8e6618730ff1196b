using System.Text.Json.Nodes;
using Npgsql;
using NpgsqlTypes;
using Runbooks.Workflows.Journal;

namespace Runbooks.Storage.Runs;

/// <summary>
/// The outbox in PostgreSQL. One dispatcher at a time, by an advisory lock that ends with its transaction: only so does the
/// order hold. A dispatcher that dies in the middle has forgotten nothing, and what it had published is published again.
/// </summary>
internal sealed class PostgresOutbox(NpgsqlDataSource database) : IOutbox
{
    /// <summary>"outbox" as a number.</summary>
    private const long AdvisoryLock = 0x6F7574626F78;

    public async Task<int> DispatchAsync(Func<OutgoingMessage, CancellationToken, Task> publish, int limit, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        var waiting = await TakeAsync(connection, limit, cancellationToken);
        var published = new List<long>();
        try
        {
            foreach (var (id, message) in waiting)
            {
                await publish(message, cancellationToken);
                published.Add(id);
            }
        }
        finally
        {
            // Also when one failed or we are asked to stop: what went out before it must not go out again for that.
            await ForgetAsync(connection, published, CancellationToken.None);
            await transaction.CommitAsync(CancellationToken.None);
        }

        return published.Count;
    }

    private static async Task<List<(long Id, OutgoingMessage Message)>> TakeAsync(NpgsqlConnection connection, int limit, CancellationToken cancellationToken)
    {
        await using var alone = new NpgsqlCommand("SELECT pg_try_advisory_xact_lock($1)", connection);
        alone.Parameters.AddWithValue(AdvisoryLock);
        if (await alone.ExecuteScalarAsync(cancellationToken) is not true)
        {
            return [];
        }

        await using var command = new NpgsqlCommand("SELECT id, type, body FROM runbooks.outbox ORDER BY id LIMIT $1", connection);
        command.Parameters.AddWithValue(limit);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        return await reader.ToListAsync(
            row => (row.GetInt64(0), new OutgoingMessage(row.GetString(1), JsonNode.Parse(row.GetString(2))!.AsObject())),
            cancellationToken);
    }

    private static async Task ForgetAsync(NpgsqlConnection connection, List<long> ids, CancellationToken cancellationToken)
    {
        if (ids.Count > 0)
        {
            await using var command = new NpgsqlCommand("DELETE FROM runbooks.outbox WHERE id = ANY ($1)", connection);
            command.Parameters.Add(new NpgsqlParameter { Value = ids.ToArray(), NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Bigint });
            await command.ExecuteNonQueryAsync(cancellationToken);
        }
    }
}
