using Microsoft.Extensions.Logging;
using Runbooks.Workflows.Journal;

namespace Runbooks.Workflows.Execution;

/// <summary>
/// Claims runs that have something to do and executes them side by side until it is told to stop. Stopping lets go of
/// runs in flight without an outcome; they are reconciled by whoever claims them next.
/// </summary>
public sealed class Worker(EngineServices engine, RunExecutor executor)
{
    public async Task RunAsync(CancellationToken cancellationToken)
    {
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
                running.Add(ExecuteAsync(claim, places, cancellationToken));
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // Asked to stop.
        }

        await Task.WhenAll(running);
        _ = await engine.Store.ReleaseAllAsync(engine.Options.Worker, CancellationToken.None);
    }

    private async Task ExecuteAsync(RunClaim claim, SemaphoreSlim places, CancellationToken cancellationToken)
    {
        try
        {
            await executor.ExecuteAsync(claim, cancellationToken);
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
