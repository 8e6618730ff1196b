using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using Runbooks.Storage.Embedded;

namespace Runbooks.Storage.Tests.Fixture;

/// <summary>
/// One PostgreSQL for the whole run of the tests: a private cluster of our own in a temporary folder, or the server that
/// <c>RUNBOOKS_TEST_POSTGRES</c> names (a connection string of a user who may create databases).
/// </summary>
public sealed class PostgresCluster : IAsyncLifetime
{
    private readonly string? given = Environment.GetEnvironmentVariable("RUNBOOKS_TEST_POSTGRES");
    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("runbooks-pg-");
    private EmbeddedPostgres? cluster;

    public string ConnectionString { get; private set; } = string.Empty;

    public async Task InitializeAsync()
    {
        if (given is not null)
        {
            ConnectionString = given;
            return;
        }

        // PostgreSQL's account must be able to enter the folder; the cluster in it is closed by itself.
        File.SetUnixFileMode(folder.FullName, (UnixFileMode)0b111_101_101);
        cluster = new EmbeddedPostgres(folder.FullName, TimeProvider.System, NullLogger.Instance);
        await cluster.StartAsync(CancellationToken.None);
        ConnectionString = cluster.ConnectionString;
    }

    public async Task DisposeAsync()
    {
        if (cluster is not null)
        {
            await cluster.DisposeAsync();
        }

        folder.Delete(recursive: true);
    }

    /// <summary>A new, empty database; its connection string.</summary>
    public async Task<string> CreateDatabaseAsync()
    {
        var name = $"t{Guid.NewGuid():n}";
        await using var server = NpgsqlDataSource.Create(ConnectionString);
        await using var create = server.CreateCommand($"CREATE DATABASE {name}");
        await create.ExecuteNonQueryAsync();
        return new NpgsqlConnectionStringBuilder(ConnectionString) { Database = name, MaxPoolSize = 20 }.ConnectionString;
    }
}

[CollectionDefinition(Name)]
public sealed class WithPostgres : ICollectionFixture<PostgresCluster>
{
    public const string Name = "PostgreSQL";
}
