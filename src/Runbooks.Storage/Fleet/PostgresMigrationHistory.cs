using Microsoft.EntityFrameworkCore;
using Npgsql;
using NpgsqlTypes;
using Runbooks.Fleet.Migrations;
using Runbooks.Storage.Model;
using Runbooks.Storage.Runs;

namespace Runbooks.Storage.Fleet;

/// <summary>Migrations that have ended, in PostgreSQL: one row each, the newest 20,000.</summary>
internal sealed class PostgresMigrationHistory(NpgsqlDataSource database, IDbContextFactory<RunbooksContext> contexts) : IMigrationHistory
{
    /// <summary>Far more than any forecast learns from; a row is about 1 KB.</summary>
    private const int Kept = 20_000;

    public async Task<bool> AppendAsync(MigrationRecord record, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(record);
        await using var batch = database.CreateBatch();
        batch.Add(
            """
            INSERT INTO runbooks.migration_records
                (run, vm, source, destination, ended_at, "case", forecast, outcome, "time", downtime, sent_mib, rounds, first_round_mib, run_time)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14) ON CONFLICT DO NOTHING
            """)
            .WithText(record.Run).WithText(record.Vm.Value).WithText(record.Source.Value).WithText(record.Destination.Value)
            .WithTime(record.EndedAt)
            .WithJsonText(MigrationText.Write(record.Case))
            .WithJsonText(record.Forecast is { } forecast ? MigrationText.Write(forecast) : null)
            .WithText(record.Outcome.ToString())
            .With(record.Time, NpgsqlDbType.Interval)
            .With(record.Downtime, NpgsqlDbType.Interval)
            .With(record.SentMiB, NpgsqlDbType.Double)
            .With(record.Rounds, NpgsqlDbType.Integer)
            .With(record.FirstRoundMiB, NpgsqlDbType.Double)
            .With(record.RunTime, NpgsqlDbType.Interval);
        var isNew = await batch.ExecuteNonQueryAsync(cancellationToken) == 1;
        if (isNew)
        {
            await using var trim = database.CreateCommand(
                $"DELETE FROM runbooks.migration_records WHERE ended_at < (SELECT ended_at FROM runbooks.migration_records ORDER BY ended_at DESC OFFSET {Kept - 1} LIMIT 1)");
            _ = await trim.ExecuteNonQueryAsync(cancellationToken);
        }

        return isNew;
    }

    public async Task<IReadOnlyList<MigrationRecord>> ListAsync(int count, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        await using var context = await contexts.CreateDbContextAsync(cancellationToken);
        var newest = await context.MigrationRecords
            .OrderByDescending(r => r.EndedAt).ThenByDescending(r => r.Run).ThenByDescending(r => r.Vm)
            .Take(count)
            .ToListAsync(cancellationToken);
        newest.Reverse();
        return newest;
    }
}
