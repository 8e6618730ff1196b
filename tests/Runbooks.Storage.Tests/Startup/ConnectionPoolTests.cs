using Npgsql;
using Runbooks.Storage.Runs;
using Runbooks.Storage.Tests.Fixture;
using Runbooks.Workflows.Journal;
using Runbooks.Workflows.Runs;

namespace Runbooks.Storage.Tests.Startup;

/// <summary>A server that has run out of connections, or waits for its database, still keeps its runs.</summary>
[Collection(WithPostgres.Name)]
public sealed class ConnectionPoolTests(MigratedDatabase database) : IClassFixture<MigratedDatabase>
{
    private static readonly TimeSpan Lease = TimeSpan.FromSeconds(30);

    private static CancellationToken None => CancellationToken.None;

    [Fact]
    public async Task A_lease_is_renewed_while_every_other_connection_is_taken()
    {
        await using var pools = new ConnectionPools(Connection, ConnectionPools.Least);
        var store = new PostgresRunStore(pools, database.Contexts, TimeProvider.System, new InboxLooks(TimeProvider.System));
        var run = NewRun();
        _ = await store.CreateAsync(run, None);
        var claim = (await store.ClaimNextAsync("w1", Lease, None))!;
        var taken = new List<NpgsqlConnection>();
        try
        {
            await TakeAllAsync(pools.Engine, taken);
            await TakeAllAsync(pools.General, taken);
            using var soon = new CancellationTokenSource(TimeSpan.FromMilliseconds(200));
            _ = await Assert.ThrowsAnyAsync<Exception>(() => store.IsCurrentAsync(claim, soon.Token));

            Assert.True(await store.RenewAsync(claim, Lease, None));
        }
        finally
        {
            taken.ForEach(c => c.Dispose());
        }

        Assert.True(await store.IsCurrentAsync(claim, None));
    }

    [Fact]
    public void Together_the_pools_hold_as_many_connections_as_the_server_may()
    {
        foreach (var most in new[] { ConnectionPools.Least, 9, 40, 1000 })
        {
            using var pools = new ConnectionPools("Host=/nowhere;Database=d", most);
            int[] sizes = [.. new[] { pools.General, pools.Engine, pools.Leases }.Select(p => new NpgsqlConnectionStringBuilder(p.ConnectionString).MaxPoolSize)];

            Assert.Equal(most, sizes.Sum());
            Assert.All(sizes, size => Assert.True(size >= 2));
        }
    }

    [Fact]
    public async Task The_engines_connections_leave_nothing_behind_and_look_up_with_one_plan()
    {
        await using var pools = new ConnectionPools(Connection, 20);
        await using var command = pools.Engine.CreateCommand("SELECT current_setting('plan_cache_mode') || ' ' || current_setting('synchronous_commit')");

        Assert.Equal("force_generic_plan on", await command.ExecuteScalarAsync());
    }

    private static async Task TakeAllAsync(NpgsqlDataSource pool, List<NpgsqlConnection> taken)
    {
        for (var i = 0; i < new NpgsqlConnectionStringBuilder(pool.ConnectionString).MaxPoolSize; i++)
        {
            taken.Add(await pool.OpenConnectionAsync());
        }
    }

    private string Connection => database.Source.ConnectionString;

    private static Run NewRun() => new()
    {
        Id = new RunId(Guid.NewGuid()),
        DefinitionId = "d",
        DefinitionVersion = 1,
        CreatedAt = DateTimeOffset.UnixEpoch,
        StartedBy = "anna",
    };
}
