using System.Globalization;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Npgsql;

namespace Runbooks.Storage.Startup;

/// <summary>
/// Proves that no other process works under this worker's name: an advisory lock on the name, held by a connection of its
/// own for the life of the process. PostgreSQL gives it back when that connection ends, however the process ends. The same
/// connection hears when another server says that there is work.
/// </summary>
/// <remarks>
/// It makes it safe to end the name's old leases at start. It is not the fence: a process whose connection broke may lose
/// the name and not know it for a moment, and then the generation of its leases is what stops it.
/// </remarks>
internal sealed partial class WorkerNameLock(
    ConnectionPools pools,
    SharedWorkSignal signal,
    IOptions<StorageOptions> options,
    IHostApplicationLifetime lifetime,
    TimeProvider clock,
    ILogger<WorkerNameLock> logger) : BackgroundService
{
    private const int MostOnOneMachine = 100;
    private const int SecondsForAnAnswer = 10;

    /// <summary>PostgreSQL notices the end of a killed process's connection within moments.</summary>
    private static readonly TimeSpan PatienceAtStart = TimeSpan.FromSeconds(5);

    /// <summary>Where a second process takes another name, the killed one's is waited for only this long.</summary>
    private static readonly TimeSpan PatienceForOneOfMany = TimeSpan.FromSeconds(1);

    /// <summary>After a break in the network PostgreSQL may hold the old connection for dead only after <see cref="Prepare"/>'s time.</summary>
    private static readonly TimeSpan PatienceAfterABreak = TimeSpan.FromMinutes(1);

    private static readonly TimeSpan RetryEvery = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan LongestRetry = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(5);

    /// <summary>The session of a machine that has vanished is ended by PostgreSQL after 25 s instead of hours.</summary>
    private const string Prepare = "SET tcp_keepalives_idle = 10; SET tcp_keepalives_interval = 5; SET tcp_keepalives_count = 3; LISTEN " + SharedWorkSignal.Channel;

    private readonly NpgsqlDataSource database = pools.Leases;
    private string worker = options.Value.WorkerName;
    private NpgsqlConnection? connection;

    /// <summary>Takes the name, or where it isn't fixed the first free one.</summary>
    /// <exception cref="StorageUnavailableException">Another process has it.</exception>
    public async Task TakeAsync(CancellationToken cancellationToken)
    {
        var name = options.Value.WorkerName;
        var isFixed = options.Value.WorkerNameIsFixed;
        if (!await WaitForAsync(name, isFixed ? PatienceAtStart : PatienceForOneOfMany, cancellationToken) && (isFixed || !await TakeAnotherAsync(name, cancellationToken)))
        {
            throw TakenByAnother();
        }

        options.Value.Named(worker);
        LogTaken(worker);
    }

    public override void Dispose()
    {
        base.Dispose();
        try
        {
            connection?.Dispose();
        }
        catch (NpgsqlOperationInProgressException)
        {
            // A stop that took too long did not wait for us; the connection ends with the process.
        }
    }

    /// <summary>Listens and watches the connection; after an outage of the database the name is taken again, or the process has to go.</summary>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var away = false;
        var pause = RetryEvery;
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                if (away)
                {
                    if (!await WaitForAsync(worker, PatienceAfterABreak, stoppingToken))
                    {
                        LogLost(TakenByAnother().Message);
                        lifetime.StopApplication();
                        return;
                    }

                    (away, pause) = (false, RetryEvery);
                    LogTakenAgain(worker);
                    signal.Hear();
                }

                if (!await connection!.WaitAsync(LookEvery, stoppingToken))
                {
                    await ExecuteAsync("SELECT 1", stoppingToken);
                }
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception e) when (e is NpgsqlException or InvalidOperationException or TimeoutException)
            {
                // The database is down; who holds the name is decided when it is back.
                if (!away)
                {
                    LogWaiting(worker, e.GetBaseException().Message);
                    away = true;
                }

                pause = pause * 2 < LongestRetry ? pause * 2 : LongestRetry;
                await Task.Delay(pause, clock, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    private async Task<bool> WaitForAsync(string name, TimeSpan patience, CancellationToken cancellationToken)
    {
        var deadline = clock.GetUtcNow() + patience;
        await ConnectAsync(cancellationToken);
        while (!await TryTakeAsync(name, cancellationToken))
        {
            if (clock.GetUtcNow() > deadline)
            {
                return false;
            }

            await Task.Delay(RetryEvery, clock, cancellationToken);
        }

        return true;
    }

    private async Task<bool> TakeAnotherAsync(string name, CancellationToken cancellationToken)
    {
        for (var number = 2; number <= MostOnOneMachine; number++)
        {
            if (await TryTakeAsync($"{name}#{number.ToString(CultureInfo.InvariantCulture)}", cancellationToken))
            {
                return true;
            }
        }

        return false;
    }

    private async Task ConnectAsync(CancellationToken cancellationToken)
    {
        if (connection is not null)
        {
            await connection.DisposeAsync();
        }

        connection = await database.OpenConnectionAsync(cancellationToken);
        connection.Notification += (_, hint) =>
        {
            if (!string.Equals(hint.Payload, signal.Sender, StringComparison.Ordinal))
            {
                signal.Hear();
            }
        };
        await ExecuteAsync(Prepare, cancellationToken);
    }

    private async Task ExecuteAsync(string sql, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(sql, connection) { CommandTimeout = SecondsForAnAnswer };
        _ = await command.ExecuteNonQueryAsync(cancellationToken);
    }

    private async Task<bool> TryTakeAsync(string name, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand("SELECT pg_try_advisory_lock(hashtextextended('worker:' || $1, 0))", connection) { CommandTimeout = SecondsForAnAnswer };
        command.Parameters.AddWithValue(name);
        if (await command.ExecuteScalarAsync(cancellationToken) is not true)
        {
            return false;
        }

        worker = name;
        return true;
    }

    private StorageUnavailableException TakenByAnother() => new(
        $"Another server works under the name '{options.Value.WorkerName}' on the database {DatabaseTarget.Of(database)}. Stop it, or give this one a name of its own: --Engine:Worker=<name>.");

    [LoggerMessage(4009, LogLevel.Information, "This worker is '{Worker}'")]
    private partial void LogTaken(string worker);

    [LoggerMessage(4010, LogLevel.Information, "Took the worker name '{Worker}' again after an outage of the database")]
    private partial void LogTakenAgain(string worker);

    [LoggerMessage(4011, LogLevel.Critical, "Lost the worker name while the database was away; stopping. {Reason}")]
    private partial void LogLost(string reason);

    [LoggerMessage(4012, LogLevel.Warning, "The database is away, and with it the worker name '{Worker}'; it is taken again when the database is back: {Reason}")]
    private partial void LogWaiting(string worker, string reason);
}
