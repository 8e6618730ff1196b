using System.Text.Json.Nodes;
using Runbooks.Workflows.Activities;
using Runbooks.Workflows.Expressions;
using Runbooks.Workflows.Journal;
using Runbooks.Workflows.Runs;

namespace Runbooks.Workflows.Execution;

/// <summary>Effects are asked for here and come back here; between the two they are the burst's.</summary>
internal sealed partial class Interpreter
{
    private readonly List<ActivityExecution> effectsToStart = [];
    private readonly List<ActivityExecution> effectsToReconcile = [];
    private readonly List<ActivityExecution> effectsToCancel = [];

    /// <summary>Nothing that touches the world is started: the run is paused, or the worker is about to stop.</summary>
    public bool Held => WorkerStops || memory.Run.PausedBy is not null;

    /// <summary>Set when the worker drains: what is in flight ends, and the rest is left to the next owner.</summary>
    public bool WorkerStops { get; set; }

    public bool HasUnknownEffects => memory.Running.Any(e => e.Effect == EffectState.Unknown);

    /// <summary>Called by an effect's activity when it is executed, and again for what was held.</summary>
    public void RequestEffect(ActivityExecution execution)
    {
        memory.Touch(execution);
        itemsSinceEffect = 0;
        effectsToStart.Add(execution);
    }

    /// <summary>What an earlier owner requested and did not start, because the run was paused or its worker stopped. For the begin of a burst.</summary>
    public void RequestHeldEffects() =>
        effectsToStart.AddRange(memory.Running.Where(e => e is { Effect: EffectState.None, Attempt: 0, CancelRequested: false } && ActivityOf(e) is EffectActivity && !memory.BookmarksOf(e).Any()));

    /// <summary>Effects whose intent is in memory now and must be committed before they start.</summary>
    public IReadOnlyList<ActivityExecution> TakeEffectsToStart()
    {
        if (Held)
        {
            return [];
        }

        foreach (var execution in effectsToStart)
        {
            var mutates = ActivityOf(execution) is MutatingActivity;
            if (mutates && memory.IsDryRun)
            {
                throw new InvalidOperationException($"Run {memory.Run.Id} is a dry run, and step {execution.Number} would change the world. This is a fault of the engine; nothing was done.");
            }

            execution.Attempt = 1;
            execution.Effect = mutates ? EffectState.Intended : EffectState.None;
            execution.Worker = memory.Claim.Worker;
            memory.Touch(execution);
            if (mutates && !execution.State.Remove(PostponedMark))
            {
                memory.Write(JournalEvents.Intent, execution, null, new JsonObject { ["inputs"] = execution.Inputs.DeepClone() });
            }
        }

        return Take(effectsToStart);
    }

    /// <summary>Effects that a person asked to look at again.</summary>
    public IReadOnlyList<ActivityExecution> TakeEffectsToReconcile() => Take(effectsToReconcile);

    /// <summary>Effects in flight that are asked to end.</summary>
    public IReadOnlyList<ActivityExecution> TakeEffectsToCancel() => Take(effectsToCancel);

    /// <summary>The outcome of an effect comes in.</summary>
    public void Apply(ActivityExecution execution, EffectResult result)
    {
        if (execution.Status != ActivityStatus.Running)
        {
            // A look whose step was cancelled meanwhile; nothing waits for what it saw.
            return;
        }

        itemsSinceEffect = 0;
        if (result is EffectResult.Postponed again && quiet is not null)
        {
            Postpone(execution, again);
            return;
        }

        EndQuietTry();
        memory.Touch(execution);
        execution.Error = null;
        switch (result)
        {
            case EffectResult.Done done:
                ApplyDone(execution, done);
                break;
            case EffectResult.Failed failed:
                execution.Effect = execution.Effect == EffectState.None ? EffectState.None : EffectState.Failed;
                if (execution.CancelRequested)
                {
                    EndCancelled(execution, failed.Reason);
                }
                else
                {
                    Fault(execution, failed.Reason, RunStatus.Compensated);
                }

                break;
            case EffectResult.Unknown unknown:
                execution.Effect = EffectState.Unknown;
                execution.Error = unknown.Reason;
                memory.Write(JournalEvents.Reconciled, execution, $"Unknown: {unknown.Reason}");
                break;
            case EffectResult.Postponed postponed when execution.CancelRequested:
                execution.Effect = EffectState.None;
                EndCancelled(execution, postponed.Reason);
                break;
            case EffectResult.Postponed postponed:
                Postpone(execution, postponed);
                break;
        }
    }

    private void ApplyDone(ActivityExecution execution, EffectResult.Done done)
    {
        var activity = (EffectActivity)ActivityOf(execution);
        if (activity.Kind is EffectKind.Changes or EffectKind.Irreversible && !execution.WasLeftOut)
        {
            execution.Effect = EffectState.Done;
        }

        try
        {
            foreach (var output in activity.Outputs)
            {
                if (done.Outputs?.TryGetPropertyValue(output.Name, out var value) == true)
                {
                    SetOutput(execution, output, value?.DeepClone());
                }
            }
        }
        catch (ExpressionException e)
        {
            // The effect has happened and is recorded as such; only its output could not be handed on.
            execution.CancelRequested = true;
            Complete(execution, [done.Outcome]);
            FaultAround(execution, e.Message, RunStatus.Faulted);
            return;
        }

        Complete(execution, [done.Outcome]);
    }

    private static List<ActivityExecution> Take(List<ActivityExecution> list)
    {
        var taken = list.ToList();
        list.Clear();
        return taken;
    }
}
