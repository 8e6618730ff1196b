using Runbooks.Workflows.Execution;

namespace Runbooks.Server.Startup;

/// <summary>Executes runs until the server stops. The worker itself rides out an outage of the database; what it lets through is a bug.</summary>
internal sealed class WorkerService(Worker worker, ServiceHealth health, ILogger<WorkerService> logger) : BackgroundService
{
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await Task.Yield();
        try
        {
            await worker.RunAsync(stoppingToken);
        }
        catch (Exception e) when (!stoppingToken.IsCancellationRequested)
        {
            _ = health.Fails("Worker", $"It has stopped: {e.Message} Restart the server.");
            logger.LogError(e, "The worker has stopped, and no run goes on. Restart the server. {Problem}", e.Message);
        }
    }
}
