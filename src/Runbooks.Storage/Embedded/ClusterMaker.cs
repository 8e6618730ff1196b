using Microsoft.Extensions.Logging;
using Npgsql;

namespace Runbooks.Storage.Embedded;

/// <summary>Makes a private cluster: its folders, its files, its settings, its database.</summary>
internal sealed class ClusterMaker(ClusterFolder folder, PostgresBinaries binaries, PostgresAccount account, ILogger logger)
{
    public const string DatabaseName = "runbooks";
    public const string UserName = "runbooks";

    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    public static string ToMaintenanceDatabase(string connectionString) =>
        new NpgsqlConnectionStringBuilder(connectionString) { Database = "postgres", Pooling = false }.ConnectionString;

    public async Task PrepareFoldersAsync(CancellationToken cancellationToken)
    {
        foreach (var path in new[] { folder.Root, folder.Log, folder.Socket })
        {
            var existed = Directory.Exists(path);
            Directory.CreateDirectory(path, OwnerOnly);
            if (existed && path == folder.Socket && !path.StartsWith(folder.Root, StringComparison.Ordinal))
            {
                await RequireOwnAsync(path, cancellationToken);
            }

            if (!account.IsOurs)
            {
                Native.Own(path, account);
            }

            File.SetUnixFileMode(path, OwnerOnly);
        }

        var reach = await CommandLine.RunAsync(account.Command("test", "-x", folder.Root), "/", cancellationToken);
        if (!reach.Ok)
        {
            throw new StorageUnavailableException(
                $"The account {account.Name}, which runs the private PostgreSQL, cannot enter {folder.Root}: a folder above it is closed to others. Open that folder (chmod o+x), or choose another with --Data, such as /var/lib/runbooks.");
        }
    }

    /// <summary>Makes the cluster under another name first: under its own name it is always complete.</summary>
    public async Task MakeIfMissingAsync(CancellationToken cancellationToken)
    {
        if (folder.Major() is not null)
        {
            return;
        }

        if (Directory.Exists(folder.Unfinished))
        {
            logger.LogWarning("The making of the database in {Folder} was interrupted; making it again", folder.Cluster);
            Directory.Delete(folder.Unfinished, recursive: true);
        }

        var make = account.Command(
            binaries.Program("initdb"), "--pgdata", folder.Unfinished, "--username", UserName, "--encoding", "UTF8", "--no-locale",
            "--auth-local", "trust", "--auth-host", "reject", "--data-checksums");
        var answer = await CommandLine.RunAsync(make, "/", cancellationToken);
        if (!answer.Ok)
        {
            throw new StorageUnavailableException($"The database in {folder.Cluster} could not be made: {answer.Output}");
        }

        await File.AppendAllTextAsync(Path.Combine(folder.Unfinished, "postgresql.conf"), "\ninclude_if_exists = 'runbooks.conf'\n", cancellationToken);
        Directory.Move(folder.Unfinished, folder.Cluster);
        logger.LogInformation("Made a private PostgreSQL {Major} cluster in {Folder}", binaries.Major, folder.Cluster);
    }

    /// <summary>Written at each start: the data folder may have been moved.</summary>
    public async Task WriteSettingsAsync(CancellationToken cancellationToken)
    {
        var settings = $"""
            # Written by the server at each start. Own settings belong into postgresql.conf, below the line that includes this file.
            listen_addresses = ''
            unix_socket_directories = '{folder.Socket.Replace("'", "''", StringComparison.Ordinal)}'
            unix_socket_permissions = 0700
            max_connections = 100
            shared_buffers = '64MB'
            timezone = 'UTC'
            log_timezone = 'UTC'
            logging_collector = on
            log_directory = '../log'
            log_filename = 'postgres-%a.log'
            log_rotation_age = '1d'
            log_truncate_on_rotation = on
            cluster_name = 'runbooks'

            """;
        var path = Path.Combine(folder.Cluster, "runbooks.conf");
        await File.WriteAllTextAsync(path, settings, cancellationToken);
        if (!account.IsOurs)
        {
            Native.Own(path, account);
        }
    }

    public async Task MakeDatabaseAsync(string connectionString, CancellationToken cancellationToken)
    {
        await using var source = NpgsqlDataSource.Create(ToMaintenanceDatabase(connectionString));
        await using var exists = source.CreateCommand("SELECT count(*) FROM pg_database WHERE datname = 'runbooks'");
        if (await exists.ExecuteScalarAsync(cancellationToken) is 0L)
        {
            await using var create = source.CreateCommand("CREATE DATABASE runbooks");
            await create.ExecuteNonQueryAsync(cancellationToken);
        }
    }

    /// <summary>A folder in a place that all may write to might have been laid there by somebody else.</summary>
    private async Task RequireOwnAsync(string path, CancellationToken cancellationToken)
    {
        var owner = await Native.OwnerAsync(path, cancellationToken);
        if (owner != account.UserId && owner != Native.UserId)
        {
            throw new StorageUnavailableException(
                $"The folder for the database's socket, {path}, belongs to user {owner}. Remove it, or choose a shorter --Data=<folder>.");
        }
    }
}
