using Microsoft.Extensions.Logging;
using Npgsql;

namespace Runbooks.Storage.Embedded;

/// <summary>
/// A private PostgreSQL cluster in the server's data folder, reachable over a Unix socket only.
/// </summary>
/// <remarks>
/// Starting it is safe after every kind of end: a cluster whose making was interrupted is made again; a PostgreSQL that a
/// killed server left running is used as it is; a process-id file that nobody stands behind is removed. fsync stays on.
/// The socket's folder is open to the cluster's account and to root alone, which is what keeps others out.
/// </remarks>
public sealed class EmbeddedPostgres : IAsyncDisposable
{
    /// <summary>Recovery after a crash replays the log first; on a slow disk that takes its time.</summary>
    private static readonly TimeSpan LongestStart = TimeSpan.FromMinutes(2);

    private static readonly TimeSpan LongestEnd = TimeSpan.FromSeconds(15);

    private static readonly TimeSpan PollEvery = TimeSpan.FromMilliseconds(100);

    private readonly ILogger logger;
    private readonly TimeProvider clock;
    private readonly ClusterFolder folder;
    private DataFolderLock? heldLock;
    private PostgresBinaries? binaries;
    private PostgresAccount? account;
    private bool running;

    /// <param name="dataFolder">The server's data folder; the cluster lies in its subfolder <c>postgres</c>.</param>
    /// <param name="clock">For the time that a start may take.</param>
    /// <param name="logger">Says what is installed, made, found and started.</param>
    public EmbeddedPostgres(string dataFolder, TimeProvider clock, ILogger logger)
    {
        this.logger = logger;
        this.clock = clock;
        folder = new ClusterFolder(dataFolder);
        ConnectionString = new NpgsqlConnectionStringBuilder
        {
            Host = folder.Socket,
            Database = ClusterMaker.DatabaseName,
            Username = ClusterMaker.UserName,
            ApplicationName = "runbooks",
        }.ConnectionString;
    }

    /// <summary>Known before the cluster runs.</summary>
    public string ConnectionString { get; }

    /// <summary>True when the last start found a PostgreSQL that a killed server had left running.</summary>
    public bool Adopted { get; private set; }

    /// <summary>Makes the cluster if there is none, and starts it if it does not run. Running already, it does nothing.</summary>
    /// <exception cref="StorageUnavailableException">It cannot be had; the message says why and what to do.</exception>
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        if (running)
        {
            return;
        }

        Directory.CreateDirectory(folder.Data);
        heldLock ??= DataFolderLock.Take(folder.Data);
        binaries = await new PostgresInstaller(logger).FindOrInstallAsync(folder.Major(), cancellationToken);
        account = await PostgresAccount.ChooseAsync(folder.Cluster, cancellationToken);
        var maker = new ClusterMaker(folder, binaries, account, logger);
        await maker.PrepareFoldersAsync(cancellationToken);
        Adopted = await FindRunningAsync(cancellationToken);
        if (!Adopted)
        {
            await maker.MakeIfMissingAsync(cancellationToken);
            await maker.WriteSettingsAsync(cancellationToken);
            await LaunchAsync(cancellationToken);
        }

        running = true;
        await maker.MakeDatabaseAsync(ConnectionString, cancellationToken);
    }

    /// <summary>Stops the cluster if this object started or adopted it. Connections are closed, transactions in progress roll back.</summary>
    public async Task StopAsync(CancellationToken cancellationToken)
    {
        if (!running)
        {
            Abandon();
            return;
        }

        var stop = account!.Command(binaries!.Program("pg_ctl"), "stop", "--pgdata", folder.Cluster, "--mode", "fast", "--wait", "--timeout", "60");
        var answer = await CommandLine.RunAsync(stop, "/", cancellationToken);
        if (answer.Ok && await AllGoneAsync(cancellationToken))
        {
            logger.LogInformation("Stopped the private PostgreSQL in {Folder}", folder.Cluster);
            folder.RemoveSocketFolderOutside();
        }
        else
        {
            logger.LogError("The private PostgreSQL in {Folder} did not stop: {Answer}. The next start will find it.", folder.Cluster, answer.Output);
        }

        Abandon();
    }

    /// <summary>pg_ctl waits for the main process to say that it ends; its helpers, the one that writes the log last, end a moment later.</summary>
    private async Task<bool> AllGoneAsync(CancellationToken cancellationToken)
    {
        var deadline = clock.GetUtcNow() + LongestEnd;
        while (folder.Processes().Count > 0)
        {
            if (clock.GetUtcNow() > deadline)
            {
                return false;
            }

            await Task.Delay(PollEvery, clock, cancellationToken);
        }

        return true;
    }

    /// <summary>Leaves the cluster as the end of a killed process leaves it: running, and nobody's. For tests of the next start.</summary>
    internal void Abandon()
    {
        running = false;
        heldLock?.Dispose();
        heldLock = null;
    }

    public async ValueTask DisposeAsync() => await StopAsync(CancellationToken.None);

    /// <summary>
    /// Finds the PostgreSQL that a killed server left behind, and waits for it where it is just starting. One that is
    /// shutting down, or whose main process was killed, is waited out.
    /// </summary>
    private async Task<bool> FindRunningAsync(CancellationToken cancellationToken)
    {
        var deadline = clock.GetUtcNow() + LongestStart;
        while (folder.Processes() is { Count: > 0 } processes)
        {
            if (await AnswersAsync(cancellationToken))
            {
                logger.LogInformation("Found the private PostgreSQL of an earlier server in {Folder} (process {Process}); using it", folder.Cluster, processes[0]);
                return true;
            }

            if (clock.GetUtcNow() > deadline)
            {
                throw new StorageUnavailableException(
                    $"Processes {string.Join(", ", processes)} still use the database in {folder.Cluster}, but do not answer on {folder.Socket}. See {folder.Log}; end them and start the server again.");
            }

            await Task.Delay(PollEvery, clock, cancellationToken);
        }

        // Nobody works in the folder: whatever process has the number in this file now is a stranger.
        if (File.Exists(folder.PidFile))
        {
            logger.LogWarning("The private PostgreSQL in {Folder} did not stop in order; it will recover from its log", folder.Cluster);
            folder.DeleteProcessMarks();
        }

        return false;
    }

    private async Task<bool> AnswersAsync(CancellationToken cancellationToken)
    {
        try
        {
            await using var source = NpgsqlDataSource.Create(ClusterMaker.ToMaintenanceDatabase(ConnectionString));
            await using var command = source.CreateCommand("SELECT 1");
            await command.ExecuteScalarAsync(cancellationToken);
            return true;
        }
        catch (NpgsqlException)
        {
            return false;
        }
    }

    private async Task LaunchAsync(CancellationToken cancellationToken)
    {
        // pg_ctl puts PostgreSQL into a session of its own: Ctrl-C at the terminal ends us first, and we end it in order.
        var start = account!.Command(
            binaries!.Program("pg_ctl"), "start", "--pgdata", folder.Cluster, "--log", folder.StartLog, "--wait", "--timeout", "120");
        var answer = await CommandLine.RunAsync(start, "/", cancellationToken);
        if (!answer.Ok)
        {
            throw new StorageUnavailableException(
                $"The private PostgreSQL in {folder.Cluster} did not start: {answer.Output} Its log in {folder.Log} ends with: {await LogTailAsync(cancellationToken)}");
        }

        logger.LogInformation("Started the private PostgreSQL {Major} in {Folder} as {Account}", binaries.Major, folder.Cluster, account.Name);
    }

    private async Task<string> LogTailAsync(CancellationToken cancellationToken)
    {
        var newest = new DirectoryInfo(folder.Log).GetFiles("*.log").Where(f => f.Length > 0).MaxBy(f => f.LastWriteTimeUtc);
        return newest is null
            ? "(empty)"
            : string.Join(" | ", (await File.ReadAllLinesAsync(newest.FullName, cancellationToken)).TakeLast(6));
    }
}
