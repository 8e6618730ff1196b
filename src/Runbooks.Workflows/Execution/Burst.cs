using Runbooks.Workflows.Activities;
using Runbooks.Workflows.Journal;
using Runbooks.Workflows.Runs;

namespace Runbooks.Workflows.Execution;

/// <summary>
/// One stay of a run in a worker: from the wake-up until nothing is left to do. The order of things in it is what the
/// guarantees of <see cref="RunExecutor"/> rest on: control flow, commit, start what was committed, wait, take in outcomes.
/// </summary>
internal sealed class Burst(EngineServices engine, RunMemory memory, CancellationTokenSource abandon) : IDisposable
{
    private readonly CancellationToken abandoned = abandon.Token;
    private readonly Interpreter interpreter = new(memory, engine.Runs, engine.Logger);
    private readonly EffectRunner effects = new(engine.Options, engine.Clock, engine.Logger);
    private readonly Dictionary<Task, Func<Task>> inFlight = [];
    private readonly CancellationTokenSource cancelRequested = new();

    /// <summary>Nothing goes on and nothing is waited for: a definition, or the engine, has lost its way.</summary>
    private bool IsStranded =>
        memory.Run.Status == RunStatus.Executing && inFlight.Count == 0 && memory.Bookmarks.Count == 0 && !interpreter.Finished && !interpreter.HasUnknownEffects;

    public void Dispose() => cancelRequested.Dispose();

    public async Task RunAsync(RunSnapshot snapshot)
    {
        try
        {
            await BeginAsync(snapshot);
            while (await StepAsync())
            {
                await WaitAsync();
            }
        }
        finally
        {
            // Crashed, stopped or lost: effects stop waiting and are let go; nobody here concludes anything from them.
            await abandon.CancelAsync();
            await Task.WhenAll(inFlight.Keys).ContinueWith(static t => _ = t.Exception, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        }
    }

    private async Task BeginAsync(RunSnapshot snapshot)
    {
        if (memory.Run.Status == RunStatus.Pending)
        {
            interpreter.Start();
        }
        else
        {
            memory.Write(JournalEvents.RunClaimed, null, $"By worker {memory.Claim.Worker}, generation {memory.Claim.Generation}.");
        }

        foreach (var stimulus in snapshot.Stimuli)
        {
            Apply(stimulus);
        }

        foreach (var bookmark in memory.Bookmarks.Where(b => b.DueAt <= snapshot.Now).ToArray())
        {
            interpreter.Resume(bookmark, null);
        }

        if (memory.Run.Status == RunStatus.Compensating)
        {
            // Before anything is launched: what turns out not to have happened must not be started any more.
            await cancelRequested.CancelAsync();
        }

        foreach (var execution in memory.Executions.Where(e => e.Status == ActivityStatus.Running && interpreter.ActivityOf(e) is EffectActivity).ToArray())
        {
            if (execution.Effect == EffectState.Intended)
            {
                Launch(execution, reconcile: true);
            }
            else if (execution.Effect == EffectState.None && execution.Attempt > 0)
            {
                Launch(execution, reconcile: false);
            }
        }
    }

    /// <summary>Runs control flow, commits, starts what was committed. False when the burst has ended.</summary>
    private async Task<bool> StepAsync()
    {
        await interpreter.DrainAsync();
        var starting = interpreter.TakeEffectsToStart();
        if (starting.Count == 0 && IsStranded)
        {
            interpreter.BeginCompensation("The run has nothing left to do and did not reach its end: no activity runs, and none waits.", RunStatus.Faulted);
        }

        if (memory.Run.Status == RunStatus.Compensating)
        {
            await cancelRequested.CancelAsync();
            interpreter.Withdraw(starting);
            starting = [];
        }

        var undo = default(ActivityExecution);
        if (memory.Run.Status == RunStatus.Compensating && inFlight.Count == 0 && !interpreter.WaitsForChildren)
        {
            undo = interpreter.NextUndo();
            if (undo is null)
            {
                interpreter.EndCompensation();
            }
        }

        var idle = inFlight.Count == 0 && starting.Count == 0 && undo is null && !(memory.Run.Status == RunStatus.Compensating && interpreter.WaitsForChildren);
        if (idle)
        {
            Settle();
        }

        await CommitAsync(idle);
        if (idle)
        {
            return false;
        }

        foreach (var execution in starting)
        {
            Launch(execution, reconcile: false);
        }

        if (undo is not null)
        {
            LaunchUndo(undo);
        }

        return true;
    }

    /// <summary>Nothing is in flight: the run has ended, waits for something that has a name, or needs a person.</summary>
    private void Settle()
    {
        if (memory.Run.Status != RunStatus.Executing)
        {
            return;
        }

        if (interpreter.Finished)
        {
            memory.SetStatus(RunStatus.Finished, null);
        }
        else if (interpreter.HasUnknownEffects)
        {
            var unknown = memory.Executions.First(e => e is { Status: ActivityStatus.Running, Effect: EffectState.Unknown });
            memory.SetStatus(RunStatus.NeedsAttention, $"{interpreter.ActivityOf(unknown).DisplayText}: {unknown.Error}");
        }
        else if (memory.Bookmarks.Count > 0)
        {
            memory.SetStatus(RunStatus.Suspended, Waiting());
        }
    }

    private string Waiting()
    {
        var bookmark = memory.Bookmarks.OrderBy(b => b.DueAt ?? DateTimeOffset.MaxValue).First();
        return Interpreter.ChildOf(bookmark) is { } child ? $"Waits for run {child} ({bookmark.Payload?["runbook"]})."
            : bookmark.DueAt is { } due ? $"Waits until {due:O}."
            : $"Waits for {bookmark.Name}.";
    }

    private async Task CommitAsync(bool release)
    {
        if (!memory.HasChanges && !release)
        {
            return;
        }

        var commit = memory.TakeCommit(release);
        await engine.Probe.ReachedAsync(JournalPoint.BeforeCommit, memory.Run.Id, null);
        await engine.Store.CommitAsync(commit, abandoned);
        if (commit.NewRuns.Count + commit.Stimuli.Count > 0 || release)
        {
            engine.Signal.Raise();
        }

        await engine.Probe.ReachedAsync(JournalPoint.AfterCommit, memory.Run.Id, commit.Executions.Count > 0 ? commit.Executions[^1].NodeId : null);
    }

    private void Launch(ActivityExecution execution, bool reconcile)
    {
        var activity = (EffectActivity)interpreter.ActivityOf(execution);
        var context = ContextOf(execution);
        var task = Task.Run(() => reconcile
            ? effects.ReconcileAsync((MutatingActivity)activity, execution, context, "The worker that started it stopped before the outcome was known.")
            : effects.StartAsync(activity, execution, context), abandoned);
        inFlight.Add(task, async () =>
        {
            var result = await task;
            await engine.Probe.ReachedAsync(JournalPoint.EffectEnded, memory.Run.Id, execution.NodeId);
            interpreter.Apply(execution, result);
        });
    }

    private void LaunchUndo(ActivityExecution execution)
    {
        var activity = (ChangeActivity)interpreter.ActivityOf(execution);
        var task = Task.Run(() => effects.UndoAsync(activity, ContextOf(execution)), abandoned);
        inFlight.Add(task, async () =>
        {
            var result = await task;
            await engine.Probe.ReachedAsync(JournalPoint.UndoEnded, memory.Run.Id, execution.NodeId);
            interpreter.Apply(execution, result);
        });
    }

    /// <summary>Waits for an effect to end or for a stimulus, and takes in whatever has come.</summary>
    private async Task WaitAsync()
    {
        using var stopPolling = CancellationTokenSource.CreateLinkedTokenSource(abandoned);
        var tick = Task.Delay(engine.Options.Poll, engine.Clock, stopPolling.Token);
        _ = await Task.WhenAny([.. inFlight.Keys, tick]);
        await stopPolling.CancelAsync();
        abandoned.ThrowIfCancellationRequested();
        foreach (var (task, apply) in inFlight.Where(f => f.Key.IsCompleted).ToArray())
        {
            _ = inFlight.Remove(task);
            await apply();
        }

        foreach (var stimulus in await engine.Store.InboxAsync(memory.Claim, abandoned))
        {
            Apply(stimulus);
        }
    }

    private void Apply(Stimulus stimulus)
    {
        memory.Applied(stimulus.Id);
        switch (stimulus.Kind)
        {
            case StimulusKind.Resume when stimulus.BookmarkId is { } id && memory.FindBookmark(id) is { } bookmark:
                interpreter.Resume(bookmark, stimulus.Input);
                break;
            case StimulusKind.Cancel when !memory.Run.Status.IsEnd():
                memory.Write(JournalEvents.Stimulus, null, $"Cancel, asked by {stimulus.Actor}. {stimulus.Reason}".TrimEnd());
                Reconsider();
                interpreter.BeginCompensation($"Cancelled by {stimulus.Actor}. {stimulus.Reason}".TrimEnd(), RunStatus.Cancelled);
                break;
            case StimulusKind.Retry when memory.Run.Status == RunStatus.NeedsAttention:
                memory.Write(JournalEvents.Stimulus, null, $"Retry, asked by {stimulus.Actor}. {stimulus.Reason}".TrimEnd());
                Reconsider();
                break;
        }
    }

    /// <summary>What needed a person is looked at again.</summary>
    private void Reconsider()
    {
        if (memory.Run.Status == RunStatus.NeedsAttention)
        {
            interpreter.Retry();
        }
    }

    private EffectContext ContextOf(ActivityExecution execution) => new(
        memory.Claim,
        execution,
        engine.Services,
        engine.Clock,
        progress => engine.Store.ReportProgressAsync(memory.Claim, execution.Number, progress, abandoned),
        EnsureOwnedAsync,
        cancelRequested.Token,
        abandoned);

    private async Task EnsureOwnedAsync(CancellationToken cancellationToken)
    {
        if (!await engine.Store.IsCurrentAsync(memory.Claim, cancellationToken))
        {
            throw new LeaseLostException(memory.Claim);
        }
    }
}
