using Microsoft.Extensions.Logging;
using Runbooks.Workflows.Journal;

namespace Runbooks.Workflows.Execution;

/// <summary>
/// Claims runs that have something to do and executes them side by side until it is told to stop. Stopping starts nothing
/// new, gives effects in flight <see cref="EngineOptions.DrainFor"/> to end, and lets go of the rest without an outcome; those
/// are reconciled by whoever claims them next.
/// </summary>
public sealed class Worker(EngineServices engine, RunExecutor executor)
{
    /// <summary>After the drain, for giving back what could not be brought to an end. Leases that are not given back end by themselves.</summary>
    private static readonly TimeSpan LongestFarewell = TimeSpan.FromSeconds(5);

    private static readonly TimeSpan LongestSilence = TimeSpan.FromSeconds(10);

    /// <param name="cancellationToken">Stop, and take the time that this needs.</param>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        using var now = new CancellationTokenSource();
        using var places = new SemaphoreSlim(engine.Options.Concurrency);
        var running = new List<Task>();
        var reports = ReportAsync(cancellationToken);
        try
        {
            while (!cancellationToken.IsCancellationRequested)
            {
                await places.WaitAsync(cancellationToken);
                if (await ClaimAsync(cancellationToken) is not { } claim)
                {
                    _ = places.Release();
                    await engine.Signal.WaitAsync(engine.Options.Poll, cancellationToken);
                    continue;
                }

                _ = running.RemoveAll(t => t.IsCompleted);
                running.Add(ExecuteAsync(claim, places, cancellationToken, now.Token));
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // Asked to stop.
        }

        await DrainAsync(running, now);
        await reports;
        await LetGoAsync();
    }

    /// <summary>A run to execute; null when there is none. An outage is waited out, any other error is logged and looked at as none.</summary>
    private async Task<RunClaim?> ClaimAsync(CancellationToken cancellationToken)
    {
        try
        {
            return await engine.Patience.AskAsync(c => engine.Store.ClaimNextAsync(engine.Options.Worker, engine.Options.Lease, executor.Ability.LeftToOthers, c), cancellationToken);
        }
        catch (Exception e) when (!cancellationToken.IsCancellationRequested)
        {
            engine.Logger.LogError(e, "The database can't be asked for work; asking again in {Poll}: {Error}", engine.Options.Poll, e.Message);
            return null;
        }
    }

    /// <summary>Often enough to be seen several times in the time for which others are waited for.</summary>
    private static TimeSpan BetweenReports(TimeSpan nobodyAbleFor) => nobodyAbleFor / 5 < LongestSilence ? nobodyAbleFor / 5 : LongestSilence;

    /// <summary>Says again and again that this worker is there.</summary>
    private async Task ReportAsync(CancellationToken cancellationToken)
    {
        if (!executor.Ability.Reports)
        {
            return;
        }

        await Task.Yield();
        try
        {
            while (true)
            {
                try
                {
                    await executor.Ability.ReportAsync(cancellationToken);
                }
                catch (Exception e) when (!cancellationToken.IsCancellationRequested)
                {
                    if (!engine.Patience.Notes(e))
                    {
                        engine.Logger.LogWarning("Worker {Worker} could not report itself: {Error}", engine.Options.Worker, e.Message);
                    }
                }

                await Task.Delay(BetweenReports(engine.Options.NobodyAbleFor), engine.Clock, cancellationToken);
            }
        }
        catch (OperationCanceledException)
        {
            // Asked to stop.
        }
    }

    private async Task DrainAsync(List<Task> running, CancellationTokenSource now)
    {
        _ = running.RemoveAll(t => t.IsCompleted);
        if (running.Count == 0)
        {
            return;
        }

        engine.Logger.LogInformation("Stopping: {Runs} runs are brought to a point where another worker can go on, for at most {Drain}", running.Count, engine.Options.DrainFor);
        using var enough = new CancellationTokenSource();
        var all = Task.WhenAll(running);
        _ = await Task.WhenAny(all, Task.Delay(engine.Options.DrainFor, engine.Clock, enough.Token));
        await enough.CancelHereAsync();
        await now.CancelHereAsync();
        await all;
    }

    private async Task LetGoAsync()
    {
        using var limit = new CancellationTokenSource(LongestFarewell, engine.Clock);
        try
        {
            _ = await engine.Store.ReleaseAllAsync(engine.Options.Worker, limit.Token);
            engine.Signal.Raise();
        }
        catch (Exception e)
        {
            engine.Logger.LogWarning("Runs of this worker could not be given back; another worker takes them when their leases of {Lease} have ended: {Error}", engine.Options.Lease, e.Message);
        }
    }

    /// <summary>Executes a run, and those that are claimed one after the other as each is let go of.</summary>
    private async Task ExecuteAsync(RunClaim first, SemaphoreSlim places, CancellationToken draining, CancellationToken cancellationToken)
    {
        var claim = first;
        try
        {
            for (RunClaim? next = first; next is not null;)
            {
                claim = next;
                next = await executor.ExecuteAsync(claim, new ClaimWish(engine.Options.Worker, engine.Options.Lease, executor.Ability.LeftToOthers), draining, cancellationToken);
            }
        }
        catch (OperationCanceledException)
        {
            // The worker stops, or the lease is lost; the run goes on elsewhere.
        }
        catch (LeaseLostException e)
        {
            engine.Logger.LogWarning("{Message}", e.Message);
        }
        catch (Exception e)
        {
            // The run stays as last committed; its lease expires and it is claimed again.
            engine.Logger.LogError(e, "Run {Run} could not be executed; it is tried again when its lease has expired", claim.RunId);
        }
        finally
        {
            _ = places.Release();
        }
    }
}
