using Npgsql;
using Runbooks.Workflows.Definitions;
using Runbooks.Workflows.Journal;

namespace Runbooks.Storage.Runs;

/// <summary>Workers as they report themselves to PostgreSQL. One that is gone stays listed for a day.</summary>
internal sealed class PostgresWorkerDirectory(NpgsqlDataSource database) : IWorkerDirectory
{
    public async Task<IReadOnlyList<DefinitionVersion>> ReportAsync(WorkerReport report, TimeSpan nobodyFor, CancellationToken cancellationToken)
    {
        // A worker that was away itself, as in an outage of the database, has not seen that nobody was there: it starts to
        // count again. A worker that has not tried a runbook yet counts as one that can run it: it will try.
        var keys = report.CannotRun.ToDictionary(d => d.ToString(), StringComparer.Ordinal);
        await using var batch = database.CreateBatch();
        batch.Add(
            """
            WITH me AS (
                INSERT INTO runbooks.workers AS w (name, product, steady_since, seen_at, cannot_run)
                VALUES ($1, $2, clock_timestamp(), clock_timestamp(), $3)
                ON CONFLICT (name) DO UPDATE SET
                    product = excluded.product, seen_at = excluded.seen_at, cannot_run = excluded.cannot_run,
                    steady_since = CASE WHEN $4 OR w.seen_at < excluded.seen_at - $5 / 2 THEN excluded.steady_since ELSE w.steady_since END
                RETURNING steady_since)
            SELECT key FROM unnest($3) key, me
            WHERE me.steady_since <= clock_timestamp() - $5
              AND NOT EXISTS (
                  SELECT 1 FROM runbooks.workers o
                  WHERE o.name <> $1 AND o.seen_at > clock_timestamp() - $5 AND key <> ALL (o.cannot_run))
            """)
            .WithText(report.Worker).WithText(report.Product.ToString()).WithTexts(keys.Keys).With(report.IsFirst).With(nobodyFor);
        if (report.IsFirst)
        {
            batch.Add("DELETE FROM runbooks.workers WHERE seen_at < clock_timestamp() - interval '1 day'");
        }

        await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
        return await reader.ToListAsync(row => keys[row.GetString(0)], cancellationToken);
    }
}
