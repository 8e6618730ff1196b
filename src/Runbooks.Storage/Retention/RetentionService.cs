using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Npgsql;

namespace Runbooks.Storage.Retention;

/// <summary>
/// Keeps the tables of the coming months ready and forgets what is older than the settings say, batch by batch. Every
/// server runs it; for each batch one of them gets the turn. What fails is tried again with the next round.
/// </summary>
internal sealed partial class RetentionService(
    History history,
    IOptions<StorageOptions> options,
    TimeProvider clock,
    ILogger<RetentionService> logger) : BackgroundService
{
    /// <summary>How long a kept draft stays without a run on it. Making the run takes moments.</summary>
    private static readonly TimeSpan Grace = TimeSpan.FromHours(1);

    private readonly RetentionOptions retention = options.Value.Retention;

    /// <summary>One look: months ahead, kept drafts without a run, old runs, empty months. Returns how many runs were forgotten.</summary>
    public async Task<int> RoundAsync(CancellationToken cancellationToken)
    {
        _ = await history.PrepareMonthsAsync(cancellationToken);

        // Before the runs: a restart of a run that is forgotten below still finds its draft until the next round.
        var drafts = await history.ForgetKeptDraftsAsync(Grace, cancellationToken);
        var forgotten = 0;
        if (retention.KeepFor is not null || retention.KeepRuns is not null)
        {
            int? batch;
            do
            {
                batch = await history.ForgetAsync(retention.KeepFor, retention.KeepRuns, retention.Batch, cancellationToken);
                forgotten += batch ?? 0;
            }
            while (batch == retention.Batch);
        }

        var dropped = await history.DropEmptyMonthsAsync(cancellationToken);
        if (forgotten + dropped + drafts > 0)
        {
            LogForgotten(forgotten, drafts, dropped);
        }

        return forgotten;
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await Task.Yield();
        var fails = false;
        using var timer = new PeriodicTimer(retention.Every, clock);
        try
        {
            do
            {
                try
                {
                    _ = await RoundAsync(stoppingToken);
                    fails = false;
                }
                catch (NpgsqlException e)
                {
                    if (!fails)
                    {
                        LogFailed(retention.Every, e.Message);
                        fails = true;
                    }
                }
            }
            while (await timer.WaitForNextTickAsync(stoppingToken));
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // Asked to stop; a batch that was under way is whole or was not.
        }
    }

    [LoggerMessage(4020, LogLevel.Information, "Forgot {Runs} old runs and {Drafts} drafts that were kept for runs, and dropped {Tables} tables of past months")]
    private partial void LogForgotten(int runs, int drafts, int tables);

    [LoggerMessage(4021, LogLevel.Warning, "Old runs could not be forgotten; trying again every {Every}: {Problem}")]
    private partial void LogFailed(TimeSpan every, string problem);
}
