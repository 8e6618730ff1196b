using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata;
using Runbooks.Storage.Runs;
using Runbooks.Storage.Tests.Fixture;
using Runbooks.Workflows.Runs;

namespace Runbooks.Storage.Tests.Migrations;

[Collection(WithPostgres.Name)]
public sealed class ModelAgreesWithSchemaTests(MigratedDatabase database) : IClassFixture<MigratedDatabase>
{
    /// <summary>What only statements write and only the database reads; and the migrations' own record.</summary>
    private static readonly string[] NotInTheModel = ["migration_turns", "outbox", "events", "schema_migrations", "workers", "drafts", "shipped", "library_history"];

    [Fact]
    public async Task Every_column_of_the_model_is_in_the_schema_with_its_type_and_nullability_and_the_other_way_round()
    {
        await using var context = await database.Contexts.CreateDbContextAsync();
        var model = context.Model.GetEntityTypes().SelectMany(ColumnsOf).Order(StringComparer.Ordinal).ToList();

        var schema = await LinesAsync(
            """
            SELECT format('%s.%s %s %s', c.relname, a.attname, format_type(a.atttypid, a.atttypmod), CASE WHEN a.attnotnull THEN 'NOT NULL' ELSE 'NULL' END), c.relname
            FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
            WHERE c.relnamespace = 'runbooks'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition AND a.attnum > 0 AND NOT a.attisdropped
            """);

        Assert.Equal(schema, model);
    }

    [Fact]
    public async Task Every_primary_key_of_the_model_is_that_of_the_schema()
    {
        await using var context = await database.Contexts.CreateDbContextAsync();
        var model = context.Model.GetEntityTypes()
            .Select(e => $"{e.GetTableName()} ({string.Join(", ", e.FindPrimaryKey()!.Properties.Select(p => p.GetColumnName()))})")
            .Order(StringComparer.Ordinal).ToList();

        var schema = await LinesAsync(
            """
            SELECT format('%s (%s)', c.relname, (SELECT string_agg(a.attname, ', ' ORDER BY k.place)
                FROM unnest(p.conkey) WITH ORDINALITY k(number, place) JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = k.number)), c.relname
            FROM pg_constraint p JOIN pg_class c ON c.oid = p.conrelid
            WHERE p.contype = 'p' AND c.relnamespace = 'runbooks'::regnamespace AND NOT c.relispartition
            """);

        Assert.Equal(schema, model);
    }

    [Fact]
    public void The_statements_know_the_same_end_states_as_the_product() => Assert.Equal(
        Enum.GetValues<RunStatus>().Where(s => s.IsEnd()).Select(s => s.ToString()),
        RunSql.EndStates.Trim('(', ')').Split(", ").Select(s => s.Trim('\'')));

    [Fact]
    public async Task The_journal_is_only_ever_added_to()
    {
        await database.EmptyAsync();
        await database.ExecuteAsync(
            """
            INSERT INTO runbooks.runs (id, definition_id, definition_version, created_at, started_by, input, output, variables, status, next_execution_number, next_journal_sequence, next_completion_order)
            VALUES ('11111111-1111-1111-1111-111111111111', 'd', 1, now(), 'anna', '{}', '{}', '{}', 'Pending', 1, 2, 1);
            INSERT INTO runbooks.journal (run_id, sequence, at, event, worker, generation) VALUES ('11111111-1111-1111-1111-111111111111', 1, now(), 'Started', 'w', 1);
            """);

        var change = await Assert.ThrowsAsync<Npgsql.PostgresException>(() => database.ExecuteAsync("UPDATE runbooks.journal SET event = 'Completed'"));
        var removal = await Assert.ThrowsAsync<Npgsql.PostgresException>(() => database.ExecuteAsync("DELETE FROM runbooks.journal"));

        Assert.Equal("RB002", change.SqlState);
        Assert.Equal("RB002", removal.SqlState);
    }

    private static IEnumerable<string> ColumnsOf(IEntityType entity) => entity.GetProperties()
        .Select(p => $"{entity.GetTableName()}.{p.GetColumnName()} {p.GetColumnType()} {(p.IsNullable ? "NULL" : "NOT NULL")}");

    private async Task<List<string>> LinesAsync(string sql)
    {
        await using var command = database.Source.CreateCommand(sql);
        await using var reader = await command.ExecuteReaderAsync();
        var lines = new List<string>();
        while (await reader.ReadAsync())
        {
            if (!NotInTheModel.Contains(reader.GetString(1)))
            {
                lines.Add(reader.GetString(0));
            }
        }

        return [.. lines.Order(StringComparer.Ordinal)];
    }
}
