using Runbooks.Workflows.Activities;
using Runbooks.Workflows.Compensation;
using Runbooks.Workflows.Journal;
using Runbooks.Workflows.Runs;

namespace Runbooks.Workflows.Execution;

/// <summary>
/// One stay of a run in a worker: from the wake-up until nothing is left to do. The order of things in it is what the
/// guarantees of <see cref="RunExecutor"/> rest on: control flow, commit, start what was committed, wait, take in outcomes.
/// </summary>
/// <param name="engine">What all runs of the worker share.</param>
/// <param name="memory">The run.</param>
/// <param name="wish">What the worker does when it has let go of this run: it claims the next one; null: it does not.</param>
/// <param name="abandon">Cancelled when the run is let go of as it is.</param>
/// <param name="draining">The worker stops soon.</param>
internal sealed class Burst(EngineServices engine, RunMemory memory, ClaimWish? wish, CancellationTokenSource abandon, CancellationToken draining) : IDisposable
{
    private readonly CancellationToken abandoned = abandon.Token;
    private readonly Interpreter interpreter = new(memory, engine.Runs, engine.Logger);
    private readonly EffectRunner effects = new(engine.Options, engine.Clock, engine.Logger, engine.Interceptor);
    private readonly Dictionary<Task, Func<Task>> inFlight = [];
    private readonly Dictionary<long, CancellationTokenSource> cancels = [];
    private bool isAlone;

    public void Dispose()
    {
        foreach (var cancel in cancels.Values)
        {
            cancel.Dispose();
        }
    }

    /// <summary>The run that was claimed when this one was let go of.</summary>
    public RunClaim? Next { get; private set; }

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
            await abandon.CancelHereAsync();
            await Task.WhenAll(inFlight.Keys).ContinueWith(static t => _ = t.Exception, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Current);
        }
    }

    private async Task BeginAsync(RunSnapshot snapshot)
    {
        if (NeedsHistory(snapshot))
        {
            await LoadHistoryAsync();
        }

        if (!draining.IsCancellationRequested && interpreter.BeginQuietTry(snapshot) is { } again)
        {
            Launch(again, reconcile: interpreter.ActivityOf(again) is MutatingActivity);
            return;
        }

        if (memory.Run.Status == RunStatus.Pending || (memory.Root is null && !memory.Run.Status.IsEnd()))
        {
            interpreter.Start();
        }
        else
        {
            interpreter.NoteClaim();
            interpreter.WakeUpWhenParked();
            interpreter.RequestHeldEffects();
            interpreter.RelaunchUndos();
        }

        foreach (var stimulus in snapshot.Stimuli)
        {
            interpreter.Apply(stimulus);
        }

        if (memory.Run.PausedBy is null)
        {
            foreach (var bookmark in memory.Bookmarks.Where(b => b.DueAt <= snapshot.Now).ToArray())
            {
                interpreter.Resume(bookmark, null);
            }
        }

        // After the stimuli: what turns out not to have happened must not be started any more when the run was cancelled.
        _ = interpreter.TakeEffectsToReconcile();
        foreach (var execution in memory.Running.Where(e => interpreter.ActivityOf(e) is EffectActivity))
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

    /// <summary>Going forward needs only what is loaded with the claim; going back, and what people ask for, may reach any step.</summary>
    private bool NeedsHistory(RunSnapshot snapshot) =>
        memory.Run.Status is not (RunStatus.Pending or RunStatus.Executing or RunStatus.Suspended)
        || memory.Run.Passes.Count + memory.Run.Incidents.Count > 0
        || snapshot.Stimuli.Any(ReachesBack)
        || memory.Definition.ByNodeId.Values.Any(a => a is CompensableActivity or CompensationActivity);

    private static bool ReachesBack(Stimulus stimulus) => stimulus.Kind is not (StimulusKind.Resume or StimulusKind.Pause or StimulusKind.Continue);

    private async Task LoadHistoryAsync()
    {
        if (!memory.IsWhole)
        {
            memory.AddHistory(await engine.Patience.AskAsync(c => engine.Store.HistoryAsync(memory.Claim, c), abandoned));
        }
    }

    /// <summary>Runs control flow, commits, starts what was committed. False when the burst has ended.</summary>
    private async Task<bool> StepAsync()
    {
        interpreter.WorkerStops = draining.IsCancellationRequested;
        do
        {
            await interpreter.DrainAsync();
            if (memory.Run.Passes.Count > 0 && !memory.IsWhole)
            {
                await LoadHistoryAsync();
                await interpreter.DrainAsync();
            }
        }
        while (interpreter.LeaveOutChanges());

        var starting = interpreter.TakeEffectsToStart();
        var reconciling = interpreter.TakeEffectsToReconcile();
        var undoing = interpreter.TakeUndosToStart();
        if (starting.Count + reconciling.Count + undoing.Count + inFlight.Count == 0 && interpreter.IsStranded)
        {
            interpreter.BeginCompensation("The run has nothing left to do and did not reach its end: no activity runs, and none waits.", RunStatus.Faulted);
            return await StepAsync();
        }

        foreach (var execution in interpreter.TakeEffectsToCancel())
        {
            await CancelOf(execution).CancelHereAsync();
        }

        var idle = starting.Count + reconciling.Count + undoing.Count + inFlight.Count == 0;
        if (idle)
        {
            interpreter.Settle();
        }

        await CommitAsync(idle);
        isAlone = starting.Count + reconciling.Count + undoing.Count == 1;
        foreach (var execution in starting)
        {
            Launch(execution, reconcile: false);
        }

        foreach (var execution in reconciling)
        {
            Launch(execution, reconcile: true);
        }

        foreach (var execution in undoing)
        {
            LaunchUndo(execution);
        }

        return !idle;
    }

    private async Task CommitAsync(bool release)
    {
        if (!memory.HasChanges && !release)
        {
            return;
        }

        var commit = memory.TakeCommit(release);
        await engine.Probe.ReachedAsync(JournalPoint.BeforeCommit, memory.Run.Id, null);
        await CommitPatientlyAsync(commit);
        if (commit.NewRuns.Count + commit.Stimuli.Count > 0 || (release && Next is null))
        {
            engine.Signal.Raise();
        }

        await engine.Probe.ReachedAsync(JournalPoint.AfterCommit, memory.Run.Id, commit.Executions.Count > 0 ? commit.Executions[^1].NodeId : null);
    }

    private void Launch(ActivityExecution execution, bool reconcile)
    {
        var activity = (EffectActivity)interpreter.ActivityOf(execution);
        var context = ContextOf(execution);
        if (execution.CancelRequested)
        {
            CancelOf(execution).Cancel();
        }

        var task = OnScheduler(() => reconcile
            ? effects.TakeOverAsync((MutatingActivity)activity, execution, context)
            : effects.StartAsync(activity, execution, context));
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
        var task = OnScheduler(() => effects.UndoAsync(activity, ContextOf(execution)));
        inFlight.Add(task, async () =>
        {
            var result = await task;
            await engine.Probe.ReachedAsync(JournalPoint.UndoEnded, memory.Run.Id, execution.NodeId);
            interpreter.Apply(execution, result);
        });
    }

    /// <summary>
    /// Starts work on the scheduler that this burst runs on: the thread pool, or the one thread of a simulation. What begins
    /// while nothing else is at work begins right here: nobody waits for this thread, and a change of threads costs more than
    /// all else that the engine does for a step.
    /// </summary>
    private Task<T> OnScheduler<T>(Func<Task<T>> work) => isAlone && inFlight.Count == 0
        ? work()
        : Task.Factory.StartNew(work, abandoned, TaskCreationOptions.DenyChildAttach, TaskScheduler.Current).Unwrap();

    /// <summary>Waits for an effect to end or for a stimulus, and takes in whatever has come.</summary>
    private async Task WaitAsync()
    {
        if (!inFlight.Keys.Any(t => t.IsCompleted))
        {
            using var stopPolling = CancellationTokenSource.CreateLinkedTokenSource(abandoned, draining.IsCancellationRequested ? CancellationToken.None : draining);
            var tick = Task.Delay(engine.Options.Poll, engine.Clock, stopPolling.Token);
            _ = await Task.WhenAny([.. inFlight.Keys, tick]);
            await stopPolling.CancelHereAsync();
        }

        abandoned.ThrowIfCancellationRequested();
        foreach (var (task, apply) in inFlight.Where(f => f.Key.IsCompleted).ToArray())
        {
            _ = inFlight.Remove(task);
            await apply();
        }

        foreach (var stimulus in await InboxAsync())
        {
            if (ReachesBack(stimulus))
            {
                await LoadHistoryAsync();
            }

            interpreter.Apply(stimulus);
        }
    }

    /// <summary>What the inbox holds; nothing while the store is away: an effect in flight does not end for that.</summary>
    private async Task<IReadOnlyList<Stimulus>> InboxAsync()
    {
        try
        {
            return await engine.Store.InboxAsync(memory.Claim, abandoned);
        }
        catch (Exception e) when (engine.Patience.Notes(e))
        {
            return [];
        }
    }

    /// <summary>
    /// Writes the commit, also when the store is away for a while: what it says has happened, and is kept in memory until it
    /// is written or somebody else has the run. A lost answer is settled by the journal's next number: this claim alone moves
    /// it, so that a commit is never written twice.
    /// </summary>
    private async Task CommitPatientlyAsync(RunCommit commit)
    {
        try
        {
            if (commit.ReleaseLease && wish is not null && !draining.IsCancellationRequested)
            {
                Next = await engine.Store.CommitAndClaimAsync(commit, wish, abandoned);
            }
            else
            {
                await engine.Store.CommitAsync(commit, abandoned);
            }

            return;
        }
        catch (Exception e) when (engine.Patience.Notes(e) && !abandoned.IsCancellationRequested)
        {
            // Whether it was written is found out below.
        }

        _ = await engine.Patience.AskAsync(
            async cancellationToken =>
            {
                var stored = await engine.Store.LoadAsync(memory.Claim, cancellationToken);
                if (commit.Journal.Count == 0 || stored.Run.NextJournalSequence != commit.Run.NextJournalSequence)
                {
                    await engine.Store.CommitAsync(commit, cancellationToken);
                }

                return true;
            },
            abandoned);
    }

    private EffectContext ContextOf(ActivityExecution execution) => new(
        memory.Claim,
        execution,
        engine.Services,
        engine.Clock,
        progress => ReportProgressAsync(execution, progress),
        EnsureOwnedAsync,
        CancelOf(execution).Token,
        abandoned,
        isDryRun: memory.IsDryRun);

    private CancellationTokenSource CancelOf(ActivityExecution execution)
    {
        if (!cancels.TryGetValue(execution.Number, out var cancel))
        {
            cancels.Add(execution.Number, cancel = new CancellationTokenSource());
        }

        return cancel;
    }

    private async Task ReportProgressAsync(ActivityExecution execution, System.Text.Json.Nodes.JsonObject progress)
    {
        try
        {
            await engine.Store.ReportProgressAsync(memory.Claim, execution.Number, progress, abandoned);
        }
        catch (Exception e) when (engine.Patience.Notes(e))
        {
            // Progress may be lost; the effect must not end for it.
        }
    }

    /// <summary>While nobody can tell whose the run is, the effect waits.</summary>
    private async Task EnsureOwnedAsync(CancellationToken cancellationToken)
    {
        if (!await engine.Patience.AskAsync(c => engine.Store.IsCurrentAsync(memory.Claim, c), cancellationToken))
        {
            throw new LeaseLostException(memory.Claim);
        }
    }
}
