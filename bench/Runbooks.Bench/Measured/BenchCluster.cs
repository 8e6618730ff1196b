using System.Globalization;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using Runbooks.Storage.Embedded;

namespace Runbooks.Bench.Measured;

/// <summary>A private PostgreSQL cluster for one run of the benchmark, as the server would make it: fsync and synchronous commit are on.</summary>
internal sealed class BenchCluster : IAsyncDisposable
{
    /// <summary>What the kernel counts processor time in (USER_HZ), the same on every Linux.</summary>
    private const double TicksPerSecond = 100;

    private readonly EmbeddedPostgres postgres;
    private readonly DirectoryInfo folder;
    private readonly NpgsqlDataSource server;

    private BenchCluster(EmbeddedPostgres postgres, DirectoryInfo folder)
    {
        this.postgres = postgres;
        this.folder = folder;
        server = NpgsqlDataSource.Create(new NpgsqlConnectionStringBuilder(postgres.ConnectionString) { ApplicationName = "bench" });
    }

    public string ConnectionString => postgres.ConnectionString;

    public static async Task<BenchCluster> StartAsync(string? path, CancellationToken cancellationToken)
    {
        var place = path is null ? Directory.CreateTempSubdirectory("runbooks-bench-") : Directory.CreateDirectory(path).CreateSubdirectory($"bench-{Environment.ProcessId}");

        // PostgreSQL's account must be able to enter the folder; the cluster in it is closed by itself.
        File.SetUnixFileMode(place.FullName, (UnixFileMode)0b111_101_101);
        var cluster = new BenchCluster(new EmbeddedPostgres(place.FullName, TimeProvider.System, NullLogger.Instance), place);
        try
        {
            await cluster.postgres.StartAsync(cancellationToken);
            var durable = await cluster.ScalarAsync<string>("SELECT current_setting('fsync') || '/' || current_setting('synchronous_commit')", cancellationToken);
            Output.Say($"PostgreSQL {await cluster.ScalarAsync<string>("SELECT current_setting('server_version')", cancellationToken)}, fsync/synchronous_commit {durable}, {Environment.ProcessorCount} processors, {place.FullName}");
            return durable == "on/on" ? cluster : throw new InvalidOperationException($"The cluster is not durable ({durable}); what would be measured means nothing.");
        }
        catch
        {
            await cluster.DisposeAsync();
            throw;
        }
    }

    /// <summary>A database of its own, so that no case is measured on the leavings of another.</summary>
    public async Task<string> CreateDatabaseAsync(string name, CancellationToken cancellationToken)
    {
        await ExecuteAsync($"CREATE DATABASE {name}", cancellationToken);
        return new NpgsqlConnectionStringBuilder(ConnectionString) { Database = name }.ConnectionString;
    }

    /// <summary>Transactions of the whole cluster that have written something: each takes one number, reading takes none.</summary>
    public Task<long> WritingTransactionsAsync(CancellationToken cancellationToken) =>
        ScalarAsync<long>("SELECT pg_snapshot_xmax(pg_current_snapshot())::text::bigint", cancellationToken);

    /// <summary>
    /// Processor time that the cluster's processes have used, those that have ended not counted: on a machine that has other
    /// work too it says more than the time on the wall.
    /// </summary>
    public TimeSpan ProcessorTime()
    {
        var postmaster = File.ReadLines(Path.Combine(folder.FullName, "postgres", "cluster", "postmaster.pid")).First();
        var ticks = 0L;
        foreach (var process in Directory.EnumerateDirectories("/proc").Where(p => char.IsAsciiDigit(Path.GetFileName(p)[0])))
        {
            try
            {
                // After the name, which ends with the last bracket: state, parent, and so on; then user and system time.
                var stat = File.ReadAllText(Path.Combine(process, "stat"));
                var fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
                ticks += fields[1] == postmaster ? long.Parse(fields[11], CultureInfo.InvariantCulture) + long.Parse(fields[12], CultureInfo.InvariantCulture) : 0;
            }
            catch (IOException)
            {
                // It has ended meanwhile.
            }
        }

        return TimeSpan.FromSeconds(ticks / TicksPerSecond);
    }

    /// <summary>Connections to a database, ours not counted.</summary>
    public Task<long> ConnectionsAsync(string database, CancellationToken cancellationToken) =>
        ScalarAsync<long>($"SELECT count(*) FROM pg_stat_activity WHERE datname = '{database}' AND application_name <> 'bench'", cancellationToken);

    public async Task<T> ScalarAsync<T>(string sql, CancellationToken cancellationToken)
    {
        await using var command = server.CreateCommand(sql);
        return (T)(await command.ExecuteScalarAsync(cancellationToken))!;
    }

    public async Task ExecuteAsync(string sql, CancellationToken cancellationToken)
    {
        await using var command = server.CreateCommand(sql);
        _ = await command.ExecuteNonQueryAsync(cancellationToken);
    }

    public async ValueTask DisposeAsync()
    {
        await server.DisposeAsync();
        await postgres.DisposeAsync();
        if (folder.Exists)
        {
            folder.Delete(recursive: true);
        }
    }
}
