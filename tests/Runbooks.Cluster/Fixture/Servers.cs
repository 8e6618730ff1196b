using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using Runbooks.Messaging.Tests.Fixture;
using Runbooks.Storage.Embedded;

namespace Runbooks.Cluster.Fixture;

/// <summary>
/// Two PostgreSQL clusters of our own: one for the product, which tests stop and start, and one for the world, which stays.
/// </summary>
public sealed class Servers : IAsyncLifetime
{
    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("runbooks-cluster-");

    /// <summary>The database server of the product.</summary>
    public EmbeddedPostgres Product { get; private set; } = null!;

    public EmbeddedPostgres World { get; private set; } = null!;

    public async Task InitializeAsync()
    {
        // PostgreSQL's account must be able to enter the folder; the clusters in it are closed by themselves.
        const UnixFileMode enter = (UnixFileMode)0b111_101_101;
        File.SetUnixFileMode(folder.FullName, enter);
        Product = new EmbeddedPostgres(folder.CreateSubdirectory("product").FullName, TimeProvider.System, NullLogger.Instance);
        World = new EmbeddedPostgres(folder.CreateSubdirectory("world").FullName, TimeProvider.System, NullLogger.Instance);
        await Task.WhenAll(Product.StartAsync(CancellationToken.None), World.StartAsync(CancellationToken.None));
    }

    public async Task DisposeAsync()
    {
        await Product.DisposeAsync();
        await World.DisposeAsync();
        folder.Delete(recursive: true);
    }

    /// <summary>A new, empty database; its connection string.</summary>
    public static async Task<string> CreateDatabaseAsync(EmbeddedPostgres server, int connections)
    {
        ArgumentNullException.ThrowIfNull(server);
        var name = $"t{Guid.NewGuid():n}";
        await using var maintenance = NpgsqlDataSource.Create(server.ConnectionString);
        await using var create = maintenance.CreateCommand($"CREATE DATABASE {name}");
        await create.ExecuteNonQueryAsync();
        return new NpgsqlConnectionStringBuilder(server.ConnectionString) { Database = name, MaxPoolSize = connections }.ConnectionString;
    }
}

/// <summary>One collection: the tests of many processes run one after the other.</summary>
[CollectionDefinition(Name)]
public sealed class WithProcesses : ICollectionFixture<Servers>, ICollectionFixture<RabbitMqBroker>
{
    public const string Name = "Processes";
}
