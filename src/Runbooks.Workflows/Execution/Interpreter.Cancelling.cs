using Runbooks.Workflows.Activities;
using Runbooks.Workflows.Compensation;
using Runbooks.Workflows.Definitions;
using Runbooks.Workflows.Journal;
using Runbooks.Workflows.Runs;

namespace Runbooks.Workflows.Execution;

/// <summary>
/// Faults and cancellation. What only steers is cancelled at once; an effect in flight and a child run are asked to end, and
/// their step settles: only what has settled can be undone.
/// </summary>
internal sealed partial class Interpreter
{
    /// <summary>The step has failed: the nearest thing around it that handles failures decides what follows.</summary>
    public void Fault(ActivityExecution execution, string message, RunStatus leadsTo)
    {
        CancelInside(execution);
        RemoveBookmarks(execution);
        execution.Error = message;
        memory.SetStatus(execution, ActivityStatus.Faulted);
        memory.Write(JournalEvents.Faulted, execution, message);
        FaultAround(execution, message, leadsTo);
    }

    /// <summary>Cancels a step and everything in it, for an activity that has no more use for a branch.</summary>
    public void CancelBranch(ActivityExecution execution)
    {
        Cancel(execution);
        foreach (var half in memory.LastCompletedFirst.Where(e => e is { Status: ActivityStatus.Canceled, Undo: UndoState.Available } && memory.IsWithin(e, execution.Number)).ToArray())
        {
            // Its body was interrupted, and the branch will not be continued: its cancellation handler runs now.
            if (memory.Run.Passes.TrueForAll(p => !memory.IsWithin(half, p.Scope)))
            {
                memory.Run.Passes.Add(new UndoPass(half.Number, IncludesScope: true, PassMode.Undo, null));
            }
        }
    }

    public bool IsInHandler(ActivityExecution execution) => memory.FromInside(execution).Any(e => e.Role != HandlerRole.None);

    private void FaultAround(ActivityExecution execution, string message, RunStatus leadsTo)
    {
        foreach (var around in memory.FromInside(execution))
        {
            if (around.Role != HandlerRole.None)
            {
                HandlerFaulted(around, execution, message);
                return;
            }

            if (around != execution && around.Status == ActivityStatus.Running && ActivityOf(around) is TransactionScope)
            {
                UndoScope(around, message, leadsTo);
                return;
            }
        }

        var reason = $"{ActivityOf(execution).DisplayText}: {message}";
        if (memory.Definition.Options.Incidents == IncidentStrategy.ContinueWithIncidents && !IsCompensating && execution.Status == ActivityStatus.Faulted)
        {
            memory.Run.Incidents.Add(execution.Number);
            memory.TouchHead();
        }
        else
        {
            BeginCompensation(reason, leadsTo);
        }
    }

    /// <summary>The failure stays inside: what the scope has done is undone, then the scope says how it goes on.</summary>
    private void UndoScope(ActivityExecution scope, string message, RunStatus leadsTo)
    {
        CancelInside(scope);
        scope.Error = message;
        scope.State["leadsTo"] = leadsTo.ToString();
        memory.Touch(scope);
        ForgetIncidents(scope);
        memory.Run.Passes.RemoveAll(p => p.Owner is { } owner && memory.Execution(owner).Status != ActivityStatus.Running);
        memory.Run.Passes.Add(new UndoPass(scope.Number, IncludesScope: false, PassMode.Undo, scope.Number));
        memory.TouchHead();
    }

    /// <summary>Steps inside a container that ends are not waited for; effects in flight settle.</summary>
    private void CancelInside(ActivityExecution parent)
    {
        foreach (var child in memory.RunningChildren(parent).Where(c => c.Role == HandlerRole.None).ToArray())
        {
            Cancel(child);
        }
    }

    private void Cancel(ActivityExecution execution)
    {
        if (execution.Status != ActivityStatus.Running)
        {
            return;
        }

        CancelInside(execution);
        ForgetIncidents(execution);
        var requested = effectsToStart.Remove(execution);
        if (!requested && execution.Effect is EffectState.Intended or EffectState.Unknown)
        {
            execution.CancelRequested = true;
            effectsToCancel.Add(execution);
            memory.Touch(execution);
            return;
        }

        if (execution.Attempt > 0)
        {
            effectsToCancel.Add(execution);
        }

        var waits = false;
        foreach (var bookmark in memory.BookmarksOf(execution).ToArray())
        {
            if (ChildOf(bookmark) is { } child)
            {
                waits = true;
                memory.Send(new Stimulus($"cancel:{bookmark.Id}", child, StimulusKind.Cancel, null, null, $"run:{memory.Run.Id}", $"The run that waits for this one goes on without it: {memory.Run.Reason}"));
            }
            else
            {
                memory.Remove(bookmark);
            }
        }

        if (waits)
        {
            execution.CancelRequested = true;
            memory.Touch(execution);
        }
        else
        {
            EndCancelled(execution);
        }
    }

    /// <summary>What has faulted inside a step that ends needs nobody any more.</summary>
    private void ForgetIncidents(ActivityExecution around)
    {
        if (memory.Run.Incidents.RemoveAll(n => memory.IsWithin(memory.Execution(n), around.Number)) > 0)
        {
            memory.TouchHead();
        }
    }

    private void EndCancelled(ActivityExecution execution, string? message = null)
    {
        execution.Error = message;
        memory.SetStatus(execution, ActivityStatus.Canceled);
        memory.Write(JournalEvents.Canceled, execution, message);
        if (!IsInHandler(execution) && (ActivityOf(execution) is CompensableActivity || execution.State.ContainsKey(UndoableChildren)))
        {
            memory.PutInOrder(execution);
            memory.SetUndo(execution, UndoState.Available, null);
        }
    }

    private void RemoveBookmarks(ActivityExecution execution)
    {
        foreach (var bookmark in memory.BookmarksOf(execution).ToArray())
        {
            memory.Remove(bookmark);
        }
    }
}
