using Microsoft.Extensions.Logging;
using Runbooks.Workflows.Definitions;
using Runbooks.Workflows.Journal;
using Runbooks.Workflows.Runs;

namespace Runbooks.Workflows.Execution;

/// <summary>
/// Executes one claimed run until it waits, needs a person, or has ended. Guarantees: no effect starts before its intent is
/// committed, and no outcome counts before it is committed; one commit carries the outcomes that have come in and the
/// intents of what comes next. Assumes nothing of how the last owner stopped: a step with an intent and no outcome is
/// reconciled before anything else happens to it.
/// </summary>
public sealed class RunExecutor(EngineServices engine, DefinitionCatalog catalog)
{
    private readonly IRunStore store = engine.Store;
    private readonly EngineOptions options = engine.Options;
    private readonly TimeProvider clock = engine.Clock;
    private readonly ILogger logger = engine.Logger;

    /// <summary>Executes the run and lets go of it. Throws <see cref="LeaseLostException"/> when somebody else has it.</summary>
    /// <param name="claim">The run, and the right to change it.</param>
    /// <param name="draining">The worker stops soon: nothing new is started, and the run is let go of when what is in flight has ended.</param>
    /// <param name="cancellationToken">The worker stops now: effects are let go of as they are.</param>
    public async Task ExecuteAsync(RunClaim claim, CancellationToken draining, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(claim);
        using var abandon = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var renewal = RenewAsync(claim, abandon);
        try
        {
            var snapshot = await store.LoadAsync(claim, abandon.Token);
            await engine.Probe.ReachedAsync(JournalPoint.Claimed, claim.RunId, null);
            if (await catalog.FindAsync(snapshot.Run.DefinitionId, snapshot.Run.DefinitionVersion, abandon.Token) is not { } definition)
            {
                await ParkAsync(snapshot, claim, abandon.Token);
                return;
            }

            using var burst = new Burst(engine, new RunMemory(snapshot, definition, claim, clock), abandon, draining);
            await burst.RunAsync(snapshot);
        }
        finally
        {
            await abandon.CancelHereAsync();
            await renewal;
        }
    }

    /// <summary>Executes the run without being told ahead that the worker will stop.</summary>
    public Task ExecuteAsync(RunClaim claim, CancellationToken cancellationToken) => ExecuteAsync(claim, CancellationToken.None, cancellationToken);

    /// <summary>Its definition can't be loaded by this version of the product: say so, touch nothing.</summary>
    private async Task ParkAsync(RunSnapshot snapshot, RunClaim claim, CancellationToken cancellationToken)
    {
        snapshot.Run.Status = RunStatus.NeedsAttention;
        snapshot.Run.Reason = $"Version {snapshot.Run.DefinitionVersion} of runbook '{snapshot.Run.DefinitionId}' can't be loaded here; nothing was done. Look at the server's list of refused definitions.";
        await store.CommitAsync(new RunCommit(snapshot.Run, claim) { ReleaseLease = true, AppliedStimulusIds = [.. snapshot.Stimuli.Select(s => s.Id)] }, cancellationToken);
    }

    private async Task RenewAsync(RunClaim claim, CancellationTokenSource abandon)
    {
        try
        {
            while (true)
            {
                await Task.Delay(options.Lease / 3, clock, abandon.Token);
                try
                {
                    if (!await store.RenewAsync(claim, options.Lease, abandon.Token))
                    {
                        logger.LogWarning("Run {Run}: the lease of generation {Generation} is lost; this worker stops working on it", claim.RunId, claim.Generation);
                        await abandon.CancelHereAsync();
                        return;
                    }
                }
                catch (Exception e) when (e is not OperationCanceledException)
                {
                    // The store may be away for a moment. Whether the lease is still ours is asked again before every effect.
                    logger.LogWarning("Run {Run}: the lease could not be renewed: {Error}", claim.RunId, e.Message);
                }
            }
        }
        catch (OperationCanceledException)
        {
            // The burst has ended.
        }
    }
}
