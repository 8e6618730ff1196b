using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Npgsql;

namespace Runbooks.Storage.Startup;

/// <summary>
/// Proves that no other process works under this worker's name: an advisory lock on the name, held by a connection of its
/// own for the life of the process. PostgreSQL gives it back when that connection ends, however the process ends.
/// </summary>
/// <remarks>
/// It makes it safe to end the name's old leases at start. It is not the fence: a process whose connection broke may lose
/// the name and not know it for a moment, and then the generation of its leases is what stops it.
/// </remarks>
internal sealed partial class WorkerNameLock(
    ConnectionPools pools,
    IOptions<StorageOptions> options,
    IHostApplicationLifetime lifetime,
    TimeProvider clock,
    ILogger<WorkerNameLock> logger) : BackgroundService
{
    /// <summary>PostgreSQL notices the end of a killed process's connection within moments.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    private static readonly TimeSpan RetryEvery = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(5);

    private readonly NpgsqlDataSource database = pools.Leases;
    private readonly string worker = options.Value.WorkerName;
    private NpgsqlConnection? connection;

    /// <exception cref="StorageUnavailableException">Another process has the name.</exception>
    public async Task TakeAsync(CancellationToken cancellationToken)
    {
        var deadline = clock.GetUtcNow() + Patience;
        while (!await TryTakeAsync(cancellationToken))
        {
            if (clock.GetUtcNow() > deadline)
            {
                throw new StorageUnavailableException(
                    $"Another server works under the name '{worker}' on the database {DatabaseTarget.Of(database)}. Stop it, or give this one a name of its own: --Engine:Worker=<name>.");
            }

            await Task.Delay(RetryEvery, clock, cancellationToken);
        }
    }

    public override void Dispose()
    {
        connection?.Dispose();
        base.Dispose();
    }

    /// <summary>Watches the connection; after an outage of the database the name is taken again, or the process has to go.</summary>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(LookEvery, clock);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            if (await HoldsAsync(stoppingToken))
            {
                continue;
            }

            try
            {
                await TakeAsync(stoppingToken);
                LogTakenAgain(worker);
            }
            catch (StorageUnavailableException e)
            {
                LogLost(e.Message);
                lifetime.StopApplication();
                return;
            }
            catch (NpgsqlException e)
            {
                // The database is down; who holds the name is decided when it is back.
                LogWaiting(worker, e.Message);
            }
        }
    }

    private async Task<bool> HoldsAsync(CancellationToken cancellationToken)
    {
        try
        {
            await using var command = new NpgsqlCommand("SELECT 1", connection);
            await command.ExecuteScalarAsync(cancellationToken);
            return true;
        }
        catch (Exception e) when (e is NpgsqlException or InvalidOperationException)
        {
            return false;
        }
    }

    private async Task<bool> TryTakeAsync(CancellationToken cancellationToken)
    {
        if (connection is not null)
        {
            await connection.DisposeAsync();
        }

        connection = await database.OpenConnectionAsync(cancellationToken);
        await using var command = new NpgsqlCommand("SELECT pg_try_advisory_lock(hashtextextended('worker:' || $1, 0))", connection);
        command.Parameters.AddWithValue(worker);
        return await command.ExecuteScalarAsync(cancellationToken) is true;
    }

    [LoggerMessage(4010, LogLevel.Information, "Took the worker name '{Worker}' again after an outage of the database")]
    private partial void LogTakenAgain(string worker);

    [LoggerMessage(4011, LogLevel.Critical, "Lost the worker name while the database was away; stopping. {Reason}")]
    private partial void LogLost(string reason);

    [LoggerMessage(4012, LogLevel.Warning, "The database is away, and with it the worker name '{Worker}': {Reason}")]
    private partial void LogWaiting(string worker, string reason);
}
