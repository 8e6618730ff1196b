using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using Runbooks.Storage.Migrations;
using Runbooks.Storage.Tests.Fixture;

namespace Runbooks.Storage.Tests.Migrations;

/// <summary>The way from one table to one per month, with the data of an installation that is older.</summary>
[Collection(WithPostgres.Name)]
public sealed class HistoryByMonthTests(PostgresCluster cluster)
{
    [Theory]
    [InlineData(3)]
    [InlineData(4)]
    public async Task What_an_older_server_has_written_is_all_there_afterwards(int earlier)
    {
        await using var database = NpgsqlDataSource.Create(await cluster.CreateDatabaseAsync());
        await MigrateAsync(database, earlier);
        await ExecuteAsync(
            database,
            """
            INSERT INTO runbooks.runs (id, definition_id, definition_version, created_at, started_by, input, output, variables, status, next_execution_number, next_journal_sequence, next_completion_order)
            SELECT id, 'd', 1, at, 'anna', '{}', '{}', '{}', 'Suspended', 4, 3, 3
            FROM (VALUES (gen_random_uuid(), now()),
                         ('018d0000-0000-7000-8000-000000000001'::uuid, '2024-01-12'::timestamptz),
                         ((lpad(to_hex((extract(epoch FROM now()) * 1000)::bigint), 12, '0') || '70008000000000000002')::uuid, now())) run(id, at);
            INSERT INTO runbooks.executions (run_id, number, node_id, activity_id, activity_type, activity_name, status, inputs, outputs, outcomes, state, variables, effect, attempt, undo, completion_order, started_at)
            SELECT r.id, s.number, 'n', 'a', 't', 'a', 'Completed', '{"text": "\u0000"}', s.outputs::json, '{Done,"a,b"}', '{}', '{}', 'Done', 1, 'Available', s.number, now()
            FROM runbooks.runs r, (VALUES (1, '{}'), (2, '{"Result": null}'), (3, '{"Other": "\u0000"}')) s(number, outputs);
            INSERT INTO runbooks.journal (run_id, sequence, at, event, payload, worker, generation)
            SELECT id, n, now(), 'Started', '{"k": "v"}', 'w', n FROM runbooks.runs, generate_series(1, 2) n;
            INSERT INTO runbooks.bookmarks (id, run_id, execution_number, name) SELECT id::text, id, 1, 'b' FROM runbooks.runs;
            """);
        var before = await DigestAsync(database);

        await MigrateAsync(database);

        Assert.Equal(before, await DigestAsync(database));
        Assert.Equal(3L, await ScalarAsync<long>(database, "SELECT count(*) FROM runbooks.runs WHERE last_result_number = 2 AND last_result_order = 2"));
        Assert.Equal(2L, await ScalarAsync<long>(database, "SELECT count(*) FROM runbooks.journal j JOIN pg_class c ON c.oid = j.tableoid WHERE c.relname = 'journal_' || to_char(now() AT TIME ZONE 'UTC', 'YYYY_MM')"));
        Assert.Equal(0L, await ScalarAsync<long>(database, "SELECT count(*) FROM pg_class WHERE relname LIKE '%_before%'"));
        var refusal = await Assert.ThrowsAsync<PostgresException>(() => ExecuteAsync(database, "DELETE FROM runbooks.journal WHERE sequence = 1"));
        Assert.Equal("RB002", refusal.SqlState);
    }

    private static Task MigrateAsync(NpgsqlDataSource database, int? upTo = null) =>
        new Migrator(database, NullLogger.Instance).MigrateAsync(upTo, CancellationToken.None);

    private static async Task ExecuteAsync(NpgsqlDataSource database, string sql)
    {
        await using var command = database.CreateCommand(sql);
        _ = await command.ExecuteNonQueryAsync();
    }

    private static async Task<T> ScalarAsync<T>(NpgsqlDataSource database, string sql)
    {
        await using var command = database.CreateCommand(sql);
        return (T)(await command.ExecuteScalarAsync())!;
    }

    private static Task<string> DigestAsync(NpgsqlDataSource database) => ScalarAsync<string>(
        database,
        """
        SELECT concat_ws('|',
            (SELECT string_agg(concat_ws(',', run_id, number, node_id, status, inputs, outputs, outcomes, state, effect, attempt, undo, completion_order, started_at), ';' ORDER BY run_id, number) FROM runbooks.executions),
            (SELECT string_agg(concat_ws(',', run_id, sequence, at, event, payload, worker, generation), ';' ORDER BY run_id, sequence) FROM runbooks.journal),
            (SELECT string_agg(concat_ws(',', id, run_id, execution_number), ';' ORDER BY id) FROM runbooks.bookmarks))
        """);
}
