namespace Runbooks.Server.Startup;

/// <summary>
/// Background work in rounds. A round that fails makes the server not ready and is logged once, until one works again:
/// an outage of an hour is two lines, not thousands.
/// </summary>
public abstract class RepeatingService(string name, TimeProvider clock, ServiceHealth health, ILogger logger) : BackgroundService
{
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(15);

    /// <summary>From the end of one round to the begin of the next.</summary>
    protected abstract TimeSpan Interval { get; }

    protected abstract Task RoundAsync(CancellationToken stoppingToken);

    protected sealed override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await Task.Yield();
        var pause = Interval;
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                await RoundAsync(stoppingToken);
                pause = Interval;
                if (health.Works(name))
                {
                    logger.LogWarning("{Service} works again", name);
                }
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception e)
            {
                if (health.Fails(name, e.Message))
                {
                    logger.LogError(e, "{Service} fails and goes on trying: {Problem}", name, e.Message);
                }

                pause = pause * 2 < LongestPause ? pause * 2 : LongestPause;
            }

            try
            {
                await Task.Delay(pause, clock, stoppingToken);
            }
            catch (OperationCanceledException)
            {
                return;
            }
        }
    }
}
