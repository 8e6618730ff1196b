using Npgsql;
using NpgsqlTypes;
using Runbooks.Storage.Runs;

namespace Runbooks.Storage.Retention;

/// <summary>
/// The tables of the months, and what is old in them. The rules for runs are in the database's own functions, which are the
/// only way.
/// </summary>
internal sealed class History(ConnectionPools pools)
{
    /// <summary>"forget" as a number.</summary>
    private const long AdvisoryLock = 0x666F72676574;

    /// <summary>Makes the tables of this month and the three after it, where they are missing. Returns how many.</summary>
    public async Task<int> PrepareMonthsAsync(CancellationToken cancellationToken)
    {
        await using var command = pools.General.CreateCommand("SELECT runbooks.ensure_months(now(), now() + interval '3 months')");
        return await command.ExecuteScalarAsync(cancellationToken) is int made ? made : 0;
    }

    /// <summary>
    /// Forgets up to <paramref name="most"/> runs in one transaction. Returns how many; null when another server is at it.
    /// </summary>
    public async Task<int?> ForgetAsync(TimeSpan? keepFor, int? keepRuns, int most, CancellationToken cancellationToken)
    {
        await using var connection = await pools.General.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        await using var alone = new NpgsqlCommand("SELECT pg_try_advisory_xact_lock($1)", connection);
        alone.Parameters.AddWithValue(AdvisoryLock);
        if (await alone.ExecuteScalarAsync(cancellationToken) is not true)
        {
            return null;
        }

        await using var forget = new NpgsqlCommand("SELECT runbooks.forget_runs($1, $2, $3)", connection);
        forget.Parameters.Add(new NpgsqlParameter { Value = keepFor is { } age ? age : DBNull.Value, NpgsqlDbType = NpgsqlDbType.Interval });
        forget.Parameters.Add(new NpgsqlParameter { Value = keepRuns is { } count ? (long)count : DBNull.Value, NpgsqlDbType = NpgsqlDbType.Bigint });
        forget.Parameters.AddWithValue(most);
        var forgotten = await forget.ExecuteScalarAsync(cancellationToken) is int runs ? runs : 0;
        await transaction.CommitAsync(cancellationToken);
        return forgotten;
    }

    /// <summary>
    /// Removes drafts that were kept for runs and that no run is on any more. One that was kept less than
    /// <paramref name="grace"/> ago stays: its run may be about to be made. Returns how many.
    /// </summary>
    public async Task<int> ForgetKeptDraftsAsync(TimeSpan grace, CancellationToken cancellationToken)
    {
        await using var command = pools.General.CreateCommand(
            $"""
            DELETE FROM runbooks.draft_revisions d
            WHERE d.kept_at < now() - $1
              AND NOT EXISTS (
                  SELECT FROM runbooks.runs r
                  WHERE r.is_dry_run AND r.definition_id = d.definition_id AND ({DryRunFence.Version}) = -d.revision)
            """);
        command.Parameters.AddWithValue(grace);
        return await command.ExecuteNonQueryAsync(cancellationToken);
    }

    /// <summary>Drops the tables of past months in which nothing is left. Returns how many.</summary>
    public async Task<int> DropEmptyMonthsAsync(CancellationToken cancellationToken)
    {
        await using var command = pools.General.CreateCommand("SELECT runbooks.drop_empty_months()");
        return await command.ExecuteScalarAsync(cancellationToken) is int dropped ? dropped : 0;
    }
}
