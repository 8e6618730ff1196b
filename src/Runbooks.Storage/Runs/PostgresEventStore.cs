using System.Text.Json.Nodes;
using Npgsql;
using NpgsqlTypes;
using Runbooks.Workflows.Events;
using Runbooks.Workflows.Runs;

namespace Runbooks.Storage.Runs;

/// <summary>
/// Events in PostgreSQL. A publisher and a commit that adds a bookmark hold the same lock, by the event's key, to the end of
/// their transactions: whichever comes second sees what the first has written.
/// </summary>
internal sealed class PostgresEventStore(NpgsqlDataSource database, InboxLooks looks) : IEventStore
{
    private const string Columns = "id, key, correlation_id, run_id, payload, actor";

    public async Task<EventReceipt> PublishAsync(WorkflowEvent published, int taken, CancellationToken cancellationToken)
    {
        await using var batch = database.CreateBatch();
        batch.Add("SELECT is_new, woken, is_kept FROM runbooks.publish_event($1, $2, $3, $4, $5, $6, $7, $8, $9)")
            .WithText(published.Id)
            .WithText(published.Key)
            .WithText(published.CorrelationId)
            .With(published.RunId?.Value, NpgsqlDbType.Uuid)
            .WithJson(published.Payload)
            .WithText(published.Actor)
            .With(taken)
            .With(published.KeepFor ?? EventLife.Kept)
            .With(EventLife.Known);
        await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
        await reader.ReadAsync(cancellationToken);
        _ = looks.HasSent();
        return new EventReceipt(
            Repeated: !reader.GetBoolean(0), [.. reader.GetFieldValue<Guid[]>(1).Select(id => new RunId(id))], Kept: reader.GetBoolean(2));
    }

    public async Task<WorkflowEvent?> FindEventAsync(string id, CancellationToken cancellationToken)
    {
        await using var batch = database.CreateBatch();
        batch.Add($"SELECT {Columns} FROM runbooks.events WHERE id = $1").WithText(id);
        await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
        return (await reader.ToListAsync(Read, cancellationToken)).FirstOrDefault();
    }

    public async Task<IReadOnlyList<WorkflowEvent>> ExpireEventsAsync(int limit, CancellationToken cancellationToken)
    {
        await using var batch = database.CreateBatch();
        batch.Add(
            $"""
            WITH over AS (
                DELETE FROM runbooks.events WHERE id IN (
                    SELECT id FROM runbooks.events WHERE expires_at <= clock_timestamp() ORDER BY expires_at LIMIT $1 FOR UPDATE SKIP LOCKED)
                RETURNING {Columns}, ordinal, deliveries)
            SELECT {Columns} FROM over WHERE deliveries = 0 ORDER BY ordinal
            """)
            .With(limit);
        await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
        return await reader.ToListAsync(Read, cancellationToken);
    }

    private static WorkflowEvent Read(NpgsqlDataReader row) =>
        new(row.GetString(0), row.GetString(1), row.IsDBNull(4) ? null : JsonNode.Parse(row.GetString(4)), row.GetString(5))
        {
            CorrelationId = row.IsDBNull(2) ? null : row.GetString(2),
            RunId = row.IsDBNull(3) ? null : new RunId(row.GetGuid(3)),
        };
}
