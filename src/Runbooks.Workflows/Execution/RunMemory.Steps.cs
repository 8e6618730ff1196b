using Runbooks.Workflows.Runs;

namespace Runbooks.Workflows.Execution;

/// <summary>The steps of a run in memory, and the indexes that keep a long run as cheap per step as a short one.</summary>
internal sealed partial class RunMemory
{
    private readonly SortedDictionary<long, ActivityExecution> executions = [];
    private readonly SortedSet<long> running = [];
    private readonly Dictionary<long, SortedSet<long>> runningChildren = [];
    private readonly SortedSet<(long Order, long Number)> completed = [];
    private readonly SortedSet<(long Order, long Number)> undoable = [];
    private readonly Dictionary<string, long> newestByActivity = new(StringComparer.Ordinal);

    public IEnumerable<ActivityExecution> Executions => executions.Values;

    /// <summary>The step of the definition's root activity; null before the run has begun.</summary>
    public ActivityExecution? Root => executions.GetValueOrDefault(1);

    /// <summary>Steps that have not ended, in the order in which they were scheduled. A copy: ending one while walking is safe.</summary>
    public IReadOnlyList<ActivityExecution> Running => [.. running.Select(n => executions[n])];

    /// <summary>Completed steps, the last one first. A copy.</summary>
    public IEnumerable<ActivityExecution> LastCompletedFirst => completed.Reverse().Select(c => executions[c.Number]);

    /// <summary>Steps that a way back has still to do with, the last completed one first. Changing them while walking is safe.</summary>
    public IEnumerable<ActivityExecution> Undoable
    {
        get
        {
            for (var found = undoable.Count > 0 ? undoable.Max : default; found != default;)
            {
                yield return executions[found.Number];
                var below = undoable.GetViewBetween((long.MinValue, long.MinValue), (found.Order, found.Number - 1));
                found = below.Count > 0 ? below.Max : default;
            }
        }
    }

    public ActivityExecution Execution(long number) => executions[number];

    /// <summary>Takes in the steps that were not loaded with the claim. What is in memory already is newer and stays.</summary>
    public void AddHistory(IEnumerable<ActivityExecution> history)
    {
        foreach (var execution in history.Where(e => !executions.ContainsKey(e.Number)))
        {
            Index(execution);
        }

        IsWhole = true;
    }

    public ActivityExecution? Find(long number) => executions.GetValueOrDefault(number);

    /// <summary>How far the undo of a step is; an explanation for people with it.</summary>
    public void SetUndo(ActivityExecution execution, UndoState state, string? note)
    {
        execution.Undo = state;
        execution.UndoNote = note;
        Index(execution);
        Touch(execution);
    }

    public void Add(ActivityExecution execution)
    {
        Index(execution);
        TouchInputs(execution);
        headChanged = true;
    }

    /// <summary>Children of a step that have not ended and are still waited for.</summary>
    public IEnumerable<ActivityExecution> RunningChildren(ActivityExecution parent) =>
        runningChildren.TryGetValue(parent.Number, out var children) ? children.Select(n => executions[n]).Where(e => !e.CancelRequested) : [];

    /// <summary>The execution of an activity, by its id or name, that completed last.</summary>
    public ActivityExecution? NewestCompleted(string activityIdOrName) =>
        newestByActivity.TryGetValue(activityIdOrName, out var number) ? executions[number] : null;

    /// <summary>Changes the status of a step. A completed one takes its place in the order of completion.</summary>
    public void SetStatus(ActivityExecution execution, ActivityStatus status)
    {
        execution.Status = status;
        execution.CompletedAt = status == ActivityStatus.Running ? null : Now;
        if (status == ActivityStatus.Completed)
        {
            PutInOrder(execution);
        }

        Index(execution);
        Touch(execution);
    }

    /// <summary>Gives a step its place on the way back. A step that was cancelled half-way has one when it has a handler for that.</summary>
    public void PutInOrder(ActivityExecution execution)
    {
        if (execution.CompletionOrder is { } former)
        {
            _ = completed.Remove((former, execution.Number));
            _ = undoable.Remove((former, execution.Number));
        }

        execution.CompletionOrder = Run.NextCompletionOrder++;
        headChanged = true;
        Index(execution);
    }

    /// <summary>True when <paramref name="step"/> lies inside <paramref name="scope"/>, or is it. Null is the whole run.</summary>
    public bool IsWithin(ActivityExecution step, long? scope)
    {
        if (scope is null)
        {
            return true;
        }

        for (var at = step; at is not null; at = ParentOf(at))
        {
            if (at.Number == scope)
            {
                return true;
            }
        }

        return false;
    }

    public ActivityExecution? ParentOf(ActivityExecution step) => step.ParentNumber is { } number ? executions[number] : null;

    /// <summary>The step, its parent, and so on up to the root.</summary>
    public IEnumerable<ActivityExecution> FromInside(ActivityExecution step)
    {
        for (var at = step; at is not null; at = ParentOf(at))
        {
            yield return at;
        }
    }

    public void Touch(ActivityExecution execution) => _ = changed.Add(execution.Number);

    /// <summary>The step is new, or its inputs have changed: it is written whole. After <see cref="Touch"/> alone its inputs stay as they are stored.</summary>
    public void TouchInputs(ActivityExecution execution)
    {
        Touch(execution);
        _ = whole.Add(execution.Number);
    }

    private void Index(ActivityExecution execution)
    {
        executions[execution.Number] = execution;
        Place(running, execution.Number, execution.Status == ActivityStatus.Running);
        if (execution.ParentNumber is { } parent)
        {
            if (!runningChildren.TryGetValue(parent, out var children))
            {
                runningChildren.Add(parent, children = []);
            }

            Place(children, execution.Number, execution.Status == ActivityStatus.Running);
            if (children.Count == 0)
            {
                _ = runningChildren.Remove(parent);
            }
        }

        if (execution.CompletionOrder is { } order)
        {
            _ = execution.Undo is UndoState.Available or UndoState.Intended or UndoState.Failed || execution is { Undo: UndoState.Irreversible, UndoNote: null }
                ? undoable.Add((order, execution.Number))
                : undoable.Remove((order, execution.Number));
            _ = completed.Add((order, execution.Number));
            if (execution.Status == ActivityStatus.Completed)
            {
                Newest(execution.ActivityId, execution);
                Newest(execution.ActivityName, execution);
                Newest(execution.NodeId, execution);
            }
        }
    }

    private void Newest(string key, ActivityExecution execution)
    {
        if (!newestByActivity.TryGetValue(key, out var known) || executions[known].CompletionOrder <= execution.CompletionOrder)
        {
            newestByActivity[key] = execution.Number;
        }
    }

    private static void Place(SortedSet<long> set, long number, bool inside) => _ = inside ? set.Add(number) : set.Remove(number);
}
