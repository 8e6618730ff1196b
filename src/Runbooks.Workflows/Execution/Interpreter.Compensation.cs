using Runbooks.Workflows.Activities;
using Runbooks.Workflows.Journal;
using Runbooks.Workflows.Runs;

namespace Runbooks.Workflows.Execution;

/// <summary>Failure, cancellation and the way back.</summary>
internal sealed partial class Interpreter
{
    private const string WhileUndoing = " While undoing: ";

    /// <summary>Bookmarks whose child run has still to end before anything may be undone.</summary>
    public bool WaitsForChildren => memory.Bookmarks.Any(b => ChildOf(b) is not null);

    public bool HasUnknownEffects => memory.Executions.Any(e => e is { Status: ActivityStatus.Running, Effect: EffectState.Unknown });

    public void Fault(ActivityExecution execution, string message, RunStatus leadsTo)
    {
        execution.Status = ActivityStatus.Faulted;
        execution.Error = message;
        execution.CompletedAt = memory.Now;
        memory.Touch(execution);
        memory.Write(JournalEvents.Faulted, execution, message);
        BeginCompensation($"{ActivityOf(execution).DisplayText}: {message}", leadsTo);
    }

    /// <summary>
    /// Turns the run round. Waits end; steps that only steer are cancelled; effects in flight are left to settle and child
    /// runs are asked to cancel, because only what has settled can be undone.
    /// </summary>
    public void BeginCompensation(string reason, RunStatus leadsTo)
    {
        if (memory.Run.Status == RunStatus.Compensating)
        {
            return;
        }

        items.Clear();
        memory.Run.CompensatesTo = leadsTo;
        memory.SetStatus(RunStatus.Compensating, reason);
        foreach (var bookmark in memory.Bookmarks.ToArray())
        {
            if (ChildOf(bookmark) is { } child)
            {
                memory.Send(new Stimulus($"cancel:{bookmark.Id}", child, StimulusKind.Cancel, null, null, $"run:{memory.Run.Id}", $"The run that waits for this one is being compensated: {reason}"));
            }
            else
            {
                memory.Remove(bookmark);
            }
        }

        foreach (var execution in memory.Executions.Where(e => e.Status == ActivityStatus.Running).ToArray())
        {
            var settles = execution.Effect is EffectState.Intended or EffectState.Unknown || memory.Bookmarks.Any(b => b.ExecutionNumber == execution.Number);
            if (!settles)
            {
                Cancel(execution);
            }
        }
    }

    /// <summary>Takes back effects that were requested in the same breath in which the run failed: they were never started.</summary>
    public void Withdraw(IReadOnlyList<ActivityExecution> requested)
    {
        foreach (var execution in requested)
        {
            execution.Effect = EffectState.None;
            if (execution.Status == ActivityStatus.Running)
            {
                Cancel(execution);
            }
        }
    }

    /// <summary>
    /// The next step to be undone: the one that completed last and is not undone yet. Its intent is recorded here. Steps
    /// without an undo are noted on the way with their reason.
    /// </summary>
    public ActivityExecution? NextUndo()
    {
        foreach (var execution in memory.Executions.Where(e => e.CompletionOrder is not null).OrderByDescending(e => e.CompletionOrder).ToArray())
        {
            switch (execution.Undo)
            {
                case UndoState.Irreversible when execution.UndoNote is null:
                    execution.UndoNote = ((IrreversibleActivity)ActivityOf(execution)).NoUndoReason;
                    memory.Touch(execution);
                    memory.Write(JournalEvents.NotUndone, execution, execution.UndoNote);
                    break;
                case UndoState.Available:
                    execution.Undo = UndoState.Intended;
                    memory.Touch(execution);
                    memory.Write(JournalEvents.UndoIntent, execution);
                    return execution;
                case UndoState.Intended:
                    return execution;
            }
        }

        return null;
    }

    public void Apply(ActivityExecution execution, UndoResult result)
    {
        (execution.Undo, execution.UndoNote, var journaled) = result switch
        {
            UndoResult.Undone undone => (UndoState.Undone, undone.Note, JournalEvents.Undone),
            UndoResult.Failed failed => (UndoState.Failed, failed.Reason, JournalEvents.UndoFailed),
            _ => throw new InvalidOperationException($"Unexpected undo result {result}."),
        };
        memory.Touch(execution);
        memory.Write(journaled, execution, execution.UndoNote);
    }

    /// <summary>Everything that could be undone is: the run has its end state, or needs a person.</summary>
    public void EndCompensation()
    {
        var open = memory.Executions
            .Where(e => e.Undo == UndoState.Failed || e is { Status: ActivityStatus.Running, Effect: EffectState.Unknown })
            .Select(e => $"{ActivityOf(e).DisplayText}: {e.UndoNote ?? e.Error}")
            .ToArray();
        if (open.Length > 0)
        {
            var cause = memory.Run.Reason?.Split(WhileUndoing)[0];
            memory.SetStatus(RunStatus.NeedsAttention, cause + WhileUndoing + string.Join(" ", open));
            return;
        }

        memory.SetStatus(memory.Run.CompensatesTo ?? RunStatus.Compensated, memory.Run.Reason?.Split(WhileUndoing)[0]);
    }

    /// <summary>A person asks to try again what made the run need attention.</summary>
    public void Retry()
    {
        var back = memory.Run.CompensatesTo is not null;
        memory.SetStatus(back ? RunStatus.Compensating : RunStatus.Executing, back ? memory.Run.Reason : null);
        foreach (var execution in memory.Executions.Where(e => e.Undo == UndoState.Failed))
        {
            execution.Undo = UndoState.Available;
            memory.Touch(execution);
        }

        foreach (var execution in memory.Executions.Where(e => e is { Status: ActivityStatus.Running, Effect: EffectState.Unknown }))
        {
            execution.Effect = EffectState.Intended;
            memory.Touch(execution);
        }
    }

    public static RunId? ChildOf(Bookmark bookmark) =>
        RunId.TryParse(bookmark.Payload?["childRunId"]?.GetValue<string>(), out var child) ? child : null;
}
