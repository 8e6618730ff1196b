using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging;
using Runbooks.Workflows.Activities;
using Runbooks.Workflows.Journal;
using Runbooks.Workflows.Runs;

namespace Runbooks.Workflows.Execution;

/// <summary>
/// Carries out one effect or undo, and finds out what became of it when that is not plain. It writes nothing: the
/// executor commits what it returns.
/// </summary>
internal sealed class EffectRunner(EngineOptions options, TimeProvider clock, ILogger logger)
{
    /// <summary>Starts an effect whose intent is committed.</summary>
    public async Task<EffectResult> StartAsync(EffectActivity activity, ActivityExecution execution, EffectContext context)
    {
        var result = await PerformAsync(activity, context, () => activity.PerformAsync(context));
        return result is EffectResult.Unknown unknown ? await ReconcileAsync((MutatingActivity)activity, execution, context, unknown.Reason) : result;
    }

    /// <summary>Finds out about an effect that has an intent and no outcome, and brings it to an end.</summary>
    public async Task<EffectResult> ReconcileAsync(MutatingActivity activity, ActivityExecution execution, EffectContext context, string reason)
    {
        var until = clock.GetUtcNow() + options.ReconcileFor;
        for (var pause = options.FirstPause; ; pause = Longer(pause))
        {
            var found = await LookAsync(activity, context);
            logger.LogInformation("Run {Run} step {Step} ({Activity}) reconciled: {Found}", context.RunId, execution.Number, activity.Id, found);
            switch (found)
            {
                case Reconciliation.Done done:
                    return new EffectResult.Done(done.Outputs, done.Outcome);
                case Reconciliation.InProgress:
                    var joined = await PerformAsync(activity, context, () => activity.JoinAsync(context));
                    if (joined is not EffectResult.Unknown stillOpen)
                    {
                        return joined;
                    }

                    reason = stillOpen.Reason;
                    break;
                case Reconciliation.NotDone when context.CancelRequested.IsCancellationRequested:
                    return new EffectResult.Failed("The run was cancelled before this step happened.");
                case Reconciliation.NotDone notDone when execution.Attempt >= options.MaxAttempts:
                    var exhausted = $"It did not happen in {execution.Attempt} attempts. Found: {notDone.Found} Last: {reason}";

                    // Where there is no way back, going back is no answer: a person decides.
                    return activity is IrreversibleActivity ? new EffectResult.Unknown(exhausted) : new EffectResult.Failed(exhausted);
                case Reconciliation.NotDone:
                    execution.Attempt++;
                    var again = await PerformAsync(activity, context, () => activity.PerformAsync(context));
                    if (again is not EffectResult.Unknown unknown)
                    {
                        return again;
                    }

                    reason = unknown.Reason;
                    break;
                case Reconciliation.Unknown unclear:
                    reason = unclear.Reason;
                    break;
            }

            if (clock.GetUtcNow() >= until)
            {
                return new EffectResult.Unknown(reason);
            }

            await Task.Delay(pause, clock, context.CancellationToken);
        }
    }

    /// <summary>Undoes a completed effect; tries again while that can help.</summary>
    public async Task<UndoResult> UndoAsync(ChangeActivity activity, EffectContext context)
    {
        var pause = options.FirstPause;
        for (var attempt = 1; ; attempt++, pause = Longer(pause))
        {
            UndoResult result;
            try
            {
                result = await activity.UndoAsync(context);
            }
            catch (Exception e) when (!Abandoned(e, context))
            {
                logger.LogError(e, "Run {Run}: undo of {Activity} threw", context.RunId, activity.Id);
                result = new UndoResult.Failed($"{e.GetType().Name}: {e.Message}");
            }

            if (result is UndoResult.Undone || attempt >= options.MaxUndoAttempts)
            {
                return result;
            }

            await Task.Delay(pause, clock, context.CancellationToken);
        }
    }

    /// <summary>An exception of a change says nothing about the world; an exception of a look only says that it failed.</summary>
    private async Task<EffectResult> PerformAsync(EffectActivity activity, EffectContext context, Func<Task<EffectResult>> perform)
    {
        try
        {
            var result = await perform();
            return result is EffectResult.Unknown unknown && activity is not MutatingActivity ? new EffectResult.Failed(unknown.Reason) : result;
        }
        catch (Exception e) when (!Abandoned(e, context))
        {
            logger.LogError(e, "Run {Run}: {Activity} threw", context.RunId, activity.Id);
            var reason = $"{e.GetType().Name}: {e.Message}";
            return activity is MutatingActivity ? new EffectResult.Unknown(reason) : new EffectResult.Failed(reason);
        }
    }

    private async Task<Reconciliation> LookAsync(MutatingActivity activity, EffectContext context)
    {
        try
        {
            return await activity.ReconcileAsync(context);
        }
        catch (Exception e) when (!Abandoned(e, context))
        {
            logger.LogError(e, "Run {Run}: looking for the outcome of {Activity} threw", context.RunId, activity.Id);
            return new Reconciliation.Unknown($"{e.GetType().Name}: {e.Message}");
        }
    }

    /// <summary>The worker stops or has lost the run: nothing may be concluded, and nothing is written.</summary>
    private static bool Abandoned(Exception e, EffectContext context) =>
        e is LeaseLostException || context.CancellationToken.IsCancellationRequested;

    private TimeSpan Longer(TimeSpan pause) => pause * 2 < options.MaxPause ? pause * 2 : options.MaxPause;
}
