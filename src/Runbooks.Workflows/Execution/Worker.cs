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
    /// <param name="cancellationToken">Stop, and take the time that this needs.</param>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        using var now = new CancellationTokenSource();
        using var places = new SemaphoreSlim(engine.Options.Concurrency);
        var running = new List<Task>();
        var outage = false;
        try
        {
            while (!cancellationToken.IsCancellationRequested)
            {
                await places.WaitAsync(cancellationToken);
                RunClaim? claim = null;
                try
                {
                    claim = await engine.Store.ClaimNextAsync(engine.Options.Worker, engine.Options.Lease, cancellationToken);
                    outage = false;
                }
                catch (Exception e) when (e is not OperationCanceledException)
                {
                    if (!outage)
                    {
                        engine.Logger.LogError("The database can't be asked for work; asking again every {Poll}: {Error}", engine.Options.Poll, e.Message);
                        outage = true;
                    }
                }

                if (claim is null)
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
        _ = await engine.Store.ReleaseAllAsync(engine.Options.Worker, CancellationToken.None);
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

    private async Task ExecuteAsync(RunClaim claim, SemaphoreSlim places, CancellationToken draining, CancellationToken cancellationToken)
    {
        try
        {
            await executor.ExecuteAsync(claim, draining, cancellationToken);
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
