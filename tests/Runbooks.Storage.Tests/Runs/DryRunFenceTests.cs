using Runbooks.Storage.Runs;
using Runbooks.Storage.Tests.Fixture;
using Runbooks.Workflows.Runs;

namespace Runbooks.Storage.Tests.Runs;

/// <summary>What a program that knows no dry runs finds of one.</summary>
[Collection(WithPostgres.Name)]
public sealed class DryRunFenceTests(MigratedDatabase database) : IClassFixture<MigratedDatabase>
{
    [Fact]
    public async Task A_program_that_does_not_know_the_column_finds_no_definition_for_a_dry_run()
    {
        var store = await PostgresStoreUnderTest.OpenEmptyAsync(database);
        var published = await store.Definitions.PublishAsync("consolidate", "hash", "{}", "a test", null, CancellationToken.None);
        _ = await store.Runs.CreateAsync(Run(published.Version, dry: true), CancellationToken.None);

        // As it reads the head: without the column.
        var written = await database.ScalarAsync<int>("SELECT definition_version FROM runbooks.runs");

        Assert.NotEqual(published.Version, written);
        Assert.Null(await store.Definitions.FindAsync("consolidate", written, CancellationToken.None));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(1_000_000)]
    [InlineData(-1)]
    [InlineData(-1_000_000)]
    public async Task A_version_is_read_as_it_was_written_whether_published_or_kept_draft(int version)
    {
        var store = await PostgresStoreUnderTest.OpenEmptyAsync(database);
        var run = Run(version, dry: true);
        _ = await store.Runs.CreateAsync(run, CancellationToken.None);

        Assert.Equal(version, (await store.Runs.FindAsync(run.Id, CancellationToken.None))!.DefinitionVersion);
        Assert.True(await database.ScalarAsync<int>("SELECT definition_version FROM runbooks.runs") < 0);
        Assert.Equal(version, await database.ScalarAsync<long>($"SELECT ({DryRunFence.Version})::bigint FROM runbooks.runs r"));
    }

    [Fact]
    public async Task A_run_of_a_program_that_does_not_know_the_column_is_a_real_one()
    {
        var store = await PostgresStoreUnderTest.OpenEmptyAsync(database);
        await database.ExecuteAsync(
            """
            INSERT INTO runbooks.runs (id, definition_id, definition_version, created_at, started_by, input, output, variables, status, next_execution_number, next_journal_sequence, next_completion_order)
            VALUES ('11111111-1111-1111-1111-111111111111', 'd', 7, now(), 'anna', '{}', '{}', '{}', 'Pending', 1, 1, 1)
            """);

        var run = await store.Runs.FindAsync(new RunId(Guid.Parse("11111111-1111-1111-1111-111111111111")), CancellationToken.None);

        Assert.Equal((false, 7), (run!.IsDryRun, run.DefinitionVersion));
    }

    private static Run Run(int version, bool dry) => new()
    {
        Id = new RunId(Guid.NewGuid()),
        DefinitionId = "consolidate",
        DefinitionVersion = version,
        CreatedAt = DateTimeOffset.UtcNow,
        StartedBy = "anna",
        IsDryRun = dry,
    };
}
