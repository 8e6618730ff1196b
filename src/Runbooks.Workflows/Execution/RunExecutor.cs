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
/// <param name="engine">What all runs of the worker share.</param>
/// <param name="catalog">The definitions that this program can run.</param>
/// <param name="ability">What it can't run; null: there is no other worker to leave that to.</param>
public sealed class RunExecutor(EngineServices engine, DefinitionCatalog catalog, Ability? ability = null)
{
    private readonly IRunStore store = engine.Store;
    private readonly EngineOptions options = engine.Options;
    private readonly TimeProvider clock = engine.Clock;
    private readonly ILogger logger = engine.Logger;

    /// <summary>What this program can't run.</summary>
    public Ability Ability { get; } = ability ?? new Ability(engine.Options, ProductVersion.Current);

    /// <summary>
    /// Executes the run and lets go of it. The answer is the next run, claimed as this one was let go of; null: none was
    /// asked for, there is none, or the store leaves that to a call of its own. Throws <see cref="LeaseLostException"/> when
    /// somebody else has the run.
    /// </summary>
    /// <param name="claim">The run, and the right to change it.</param>
    /// <param name="wish">What to claim next; null: nothing.</param>
    /// <param name="draining">The worker stops soon: nothing new is started, and the run is let go of when what is in flight has ended.</param>
    /// <param name="cancellationToken">The worker stops now: effects are let go of as they are.</param>
    public async Task<RunClaim?> ExecuteAsync(RunClaim claim, ClaimWish? wish, CancellationToken draining, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(claim);
        using var abandon = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var renewal = RenewAsync(claim, abandon);
        try
        {
            var snapshot = await engine.Patience.AskAsync(c => store.LoadAsync(claim, c), abandon.Token);
            await engine.Probe.ReachedAsync(JournalPoint.Claimed, claim.RunId, null);
            var version = new DefinitionVersion(snapshot.Run.DefinitionId, snapshot.Run.DefinitionVersion);
            if (await engine.Patience.AskAsync(c => catalog.FindAsync(version.DefinitionId, version.Version, c), abandon.Token) is not { } definition)
            {
                await LeaveAsync(snapshot, claim, version, abandon.Token);
                return null;
            }

            using var burst = new Burst(engine, new RunMemory(snapshot, definition, claim, clock), wish, abandon, draining);
            await burst.RunAsync(snapshot);
            return burst.Next;
        }
        finally
        {
            await abandon.CancelHereAsync();
            await renewal;
        }
    }

    /// <summary>Executes the run and lets go of it.</summary>
    public Task ExecuteAsync(RunClaim claim, CancellationToken draining, CancellationToken cancellationToken) => ExecuteAsync(claim, null, draining, cancellationToken);

    /// <summary>Executes the run without being told ahead that the worker will stop.</summary>
    public Task ExecuteAsync(RunClaim claim, CancellationToken cancellationToken) => ExecuteAsync(claim, null, CancellationToken.None, cancellationToken);

    /// <summary>
    /// This program can't load its definition. As long as another worker may be able to, the run is let go of as it is;
    /// else a person is asked. Nothing of it is touched.
    /// </summary>
    private async Task LeaveAsync(RunSnapshot snapshot, RunClaim claim, DefinitionVersion version, CancellationToken cancellationToken)
    {
        if (!await engine.Patience.AskAsync(c => Ability.NobodyCanAsync(version, c), cancellationToken))
        {
            logger.LogInformation("Run {Run} is left to another worker: this one can't load version {Version} of runbook '{Runbook}'", claim.RunId, version.Version, version.DefinitionId);
            await store.CommitAsync(new RunCommit(snapshot.Run, claim) { ReleaseLease = true }, cancellationToken);
            engine.Signal.Raise();
            return;
        }

        var nobody = Ability.Reports ? $", and no worker that can was seen for {options.NobodyAbleFor}" : "";
        snapshot.Run.Status = RunStatus.NeedsAttention;
        snapshot.Run.Reason = $"Version {version.Version} of runbook '{version.DefinitionId}' can't be loaded here{nobody}; nothing was done. Look at the server's list of refused definitions; start a server of the version that published it, and retry the run.";
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
                    // While the store is away the lease may end. Whether it is still ours is asked again before every effect.
                    if (!await engine.Patience.AskAsync(c => store.RenewAsync(claim, options.Lease, c), abandon.Token))
                    {
                        logger.LogWarning("Run {Run}: the lease of generation {Generation} is lost; this worker stops working on it", claim.RunId, claim.Generation);
                        await abandon.CancelHereAsync();
                        return;
                    }
                }
                catch (Exception e) when (e is not OperationCanceledException)
                {
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
