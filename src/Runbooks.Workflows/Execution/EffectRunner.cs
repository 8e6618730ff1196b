using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging;
using Runbooks.Workflows.Activities;
using Runbooks.Workflows.Expressions;
using Runbooks.Workflows.Journal;
using Runbooks.Workflows.Runs;
using Runbooks.Workflows.Secrets;

namespace Runbooks.Workflows.Execution;

/// <summary>
/// Carries out one effect or undo, and finds out what became of it when that is not plain. It writes nothing: the
/// executor commits what it returns.
/// </summary>
internal sealed class EffectRunner(EngineOptions options, TimeProvider clock, ILogger logger, IEffectInterceptor interceptor)
{
    /// <summary>Longest pause between two tries of an effect that failed.</summary>
    private static readonly TimeSpan MaxRetryPause = TimeSpan.FromMinutes(5);

    /// <summary>Starts an effect whose intent is committed, and tries it again after a failure as its activity says.</summary>
    public Task<EffectResult> StartAsync(EffectActivity activity, ActivityExecution execution, EffectContext context) =>
        TryAsync(activity, execution, context, () => OnceAsync(activity, execution, context));

    /// <summary>Goes on with an effect of a worker that stopped: looks first, and after a failure tries again as its activity says.</summary>
    public Task<EffectResult> TakeOverAsync(MutatingActivity activity, ActivityExecution execution, EffectContext context) =>
        TryAsync(activity, execution, context, () => ReconcileAsync(activity, execution, context, "The worker that started it stopped before the outcome was known."));

    private async Task<EffectResult> TryAsync(EffectActivity activity, ActivityExecution execution, EffectContext context, Func<Task<EffectResult>> first)
    {
        var pause = context.Get(activity.RetryAfter);
        var tries = 1 + Math.Max(0, context.Get(activity.Retries));
        for (var attempt = 1; ; attempt++, pause = pause * 2 < MaxRetryPause ? pause * 2 : MaxRetryPause)
        {
            var result = attempt == 1 ? await first() : await OnceAsync(activity, execution, context);
            if (result is not EffectResult.Failed failed || attempt >= tries || context.CancelRequested.IsCancellationRequested)
            {
                return result;
            }

            logger.LogWarning("Run {Run} step {Step} ({Activity}): attempt {Attempt} of {Tries} failed, next in {Pause}: {Reason}", context.RunId, execution.Number, activity.Id, attempt, tries, pause, failed.Reason);
            if (await WasCancelledWithinAsync(pause, context))
            {
                return new EffectResult.Failed($"{failed.Reason} The run was cancelled before the next try.");
            }

            execution.Attempt++;
        }
    }

    private async Task<EffectResult> OnceAsync(EffectActivity activity, ActivityExecution execution, EffectContext context)
    {
        if (MissingSecret(activity, context) is { } missing)
        {
            // Nothing was started, so this is a failure and not an unknown outcome.
            return new EffectResult.Failed(missing);
        }

        var result = await PerformAsync(EffectOperation.Perform, activity, context, c => activity.PerformAsync(c));
        return result is EffectResult.Unknown unknown ? await ReconcileAsync((MutatingActivity)activity, execution, context, unknown.Reason) : result;
    }

    /// <summary>Finds out about an effect that has an intent and no outcome, and brings it to an end.</summary>
    private async Task<EffectResult> ReconcileAsync(MutatingActivity activity, ActivityExecution execution, EffectContext context, string reason)
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
                    var joined = await PerformAsync(EffectOperation.Join, activity, context, c => activity.JoinAsync(c));
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
                    var again = await PerformAsync(EffectOperation.Perform, activity, context, c => activity.PerformAsync(c));
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
        if (Forbidden(activity, context) is { } forbidden)
        {
            return new UndoResult.Failed(forbidden);
        }

        var pause = options.FirstPause;
        for (var attempt = 1; ; attempt++, pause = Longer(pause))
        {
            UndoResult result;
            try
            {
                result = context.Mask.Mask(await interceptor.UndoAsync(new EffectCall(EffectOperation.Undo, activity, context), () => activity.UndoAsync(context)));
            }
            catch (Exception e) when (!Abandoned(e, context))
            {
                Threw(e, context, activity, "its undo");
                result = new UndoResult.Failed(Text(e, context));
            }

            if (result is UndoResult.Undone || attempt >= options.MaxUndoAttempts)
            {
                return result;
            }

            await Task.Delay(pause, clock, context.CancellationToken);
        }
    }

    /// <summary>
    /// Does it within its time limit. An exception of a change says nothing about the world, and neither does a change that
    /// does not end when it is asked to; a look that throws or does not end has only failed.
    /// </summary>
    private async Task<EffectResult> PerformAsync(EffectOperation operation, EffectActivity activity, EffectContext context, Func<EffectContext, Task<EffectResult>> perform)
    {
        if (Forbidden(activity, context) is { } forbidden)
        {
            return new EffectResult.Failed(forbidden);
        }

        using var asked = CancellationTokenSource.CreateLinkedTokenSource(context.CancelRequested);
        using var stopWaiting = CancellationTokenSource.CreateLinkedTokenSource(context.CancellationToken);
        using var ended = new CancellationTokenSource();
        var limit = context.Get(activity.TimeLimit);

        // What has ended when it comes back here needs no watch; a limit counts from before it begins.
        var watch = limit is null ? null : WatchAsync(limit, asked, stopWaiting, ended.Token);
        try
        {
            var given = context.With(asked.Token, stopWaiting.Token);
            var performing = interceptor.PerformAsync(new EffectCall(operation, activity, given), () => perform(given));
            watch ??= performing.IsCompleted ? null : WatchAsync(limit, asked, stopWaiting, ended.Token);
            var result = context.Mask.Mask(await performing.WaitAsync(stopWaiting.Token));
            return result is EffectResult.Unknown unknown && activity is not MutatingActivity ? new EffectResult.Failed(unknown.Reason)
                : result is EffectResult.Failed failed && asked.IsCancellationRequested && !context.CancelRequested.IsCancellationRequested ? new EffectResult.Failed($"It did not end within {limit}. {failed.Reason}")
                : result;
        }
        catch (Exception e) when (!Abandoned(e, context))
        {
            var late = stopWaiting.IsCancellationRequested;
            var reason = late ? $"It did not end within {(limit is null ? "" : $"{limit} and ")}{options.CancelGrace} after it was asked to." : Text(e, context);
            if (!late)
            {
                Threw(e, context, activity, "it");
            }

            return activity is MutatingActivity ? new EffectResult.Unknown(reason) : new EffectResult.Failed(reason);
        }
        finally
        {
            if (watch is not null)
            {
                EndWatch(ended);
                await watch;
            }
        }
    }

    /// <summary>Right here, and not by a turn of the scheduler, which would cost each step a change of threads: only our own watch hears of it.</summary>
    private static void EndWatch(CancellationTokenSource ended) => ended.Cancel();

    /// <summary>Asks the effect to end when its time is over, and stops waiting when it then does not.</summary>
    private async Task WatchAsync(TimeSpan? limit, CancellationTokenSource asked, CancellationTokenSource stopWaiting, CancellationToken ended)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(asked.Token, ended);
        await Task.Delay(limit ?? Timeout.InfiniteTimeSpan, clock, either.Token).ContinueWith(static t => _ = t.Exception, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Current);
        if (ended.IsCancellationRequested)
        {
            return;
        }

        await asked.CancelHereAsync();
        await Task.Delay(options.CancelGrace, clock, ended).ContinueWith(static t => _ = t.Exception, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Current);
        if (!ended.IsCancellationRequested)
        {
            await stopWaiting.CancelHereAsync();
        }
    }

    private async Task<bool> WasCancelledWithinAsync(TimeSpan pause, EffectContext context)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(context.CancelRequested, context.CancellationToken);
        try
        {
            await Task.Delay(pause, clock, either.Token);
            return false;
        }
        catch (OperationCanceledException) when (!context.CancellationToken.IsCancellationRequested)
        {
            return true;
        }
    }

    private async Task<Reconciliation> LookAsync(MutatingActivity activity, EffectContext context)
    {
        if (Forbidden(activity, context) is { } forbidden)
        {
            return new Reconciliation.Unknown(forbidden);
        }

        try
        {
            return context.Mask.Mask(await interceptor.ReconcileAsync(new EffectCall(EffectOperation.Reconcile, activity, context), () => activity.ReconcileAsync(context)));
        }
        catch (Exception e) when (!Abandoned(e, context))
        {
            Threw(e, context, activity, "looking for its outcome");
            return new Reconciliation.Unknown(Text(e, context));
        }
    }

    /// <summary>The last of several locks: whatever brought it here, a change is not executed in a dry run. Null: it may be.</summary>
    private static string? Forbidden(EffectActivity activity, EffectContext context) => context.IsDryRun && activity is MutatingActivity
        ? $"Run {context.RunId} is a dry run, and '{activity.Id}' would change the world. This is a fault of the engine; nothing was done."
        : null;

    /// <summary>Why a secret of the activity can't be had; null when all can.</summary>
    private static string? MissingSecret(EffectActivity activity, EffectContext context) =>
        activity.Inputs.Select(i => i.Expression).OfType<Expression.Secret>().Select(s => context.SecretOf(s.Name)).OfType<SecretAnswer.Missing>().FirstOrDefault()?.Why;

    private static string Text(Exception e, EffectContext context) =>
        e is SecretMissingException ? e.Message : context.Mask.Mask($"{e.GetType().Name}: {e.Message}");

    /// <summary>The log gets the text of the exception and not the object, whose words nobody could mask any more.</summary>
    private void Threw(Exception e, EffectContext context, Activity activity, string what) =>
        logger.LogError("Run {Run}, {Activity}: {What} threw: {Exception}", context.RunId, activity.Id, what, context.Mask.Mask(e.ToString()));

    /// <summary>The worker stops or has lost the run: nothing may be concluded, and nothing is written.</summary>
    private static bool Abandoned(Exception e, EffectContext context) =>
        e is LeaseLostException || context.CancellationToken.IsCancellationRequested;

    private TimeSpan Longer(TimeSpan pause) => pause * 2 < options.MaxPause ? pause * 2 : options.MaxPause;
}
