using Runbooks.Workflows.Activities;
using Runbooks.Workflows.Compensation;
using Runbooks.Workflows.Journal;
using Runbooks.Workflows.Runs;

namespace Runbooks.Workflows.Execution;

/// <summary>The way back: which completed step is undone or confirmed next, and what follows when none is left.</summary>
internal sealed partial class Interpreter
{
    private const string WhileUndoing = " While undoing: ";

    private readonly List<ActivityExecution> undosToStart = [];

    /// <summary>Effects to be undone; their undo intent is in memory and must be committed before they start.</summary>
    public IReadOnlyList<ActivityExecution> TakeUndosToStart() => Take(undosToStart);

    /// <summary>Why the run goes back, without what happened on the way.</summary>
    private string? Cause => memory.Run.Reason?.Split(WhileUndoing)[0];

    /// <summary>Turns the run round: everything that runs is cancelled, and what has completed is undone, last first.</summary>
    public void BeginCompensation(string reason, RunStatus leadsTo)
    {
        if (IsCompensating)
        {
            return;
        }

        memory.Run.CompensatesTo = leadsTo;
        memory.SetStatus(RunStatus.Compensating, reason);
        foreach (var execution in memory.Running.Where(e => e.ParentNumber is null || memory.ParentOf(e)!.Status != ActivityStatus.Running))
        {
            if (!IsInHandler(execution))
            {
                Cancel(execution);
            }
        }

        // Handlers that are at work go on to their end, with what they have undone themselves; whatever waited for them does not.
        memory.Run.Incidents.RemoveAll(n => !IsInHandler(memory.Execution(n)));
        memory.Run.Passes.RemoveAll(p => p.Owner is not { } owner || !IsInHandler(memory.Execution(owner)));
        memory.Run.Passes.Add(new UndoPass(null, IncludesScope: true, PassMode.Undo, null));
        memory.TouchHead();
    }

    /// <summary>Undoes or confirms what lies in a step, for an activity that waits for the end of it.</summary>
    public void BeginPass(ActivityExecution scope, bool includesScope, PassMode mode, ActivityExecution owner)
    {
        memory.Run.Passes.Add(new UndoPass(scope.Number, includesScope, mode, owner.Number));
        memory.TouchHead();
    }

    /// <summary>What an undo that an earlier owner had begun needs after a crash.</summary>
    public void RelaunchUndos() => undosToStart.AddRange(memory.Undoable.Where(e => e.Undo == UndoState.Intended && ActivityOf(e) is ChangeActivity));

    public void Apply(ActivityExecution execution, UndoResult result)
    {
        itemsSinceEffect = 0;
        switch (result)
        {
            case UndoResult.Undone undone:
                SetUndo(execution, UndoState.Undone, undone.Note, JournalEvents.Undone);
                break;
            case UndoResult.Failed failed:
                SetUndo(execution, UndoState.Failed, failed.Reason, JournalEvents.UndoFailed);
                break;
        }
    }

    /// <summary>Steps that can't be undone, or whose outcome is unknown: a person must look at each.</summary>
    public IEnumerable<string> NeedsAttention() =>
        memory.Running.Where(e => e.Effect == EffectState.Unknown)
            .Concat(memory.Undoable.Where(e => e.Undo == UndoState.Failed))
            .Concat(memory.Run.Incidents.Select(memory.Execution).Where(e => !IsInHandler(e)))
            .Select(e => $"{ActivityOf(e).DisplayText}: {(e.Undo == UndoState.Failed ? e.UndoNote : e.Error)}");

    /// <summary>A completed step is kept for the way back, unless it belongs to the way back itself.</summary>
    private void KeepForUndo(ActivityExecution execution)
    {
        if (IsInHandler(execution))
        {
            return;
        }

        var undo = ActivityOf(execution) switch
        {
            ChangeActivity when execution.Effect == EffectState.Done => UndoState.Available,
            IrreversibleActivity when execution.Effect == EffectState.Done => UndoState.Irreversible,
            CompensableActivity => UndoState.Available,
            _ => execution.State.ContainsKey(UndoableChildren) ? UndoState.Available : UndoState.None,
        };
        memory.SetUndo(execution, undo, null);
    }

    /// <summary>Goes on with every pass that can go on. True when there is new work to drain.</summary>
    private bool AdvancePasses()
    {
        var advanced = false;
        foreach (var pass in memory.Run.Passes.ToArray())
        {
            if (Held || !memory.IsWhole || IsSettling(pass))
            {
                continue;
            }

            var (next, open) = Next(pass);
            if (next is not null)
            {
                Begin(pass, next);
                advanced = true;
            }
            else if (!open)
            {
                End(pass);
                advanced = true;
            }
        }

        return advanced;
    }

    /// <summary>Only what has settled can be undone. A step that nobody knows the outcome of doesn't keep the others from being undone.</summary>
    private bool IsSettling(UndoPass pass) =>
        memory.Running.Any(e => e.Number != pass.Scope && e.Effect != EffectState.Unknown && memory.IsWithin(e, pass.Scope) && !IsInHandler(e) && (pass.After is null || IsAfter(e, pass)));

    /// <summary>The next step of a pass; and whether something of it is still open when there is none.</summary>
    private (ActivityExecution? Next, bool Open) Next(UndoPass pass)
    {
        var open = pass.Mode == PassMode.Undo && memory.Running.Any(e => e.Effect == EffectState.Unknown && memory.IsWithin(e, pass.Scope));
        foreach (var step in memory.Undoable.Where(e => (pass.IncludesScope || e.Number != pass.Scope) && memory.IsWithin(e, pass.Scope) && (pass.After is null || IsAfter(e, pass)) && !IsCovered(e, pass)))
        {
            switch (step.Undo)
            {
                case UndoState.Intended:
                    return (null, true);
                case UndoState.Failed:
                    open = true;
                    break;
                case UndoState.Irreversible when pass.Mode == PassMode.Undo:
                    SetUndo(step, UndoState.Irreversible, ((IrreversibleActivity)ActivityOf(step)).NoUndoReason, JournalEvents.NotUndone);
                    break;
                case UndoState.Available when pass.Mode == PassMode.Confirm:
                    if (HandlerOf(step, pass.Mode) is not null)
                    {
                        return (step, true);
                    }

                    if (pass.Scope is not null)
                    {
                        SetUndo(step, UndoState.Confirmed, null, JournalEvents.Confirmed);
                    }

                    break;
                case UndoState.Available when ActivityOf(step) is CompensableActivity && HandlerOf(step, pass.Mode) is null:
                    // Nothing of its own to do: it is undone when everything inside it is.
                    if (!memory.Undoable.Any(e => e != step && e.Undo is UndoState.Available or UndoState.Intended or UndoState.Failed && memory.IsWithin(e, step.Number)))
                    {
                        SetUndo(step, UndoState.Undone, "Everything in it is undone.", JournalEvents.Undone);
                    }

                    break;
                case UndoState.Available:
                    return (step, true);
            }
        }

        return (null, open);
    }

    /// <summary>A handler around the step takes care of it: only that handler's <c>Compensate</c> touches what is inside.</summary>
    private bool IsCovered(ActivityExecution step, UndoPass pass)
    {
        foreach (var around in memory.FromInside(step).Skip(1).TakeWhile(e => e.Number != pass.Scope))
        {
            if (around.Undo != UndoState.None && ActivityOf(around) is CompensableActivity && HandlerOf(around, PassMode.Undo) is not null)
            {
                return true;
            }
        }

        return pass is { Scope: { } scope, IncludesScope: true } && step.Number != scope
            && ActivityOf(memory.Execution(scope)) is CompensableActivity && HandlerOf(memory.Execution(scope), pass.Mode) is not null;
    }

    private Activity? HandlerOf(ActivityExecution step, PassMode mode) => ActivityOf(step) is not CompensableActivity compensable ? null
        : mode == PassMode.Confirm ? compensable.ConfirmationHandler
        : step.Status == ActivityStatus.Completed ? compensable.CompensationHandler
        : compensable.CancellationHandler;

    private void Begin(UndoPass pass, ActivityExecution step)
    {
        SetUndo(step, UndoState.Intended, null, pass.Mode == PassMode.Undo ? JournalEvents.UndoIntent : JournalEvents.ConfirmIntent);
        if (HandlerOf(step, pass.Mode) is { } handler)
        {
            var role = pass.Mode == PassMode.Confirm ? HandlerRole.Confirmation
                : step.Status == ActivityStatus.Completed ? HandlerRole.Compensation
                : HandlerRole.Cancellation;
            _ = Schedule(handler, step, role);
        }
        else if (step.State.ContainsKey(UndoableChildren))
        {
            UndoChildren(step);
        }
        else
        {
            undosToStart.Add(step);
        }
    }

    private void End(UndoPass pass)
    {
        _ = memory.Run.Passes.Remove(pass);
        memory.TouchHead();
        if (pass.Owner is { } number)
        {
            var owner = memory.Execution(number);
            Enqueue(owner, () => pass.After is { } step ? RestartAsync(owner, step) : ActivityOf(owner).OnPassEndedAsync(ContextOf(owner)));
        }
        else if (pass is { Scope: null, Mode: PassMode.Undo })
        {
            memory.SetStatus(memory.Run.CompensatesTo ?? RunStatus.Compensated, Cause);
        }
    }

    private void HandlerEnded(ActivityExecution handler)
    {
        var step = memory.ParentOf(handler)!;
        var confirmed = handler.Role == HandlerRole.Confirmation;
        SetUndo(step, confirmed ? UndoState.Confirmed : UndoState.Undone, $"By its {handler.Role.ToString().ToLowerInvariant()} handler.", confirmed ? JournalEvents.Confirmed : JournalEvents.Undone);
    }

    private void HandlerFaulted(ActivityExecution handler, ActivityExecution faulted, string message)
    {
        memory.Run.Incidents.Add(faulted.Number);
        SetUndo(memory.ParentOf(handler)!, UndoState.Failed, $"Its {handler.Role.ToString().ToLowerInvariant()} handler stopped at {ActivityOf(faulted).DisplayText}: {message}", JournalEvents.UndoFailed);
    }

    private void SetUndo(ActivityExecution step, UndoState state, string? note, string @event)
    {
        memory.SetUndo(step, state, note);
        memory.Write(@event, step, note);
    }
}
