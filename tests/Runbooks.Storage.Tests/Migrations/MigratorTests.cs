using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using Runbooks.Storage.Migrations;
using Runbooks.Storage.Tests.Fixture;

namespace Runbooks.Storage.Tests.Migrations;

[Collection(WithPostgres.Name)]
public sealed class MigratorTests(PostgresCluster cluster)
{
    public static TheoryData<int> EarlierSchemas => [.. Enumerable.Range(0, Migration.All.Count)];

    [Fact]
    public void Steps_are_numbered_from_one_without_gaps() =>
        Assert.Equal(Enumerable.Range(1, Migration.All.Count), Migration.All.Select(m => m.Number));

    [Theory]
    [MemberData(nameof(EarlierSchemas))]
    public async Task Every_earlier_schema_is_upgraded_to_the_newest(int earlier)
    {
        await using var fresh = NpgsqlDataSource.Create(await cluster.CreateDatabaseAsync());
        await MigrateAsync(fresh);
        await using var old = NpgsqlDataSource.Create(await cluster.CreateDatabaseAsync());
        await MigrateAsync(old, earlier);

        await MigrateAsync(old);

        Assert.Equal(await SchemaAsync(fresh), await SchemaAsync(old));
    }

    [Fact]
    public async Task Every_step_may_be_run_again_by_hand()
    {
        await using var database = NpgsqlDataSource.Create(await cluster.CreateDatabaseAsync());
        await MigrateAsync(database);
        var before = await SchemaAsync(database);

        await ExecuteAsync(database, "DELETE FROM runbooks.schema_migrations");
        await MigrateAsync(database);

        Assert.Equal(before, await SchemaAsync(database));
    }

    [Fact]
    public async Task Servers_that_start_together_take_turns()
    {
        await using var database = NpgsqlDataSource.Create(await cluster.CreateDatabaseAsync());

        await Task.WhenAll(Enumerable.Range(0, 5).Select(_ => Task.Run(() => MigrateAsync(database))));

        await using var count = database.CreateCommand("SELECT count(*) FROM runbooks.schema_migrations");
        Assert.Equal((long)Migration.All.Count, await count.ExecuteScalarAsync());
    }

    [Fact]
    public async Task A_newer_schema_is_good_enough_when_every_step_beyond_ours_is_additive()
    {
        await using var database = NpgsqlDataSource.Create(await cluster.CreateDatabaseAsync());
        await MigrateAsync(database);
        await ExecuteAsync(database, "INSERT INTO runbooks.schema_migrations (number, name, checksum, additive) VALUES (4711, 'one', 'x', true), (4712, 'two', 'x', true)");

        await MigrateAsync(database);

        await ExecuteAsync(database, "UPDATE runbooks.schema_migrations SET additive = false WHERE number = 4711");
        _ = await Assert.ThrowsAsync<StorageUnavailableException>(() => MigrateAsync(database));
    }

    [Fact]
    public void Steps_that_an_older_program_can_work_beside_say_so() => Assert.Equal(["workers", "cheaper_heads", "library", "dry_runs", "kept_drafts", "migration_records", "turns"], Migration.All.Where(m => m.IsAdditive).Select(m => m.Name));

    [Fact]
    public async Task A_newer_schema_is_refused_and_both_versions_are_named()
    {
        await using var database = NpgsqlDataSource.Create(await cluster.CreateDatabaseAsync());
        await MigrateAsync(database);
        await ExecuteAsync(database, "INSERT INTO runbooks.schema_migrations (number, name, checksum) VALUES (4711, 'from the future', 'x')");

        var refusal = await Assert.ThrowsAsync<StorageUnavailableException>(() => MigrateAsync(database));

        Assert.Contains("is at 4711 (from the future)", refusal.Message, StringComparison.Ordinal);
        Assert.Contains($"knows schemas up to {Migration.All.Count}", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_step_that_another_build_made_is_refused()
    {
        await using var database = NpgsqlDataSource.Create(await cluster.CreateDatabaseAsync());
        await MigrateAsync(database, 1);
        await ExecuteAsync(database, "UPDATE runbooks.schema_migrations SET checksum = repeat('0', 64)");

        var refusal = await Assert.ThrowsAsync<StorageUnavailableException>(() => MigrateAsync(database));

        Assert.Contains("Step 1 of the schema", refusal.Message, StringComparison.Ordinal);
        await using var count = database.CreateCommand("SELECT count(*) FROM runbooks.schema_migrations");
        Assert.Equal(1L, await count.ExecuteScalarAsync());
    }

    [Fact]
    public async Task A_database_that_is_down_is_named_without_its_password()
    {
        await using var nowhere = NpgsqlDataSource.Create("Host=127.0.0.1;Port=1;Database=runbooks;Username=anna;Password=s3cret;Timeout=2");

        var refusal = await Assert.ThrowsAsync<StorageUnavailableException>(() => MigrateAsync(nowhere));

        Assert.Contains("'runbooks' on 127.0.0.1:1 (user 'anna')", refusal.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("s3cret", refusal.ToString(), StringComparison.Ordinal);
    }

    private static Task MigrateAsync(NpgsqlDataSource database, int? upTo = null) =>
        new Migrator(database, NullLogger.Instance).MigrateAsync(upTo, CancellationToken.None);

    private static async Task ExecuteAsync(NpgsqlDataSource database, string sql)
    {
        await using var command = database.CreateCommand(sql);
        await command.ExecuteNonQueryAsync();
    }

    /// <summary>Columns, constraints, indexes, functions and triggers, as text.</summary>
    private static async Task<List<string>> SchemaAsync(NpgsqlDataSource database)
    {
        await using var command = database.CreateCommand(
            """
            SELECT concat_ws(' ', 'column', table_schema, table_name, column_name, data_type, is_nullable, column_default)
            FROM information_schema.columns WHERE table_schema IN ('runbooks', 'quartz')
            UNION ALL SELECT concat_ws(' ', 'constraint', conrelid::regclass::text, conname, pg_get_constraintdef(oid))
            FROM pg_constraint WHERE connamespace::regnamespace::text IN ('runbooks', 'quartz')
            UNION ALL SELECT indexdef FROM pg_indexes WHERE schemaname IN ('runbooks', 'quartz')
            UNION ALL SELECT pg_get_functiondef(oid) FROM pg_proc WHERE pronamespace::regnamespace::text = 'runbooks'
            UNION ALL SELECT pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal
            ORDER BY 1
            """);
        await using var reader = await command.ExecuteReaderAsync();
        var lines = new List<string>();
        while (await reader.ReadAsync())
        {
            lines.Add(reader.GetString(0));
        }

        Assert.True(lines.Count > 0 || !Migration.All.Any());
        return lines;
    }
}
