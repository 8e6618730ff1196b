using Microsoft.Extensions.Logging;
using Npgsql;

namespace Runbooks.Storage.Migrations;

/// <summary>
/// Brings the schema to the state that this program knows. Servers that start together take turns; each step is one
/// transaction with its record, so that a crash leaves whole steps.
/// </summary>
internal sealed partial class Migrator(NpgsqlDataSource database, ILogger logger)
{
    /// <summary>"runbooks" as a number; any constant that nobody else in this database uses would do.</summary>
    private const long AdvisoryLock = 0x72756E626F6F6B73;

    private readonly string target = DatabaseTarget.Of(database);

    /// <param name="upTo">The last step to take; null for all. Tests stop at old schemas with it.</param>
    /// <param name="cancellationToken">Ends it between two steps.</param>
    /// <exception cref="StorageUnavailableException">The database does not answer, or its schema is not ours.</exception>
    public async Task MigrateAsync(int? upTo, CancellationToken cancellationToken)
    {
        try
        {
            await using var connection = await database.OpenConnectionAsync(cancellationToken);
            await ExecuteAsync(connection, $"SELECT pg_advisory_lock({AdvisoryLock})", cancellationToken);
            try
            {
                await MigrateLockedAsync(connection, upTo ?? int.MaxValue, cancellationToken);
            }
            finally
            {
                await ExecuteAsync(connection, $"SELECT pg_advisory_unlock({AdvisoryLock})", CancellationToken.None);
            }
        }
        catch (Exception e) when (e is NpgsqlException or System.Net.Sockets.SocketException)
        {
            throw new StorageUnavailableException(
                $"The database {target} cannot be used: {e.Message} Check that it runs, that the name and the password are right, and that the user may create tables. The server was not started.", e);
        }
    }

    private async Task MigrateLockedAsync(NpgsqlConnection connection, int upTo, CancellationToken cancellationToken)
    {
        await ExecuteAsync(
            connection,
            """
            CREATE SCHEMA IF NOT EXISTS runbooks;
            CREATE TABLE IF NOT EXISTS runbooks.schema_migrations (
                number integer NOT NULL PRIMARY KEY, name text NOT NULL, checksum text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now());
            ALTER TABLE runbooks.schema_migrations ADD COLUMN IF NOT EXISTS additive boolean NOT NULL DEFAULT false;
            """,
            cancellationToken);
        var applied = await AppliedAsync(connection, cancellationToken);
        RequireKnown(applied);
        foreach (var migration in Migration.All.Where(m => m.Number <= upTo && !applied.ContainsKey(m.Number)))
        {
            await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
            await ExecuteAsync(connection, migration.Sql, cancellationToken);
            await using var record = new NpgsqlCommand(
                "INSERT INTO runbooks.schema_migrations (number, name, checksum, additive) VALUES ($1, $2, $3, $4)", connection, transaction);
            record.Parameters.AddWithValue(migration.Number);
            record.Parameters.AddWithValue(migration.Name);
            record.Parameters.AddWithValue(migration.Checksum);
            record.Parameters.AddWithValue(migration.IsAdditive);
            await record.ExecuteNonQueryAsync(cancellationToken);
            await transaction.CommitAsync(cancellationToken);
            LogApplied(logger, migration.Number, migration.Name, target);
        }
    }

    private void RequireKnown(Dictionary<int, (string Name, string Checksum, bool Additive)> applied)
    {
        var newest = Migration.All[^1].Number;
        var latest = applied.Keys.DefaultIfEmpty(0).Max();
        if (latest > newest && applied.All(a => a.Key <= newest || a.Value.Additive))
        {
            LogNewerButAdditive(logger, target, latest, applied[latest].Name, newest);
        }
        else if (latest > newest)
        {
            throw new StorageUnavailableException(
                $"The schema of the database {target} is at {latest} ({applied[latest].Name}), and this server knows schemas up to {newest}. A newer server has used it: start that version, or restore a backup from before its upgrade. Nothing was changed.");
        }

        foreach (var known in Migration.All)
        {
            if (applied.TryGetValue(known.Number, out var record) && record.Checksum != known.Checksum)
            {
                throw new StorageUnavailableException(
                    $"Step {known.Number} of the schema of the database {target} was made by '{record.Name}' with checksum {record.Checksum[..12]}, and this server has '{known.Name}' with {known.Checksum[..12]}. The database was made by another build: start that build, or use another database. Nothing was changed.");
            }
        }
    }

    private static async Task<Dictionary<int, (string Name, string Checksum, bool Additive)>> AppliedAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand("SELECT number, name, checksum, additive FROM runbooks.schema_migrations", connection);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var applied = new Dictionary<int, (string, string, bool)>();
        while (await reader.ReadAsync(cancellationToken))
        {
            applied.Add(reader.GetInt32(0), (reader.GetString(1), reader.GetString(2), reader.GetBoolean(3)));
        }

        return applied;
    }

    private static async Task ExecuteAsync(NpgsqlConnection connection, string sql, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    [LoggerMessage(4001, LogLevel.Information, "Took step {Number} ({Name}) of the schema of {Target}")]
    private static partial void LogApplied(ILogger logger, int number, string name, string target);

    [LoggerMessage(4002, LogLevel.Warning, "The schema of {Target} is at {Latest} ({Name}), and this server knows schemas up to {Newest}. All newer steps are additive, so it works; upgrade it soon")]
    private static partial void LogNewerButAdditive(ILogger logger, string target, int latest, string name, int newest);
}
