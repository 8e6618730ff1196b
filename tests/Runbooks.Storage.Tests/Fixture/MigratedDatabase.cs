using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using Runbooks.Storage.Migrations;
using Runbooks.Storage.Model;

namespace Runbooks.Storage.Tests.Fixture;

/// <summary>A database of its own for one test class, with our schema.</summary>
public sealed class MigratedDatabase(PostgresCluster cluster) : IAsyncLifetime
{
    public NpgsqlDataSource Source => Pools.General;

    internal ConnectionPools Pools { get; private set; } = null!;

    internal IDbContextFactory<RunbooksContext> Contexts => new ContextFactory(Source);

    public async Task InitializeAsync()
    {
        Pools = new ConnectionPools(await cluster.CreateDatabaseAsync(), 20);
        await new Migrator(Source, NullLogger.Instance).MigrateAsync(upTo: null, CancellationToken.None);
    }

    public async Task DisposeAsync()
    {
        if (Pools is not null)
        {
            await Pools.DisposeAsync();
        }
    }

    public async Task EmptyAsync() => await ExecuteAsync(
        """
        TRUNCATE runbooks.runs, runbooks.executions, runbooks.journal, runbooks.definitions, runbooks.outbox, runbooks.events, runbooks.reservations,
                 runbooks.host_modes, runbooks.migration_turns, runbooks.host_samples, runbooks.vm_samples, runbooks.migration_records,
                 runbooks.library, runbooks.drafts, runbooks.draft_revisions, runbooks.shipped, runbooks.library_history CASCADE
        """);

    public async Task ExecuteAsync(string sql)
    {
        await using var command = Source.CreateCommand(sql);
        await command.ExecuteNonQueryAsync();
    }

    public async Task<T> ScalarAsync<T>(string sql)
    {
        await using var command = Source.CreateCommand(sql);
        return (T)(await command.ExecuteScalarAsync())!;
    }

    private sealed class ContextFactory(NpgsqlDataSource source) : IDbContextFactory<RunbooksContext>
    {
        public RunbooksContext CreateDbContext()
        {
            var options = new DbContextOptionsBuilder<RunbooksContext>();
            ServiceCollectionExtensions.Configure(options, source);
            return new RunbooksContext(options.Options);
        }
    }
}
