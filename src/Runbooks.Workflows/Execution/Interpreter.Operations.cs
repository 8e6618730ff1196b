using System.Text.Json.Nodes;
using Runbooks.Workflows.Activities;
using Runbooks.Workflows.Expressions;
using Runbooks.Workflows.Journal;
using Runbooks.Workflows.Operations;
using Runbooks.Workflows.Runs;

namespace Runbooks.Workflows.Execution;

/// <summary>What people ask of a run. A wish that does not fit the run's state changes nothing, and the history says why.</summary>
internal sealed partial class Interpreter
{
    private const string RestartInputs = "restartInputs";

    public void Apply(Stimulus stimulus)
    {
        EndQuietTry();
        memory.Applied(stimulus.Id);
        if (stimulus.Kind == StimulusKind.Resume)
        {
            if (stimulus.BookmarkId is { } id && memory.FindBookmark(id) is { } bookmark)
            {
                Resume(bookmark, stimulus.Input);
            }
            else if (Events.EventStimulus.EventOf(stimulus) is { } unused)
            {
                memory.Return(unused);
            }

            return;
        }

        var by = $"{stimulus.Kind}, asked by {stimulus.Actor}. {stimulus.Reason}".TrimEnd();
        var problem = Operate(stimulus);
        memory.Write(JournalEvents.Stimulus, StepOf(stimulus), problem is null ? by : $"{by} Refused: {problem}", OrderEntry.Payload(stimulus, problem));
    }

    private string? Operate(Stimulus stimulus)
    {
        switch (stimulus.Kind)
        {
            case StimulusKind.Cancel when !memory.Run.Status.IsEnd():
                memory.Run.PausedBy = null;
                Reconsider(null, null);
                BeginCompensation($"Cancelled by {stimulus.Actor}. {stimulus.Reason}".TrimEnd(), RunStatus.Cancelled);
                return null;
            case StimulusKind.Compensate:
                return Compensate(stimulus);
            case StimulusKind.Pause:
                memory.Run.PausedBy ??= $"{stimulus.Actor}. {stimulus.Reason}".TrimEnd();
                memory.TouchHead();
                TellChildren(stimulus);
                return null;
            case StimulusKind.Continue:
                memory.Run.PausedBy = null;
                memory.TouchHead();
                TellChildren(stimulus);
                WakeUp();
                return null;
            case StimulusKind.Retry:
                return Retry(StepOf(stimulus), stimulus.Input?["inputs"] as JsonObject);
            case StimulusKind.Skip:
                return Skip(StepOf(stimulus), stimulus.Input);
            case StimulusKind.Resolve:
                return Resolve(StepOf(stimulus), stimulus);
            case StimulusKind.RestartFrom:
                return RestartFrom(StepOf(stimulus), stimulus.Input?["inputs"] as JsonObject);
            default:
                return $"The run is {memory.Run.Status}.";
        }
    }

    private ActivityExecution? StepOf(Stimulus stimulus) =>
        stimulus.Input is JsonObject o && o["step"] is JsonValue v && v.TryGetValue<long>(out var number) ? memory.Find(number) : null;

    private string? Compensate(Stimulus stimulus)
    {
        if (stimulus.BookmarkId is not null)
        {
            memory.Run.ParentBookmarkId = stimulus.BookmarkId;
            memory.TouchHead();
        }

        if (memory.Run.Status != RunStatus.Finished)
        {
            if (memory.Run.Status.IsEnd())
            {
                // Somebody has undone it before; the parent that asks is told so.
                memory.TellParent();
            }

            return $"Only a finished run can be undone; this one is {memory.Run.Status}.";
        }

        memory.Run.CompensatesTo = null;
        BeginCompensation($"Undone by {stimulus.Actor}. {stimulus.Reason}".TrimEnd(), RunStatus.Compensated);
        return null;
    }

    private string? Retry(ActivityExecution? only, JsonObject? inputs)
    {
        if (Reconsider(only, inputs) == 0)
        {
            return only is null ? "Nothing of this run has failed." : "This step has neither failed nor an unknown outcome.";
        }

        memory.TouchHead();
        WakeUp();
        return null;
    }

    /// <summary>Looks again at one step, or at everything that needs attention. Returns at how many.</summary>
    private int Reconsider(ActivityExecution? only, JsonObject? inputs)
    {
        var retried = 0;
        foreach (var execution in memory.Run.Incidents.Select(memory.Execution).Where(e => only is null || e == only).ToArray())
        {
            _ = memory.Run.Incidents.Remove(execution.Number);
            Again(execution, inputs);
            if (memory.FromInside(execution).FirstOrDefault(e => e.Role != HandlerRole.None) is { } handler)
            {
                memory.SetUndo(memory.ParentOf(handler)!, UndoState.Intended, null);
            }

            retried++;
        }

        foreach (var execution in memory.Undoable.Where(e => e.Undo == UndoState.Failed && (only is null || e == only)).ToArray())
        {
            memory.SetUndo(execution, UndoState.Available, null);
            retried++;
        }

        foreach (var execution in memory.Running.Where(e => e.Effect == EffectState.Unknown && (only is null || e == only)))
        {
            execution.Effect = EffectState.Intended;

            // Asked for by a person: as many attempts again, or it could only ever be found not done.
            execution.Attempt = 0;
            memory.Touch(execution);
            effectsToReconcile.Add(execution);
            retried++;
        }

        return retried;
    }

    /// <summary>Executes a step again that has ended. An effect keeps its frozen inputs, but for those that are given.</summary>
    private void Again(ActivityExecution execution, JsonObject? inputs)
    {
        var activity = ActivityOf(execution);
        execution.Error = null;
        execution.Effect = EffectState.None;
        execution.Attempt = 0;
        memory.SetUndo(execution, UndoState.None, null);
        memory.SetStatus(execution, ActivityStatus.Running);
        if (activity is EffectActivity)
        {
            Replace(execution, inputs);
            RequestEffect(execution);
        }
        else
        {
            execution.State = [];
            Enqueue(execution, () => BeginAsync(activity, execution, inputs));
        }
    }

    /// <summary>Inputs that a person has given in place of those that the definition says.</summary>
    private void Replace(ActivityExecution execution, JsonObject? inputs)
    {
        foreach (var (name, value) in inputs ?? [])
        {
            var known = ActivityOf(execution).Inputs.FirstOrDefault(i => string.Equals(i.Name, name, StringComparison.OrdinalIgnoreCase));
            if (known?.Expression is Expression.Secret)
            {
                // A value that a person gives would be in the history; the secret itself is what is changed.
                continue;
            }

            execution.Inputs[known?.Name ?? name] = value?.DeepClone();
            memory.TouchInputs(execution);
        }
    }

    private string? Skip(ActivityExecution? execution, JsonNode? input)
    {
        if (execution is null || !memory.Run.Incidents.Remove(execution.Number))
        {
            return "Only a step that has failed can be skipped.";
        }

        var outcome = input?["outcome"]?.GetValue<string>() ?? (ActivityOf(execution).Descriptor.Outcomes is [var first, ..] ? first : "Done");
        GiveOutputs(execution, input?["outputs"] as JsonObject);
        memory.SetStatus(execution, ActivityStatus.Running);
        Complete(execution, [outcome]);
        if (memory.FromInside(execution).FirstOrDefault(e => e.Role != HandlerRole.None) is { } handler)
        {
            memory.SetUndo(memory.ParentOf(handler)!, handler.Status == ActivityStatus.Running ? UndoState.Intended : memory.ParentOf(handler)!.Undo, null);
        }

        WakeUp();
        return null;
    }

    private string? Resolve(ActivityExecution? execution, Stimulus stimulus)
    {
        var found = stimulus.Input?["found"]?.GetValue<string>();
        if (execution is null || found is not ("done" or "notDone"))
        {
            return "It must name a 'step', and what was 'found': done or notDone.";
        }

        var note = $"Found by {stimulus.Actor}: {found}. {stimulus.Reason}".TrimEnd();
        if (execution.Undo == UndoState.Failed)
        {
            SetUndo(execution, found == "done" ? UndoState.Undone : UndoState.Irreversible, note, found == "done" ? JournalEvents.Undone : JournalEvents.NotUndone);
        }
        else if (execution is { Status: ActivityStatus.Running, Effect: EffectState.Unknown })
        {
            memory.Write(JournalEvents.Reconciled, execution, note);
            Apply(execution, found == "done"
                ? new EffectResult.Done(stimulus.Input?["outputs"] as JsonObject, stimulus.Input?["outcome"]?.GetValue<string>() ?? "Done")
                : new EffectResult.Failed(note));
        }
        else
        {
            return "Its outcome is known; there is nothing to resolve.";
        }

        WakeUp();
        return null;
    }

    private string? RestartFrom(ActivityExecution? execution, JsonObject? inputs)
    {
        if (execution is null || IsCompensating || memory.Run.Status.IsEnd())
        {
            return "A step can be restarted while its run is neither undone nor at its end.";
        }

        if (memory.ParentOf(execution) is not { Status: ActivityStatus.Running } parent || ActivityOf(parent) is not IRewindable container)
        {
            return $"What is around the step must still run, and be a flowchart or a sequence; restart the {(memory.ParentOf(execution) is { } p ? ActivityOf(p).DisplayText : "run")} instead.";
        }

        var pass = new UndoPass(parent.Number, IncludesScope: false, PassMode.Undo, parent.Number) { After = execution.Number };
        parent.State[RestartInputs] = inputs?.DeepClone();
        memory.Touch(parent);
        foreach (var child in memory.RunningChildren(parent).Where(c => IsAfter(c, pass)).ToArray())
        {
            Cancel(child);
        }

        memory.Run.Incidents.RemoveAll(n => IsAfter(memory.Execution(n), pass));
        memory.Run.Passes.Add(pass);
        memory.TouchHead();
        WakeUp();
        return null;
    }

    /// <summary>True for the step from which a container is restarted and for what followed it there, and all that is inside those.</summary>
    private bool IsAfter(ActivityExecution step, UndoPass pass)
    {
        var from = memory.Execution(pass.After!.Value);
        var child = memory.FromInside(step).FirstOrDefault(e => e.ParentNumber == pass.Scope);
        var container = memory.Execution(pass.Scope!.Value);
        return child is not null && child.Number >= from.Number && ((IRewindable)ActivityOf(container)).Following(ActivityOf(from)).Contains(child.ActivityId);
    }

    /// <summary>What was to be undone is; the container forgets it and executes the step anew.</summary>
    private ValueTask RestartAsync(ActivityExecution container, long number)
    {
        var activity = ActivityOf(memory.Execution(number));
        ((IRewindable)ActivityOf(container)).Rewind(ContextOf(container), activity);
        _ = container.State.Remove(RestartInputs, out var inputs);
        memory.Touch(container);
        _ = Schedule(activity, container, inputs: inputs as JsonObject);
        return ValueTask.CompletedTask;
    }

    private void GiveOutputs(ActivityExecution execution, JsonObject? outputs)
    {
        foreach (var output in ActivityOf(execution).Outputs)
        {
            if (outputs?.FirstOrDefault(o => string.Equals(o.Key, output.Name, StringComparison.OrdinalIgnoreCase)) is { Key: not null } given)
            {
                SetOutput(execution, output, given.Value?.DeepClone());
            }
        }
    }

    private void TellChildren(Stimulus stimulus)
    {
        foreach (var bookmark in memory.Bookmarks)
        {
            if (ChildOf(bookmark) is { } child)
            {
                memory.Send(stimulus with { Id = $"{stimulus.Id}/{child}", RunId = child, Input = null });
            }
        }
    }
}
