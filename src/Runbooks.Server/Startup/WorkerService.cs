using Runbooks.Workflows.Execution;

namespace Runbooks.Server.Startup;

/// <summary>
/// Executes runs until the server stops. It begins to drain with the first word of the stop, while requests in progress are
/// still answered, and has ended before messages and database are let go of. The worker itself rides out an outage of the
/// database; what it lets through is a bug.
/// </summary>
internal sealed class WorkerService(Worker worker, IHostApplicationLifetime lifetime, ServiceHealth health, ILogger<WorkerService> logger) : BackgroundService
{
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(stoppingToken, lifetime.ApplicationStopping);
        await Task.Yield();
        try
        {
            await worker.RunAsync(stop.Token);
        }
        catch (Exception e) when (!stop.IsCancellationRequested)
        {
            _ = health.Fails("Worker", $"It has stopped: {e.Message} Restart the server.");
            logger.LogError(e, "The worker has stopped, and no run goes on. Restart the server. {Problem}", e.Message);
        }
    }
}
