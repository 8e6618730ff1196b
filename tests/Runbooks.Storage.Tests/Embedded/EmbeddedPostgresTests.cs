using System.Diagnostics;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using Runbooks.Storage.Embedded;

namespace Runbooks.Storage.Tests.Embedded;

/// <summary>The private cluster under the ends that servers meet: in order, killed, and while it was being made.</summary>
public sealed class EmbeddedPostgresTests : IAsyncLifetime
{
    private readonly DirectoryInfo data = Directory.CreateTempSubdirectory("runbooks-embedded-");
    private readonly List<EmbeddedPostgres> started = [];

    private static CancellationToken None => CancellationToken.None;

    public Task InitializeAsync()
    {
        File.SetUnixFileMode(data.FullName, (UnixFileMode)0b111_101_101);
        return Task.CompletedTask;
    }

    public async Task DisposeAsync()
    {
        foreach (var postgres in started)
        {
            await postgres.DisposeAsync();
        }

        data.Delete(recursive: true);
    }

    [Fact]
    public async Task What_was_written_is_there_after_stop_and_start()
    {
        var first = await StartAsync();
        await ExecuteAsync(first, "CREATE TABLE kept (n int); INSERT INTO kept VALUES (42)");
        await first.StopAsync(None);
        Assert.Empty(new ClusterFolder(data.FullName).Processes());

        var second = await StartAsync();

        Assert.False(second.Adopted);
        Assert.Equal(42, await ScalarAsync(second, "SELECT n FROM kept"));
    }

    [Fact]
    public async Task It_listens_on_no_network_keeps_fsync_and_closes_its_folder()
    {
        var postgres = await StartAsync();

        Assert.Equal(string.Empty, await ScalarAsync(postgres, "SHOW listen_addresses"));
        Assert.Equal("on", await ScalarAsync(postgres, "SHOW fsync"));
        Assert.Equal("on", await ScalarAsync(postgres, "SHOW data_checksums"));
        Assert.Equal("0700", Convert.ToString((int)File.GetUnixFileMode(Path.Combine(data.FullName, "postgres")), 8).PadLeft(4, '0'));
        var socket = (string)(await ScalarAsync(postgres, "SHOW unix_socket_directories"))!;
        Assert.Equal("0700", Convert.ToString((int)File.GetUnixFileMode(socket), 8).PadLeft(4, '0'));
        Assert.NotEmpty(Directory.GetFiles(Path.Combine(data.FullName, "postgres", "log")));
    }

    [Fact]
    public async Task A_postgres_that_a_killed_server_left_running_is_used_and_then_stopped()
    {
        var killed = new EmbeddedPostgres(data.FullName, TimeProvider.System, NullLogger.Instance);
        await killed.StartAsync(None);
        await ExecuteAsync(killed, "CREATE TABLE kept (n int)");
        var process = Assert.Single(await PostmastersAsync());
        ForgetAsAKilledProcessDoes(killed);

        var next = await StartAsync();

        Assert.True(next.Adopted);
        Assert.Equal(process, Assert.Single(await PostmastersAsync()));
        await ExecuteAsync(next, "INSERT INTO kept VALUES (1)");
        await next.StopAsync(None);
        Assert.Empty(new ClusterFolder(data.FullName).Processes());
    }

    [Fact]
    public async Task After_postgres_itself_was_killed_it_recovers_what_was_committed()
    {
        var first = await StartAsync();
        await ExecuteAsync(first, "CREATE TABLE kept (n int); INSERT INTO kept VALUES (42)");
        using (var postmaster = Process.GetProcessById(Assert.Single(await PostmastersAsync())))
        {
            postmaster.Kill();
        }

        ForgetAsAKilledProcessDoes(first);
        var second = await StartAsync();

        Assert.Equal(42, await ScalarAsync(second, "SELECT n FROM kept"));
    }

    [Fact]
    public async Task A_process_id_file_that_names_a_stranger_is_removed()
    {
        var first = await StartAsync();
        await first.StopAsync(None);
        var pidFile = new ClusterFolder(data.FullName).PidFile;
        await File.WriteAllTextAsync(pidFile, $"{Environment.ProcessId}\n{Path.GetDirectoryName(pidFile)}\n1\n5432\n\n\n\n");

        var second = await StartAsync();

        Assert.False(second.Adopted);
        Assert.Equal(1, await ScalarAsync(second, "SELECT 1"));
    }

    [Fact]
    public async Task A_cluster_whose_making_was_interrupted_is_made_again()
    {
        var folder = new ClusterFolder(data.FullName);
        Directory.CreateDirectory(folder.Unfinished);
        await File.WriteAllTextAsync(Path.Combine(folder.Unfinished, "PG_VERSION"), "15\n");

        var postgres = await StartAsync();

        Assert.Equal(1, await ScalarAsync(postgres, "SELECT 1"));
        Assert.False(Directory.Exists(folder.Unfinished));
    }

    [Fact]
    public async Task A_second_server_on_the_same_folder_is_refused_and_the_first_is_named()
    {
        await StartAsync();
        await using var second = new EmbeddedPostgres(data.FullName, TimeProvider.System, NullLogger.Instance);

        var refusal = await Assert.ThrowsAsync<StorageUnavailableException>(() => second.StartAsync(None));

        Assert.Contains($"Another server (process {Environment.ProcessId}) uses the data folder {data.FullName}", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_folder_whose_name_is_too_long_for_a_socket_gets_a_short_one()
    {
        var deep = Path.Combine(data.FullName, new string('d', 100));
        var postgres = new EmbeddedPostgres(deep, TimeProvider.System, NullLogger.Instance);
        started.Add(postgres);

        await postgres.StartAsync(None);

        var socket = (string)(await ScalarAsync(postgres, "SHOW unix_socket_directories"))!;
        Assert.StartsWith("/tmp/runbooks-", socket, StringComparison.Ordinal);
        await postgres.StopAsync(None);
        Assert.False(Directory.Exists(socket));
    }

    [Fact]
    public async Task Only_programs_of_the_version_that_a_cluster_was_made_with_are_taken()
    {
        var ancient = await PostgresBinaries.FindAsync(major: 1, None);
        var newest = await PostgresBinaries.FindAsync(major: null, None);

        Assert.Null(ancient);
        Assert.NotNull(newest);
        Assert.True(newest.Major >= 13);
    }

    private async Task<EmbeddedPostgres> StartAsync()
    {
        var postgres = new EmbeddedPostgres(data.FullName, TimeProvider.System, NullLogger.Instance);
        started.Add(postgres);
        await postgres.StartAsync(None);
        return postgres;
    }

    /// <summary>A killed process stops nothing; the kernel takes back its lock on the data folder, and that is all.</summary>
    private static void ForgetAsAKilledProcessDoes(EmbeddedPostgres postgres)
    {
        NpgsqlConnection.ClearAllPools();
        postgres.Abandon();
    }

    private async Task<IReadOnlyList<int>> PostmastersAsync()
    {
        var firstLine = (await File.ReadAllLinesAsync(new ClusterFolder(data.FullName).PidFile))[0];
        return [.. new ClusterFolder(data.FullName).Processes().Where(p => p.ToString() == firstLine)];
    }

    private static async Task ExecuteAsync(EmbeddedPostgres postgres, string sql) => await ScalarAsync(postgres, sql);

    private static async Task<object?> ScalarAsync(EmbeddedPostgres postgres, string sql)
    {
        await using var source = NpgsqlDataSource.Create(postgres.ConnectionString);
        await using var command = source.CreateCommand(sql);
        return await command.ExecuteScalarAsync();
    }
}
