using System.Text.Json.Nodes;
using Runbooks.Workflows.Definitions;
using Runbooks.Workflows.Journal;
using Runbooks.Workflows.Runs;

namespace Runbooks.Workflows.Execution;

/// <summary>
/// A claimed run in memory, and what has changed in it since the last commit. It is only ever as true as the last commit:
/// when anything goes wrong it is dropped, and the run is loaded again by whoever claims it next.
/// </summary>
internal sealed class RunMemory
{
    private readonly SortedDictionary<long, ActivityExecution> executions = [];
    private readonly SortedSet<long> running = [];
    private readonly Dictionary<long, SortedSet<long>> runningChildren = [];
    private readonly SortedSet<(long Order, long Number)> completed = [];
    private readonly SortedSet<(long Order, long Number)> undoable = [];
    private readonly Dictionary<long, SortedSet<string>> bookmarksByStep = [];
    private readonly Dictionary<string, long> newestByActivity = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Bookmark> bookmarks = new(StringComparer.Ordinal);
    private readonly HashSet<long> changed = [];
    private readonly HashSet<long> whole = [];
    private readonly List<Bookmark> addedBookmarks = [];
    private readonly List<string> removedBookmarks = [];
    private readonly List<JournalEntry> journal = [];
    private readonly List<string> applied = [];
    private readonly List<Stimulus> stimuli = [];
    private readonly List<Run> newRuns = [];
    private readonly List<OutgoingMessage> messages = [];
    private readonly List<string> returnedEvents = [];
    private readonly TimeProvider clock;
    private readonly DateTimeOffset loadedAt;
    private readonly long loaded;
    private bool headChanged;

    public RunMemory(RunSnapshot snapshot, WorkflowDefinition definition, RunClaim claim, TimeProvider clock)
    {
        Run = snapshot.Run;
        Definition = definition;
        Claim = claim;
        this.clock = clock;
        loadedAt = snapshot.Now;
        loaded = clock.GetTimestamp();
        foreach (var execution in snapshot.Executions)
        {
            Index(execution);
        }

        ForgetMemoryVariables();
        IsWhole = snapshot.IsWhole;
        foreach (var bookmark in snapshot.Bookmarks)
        {
            Keep(bookmark);
        }
    }

    public Run Run { get; }

    public WorkflowDefinition Definition { get; }

    public RunClaim Claim { get; }

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

    /// <summary>True when every step that was ever made is in memory, not only those that going forward needs.</summary>
    public bool IsWhole { get; private set; }

    public IReadOnlyCollection<Bookmark> Bookmarks => bookmarks.Values;

    public DateTimeOffset Now => clock.GetUtcNow();

    /// <summary>The time by the store's clock, by which bookmarks come due: a worker's clock may be wrong, and may be set.</summary>
    public DateTimeOffset StoreNow => loadedAt + clock.GetElapsedTime(loaded);

    public bool HasChanges => headChanged || changed.Count + journal.Count + applied.Count + addedBookmarks.Count + removedBookmarks.Count > 0;

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

    /// <summary>Variables with the Memory driver live from one wait to the next: whoever loads the run begins with their defaults.</summary>
    private void ForgetMemoryVariables()
    {
        foreach (var variable in Definition.Variables.Where(v => v.Driver == VariableDriver.Memory && Run.Variables.ContainsKey(v.Id)))
        {
            Run.Variables[variable.Id] = variable.Default?.DeepClone();
        }

        foreach (var execution in Running.Where(e => e.Variables.Count > 0))
        {
            foreach (var variable in Definition.ByNodeId[execution.NodeId].Variables.Where(v => v.Driver == VariableDriver.Memory))
            {
                execution.Variables[variable.Id] = variable.Default?.DeepClone();
            }
        }
    }

    private void Keep(Bookmark bookmark)
    {
        bookmarks[bookmark.Id] = bookmark;
        if (!bookmarksByStep.TryGetValue(bookmark.ExecutionNumber, out var ids))
        {
            bookmarksByStep.Add(bookmark.ExecutionNumber, ids = new(StringComparer.Ordinal));
        }

        _ = ids.Add(bookmark.Id);
    }

    private void Newest(string key, ActivityExecution execution)
    {
        if (!newestByActivity.TryGetValue(key, out var known) || executions[known].CompletionOrder <= execution.CompletionOrder)
        {
            newestByActivity[key] = execution.Number;
        }
    }

    private static void Place(SortedSet<long> set, long number, bool inside) => _ = inside ? set.Add(number) : set.Remove(number);

    public void TouchHead() => headChanged = true;

    public void Add(Bookmark bookmark)
    {
        Keep(bookmark);
        addedBookmarks.Add(bookmark);
    }

    public IEnumerable<Bookmark> BookmarksOf(ActivityExecution execution) =>
        bookmarksByStep.TryGetValue(execution.Number, out var ids) ? ids.Select(id => bookmarks[id]) : [];

    public Bookmark? FindBookmark(string id) => bookmarks.GetValueOrDefault(id);

    public void Remove(Bookmark bookmark)
    {
        _ = bookmarks.Remove(bookmark.Id);
        if (bookmarksByStep.TryGetValue(bookmark.ExecutionNumber, out var ids) && ids.Remove(bookmark.Id) && ids.Count == 0)
        {
            _ = bookmarksByStep.Remove(bookmark.ExecutionNumber);
        }

        if (!addedBookmarks.Remove(bookmark))
        {
            removedBookmarks.Add(bookmark.Id);
        }
    }

    public void Applied(string stimulusId) => applied.Add(stimulusId);

    /// <summary>An event that came for a bookmark which is gone; somebody else may want it.</summary>
    public void Return(string eventId) => returnedEvents.Add(eventId);

    public void Send(OutgoingMessage message) => messages.Add(message);

    public void Send(Stimulus stimulus) => stimuli.Add(stimulus);

    public void Add(Run newRun) => newRuns.Add(newRun);

    public void SetStatus(RunStatus status, string? reason)
    {
        if (Run.Status == status && string.Equals(Run.Reason, reason, StringComparison.Ordinal))
        {
            return;
        }

        Run.Status = status;
        Run.Reason = reason;
        Run.StartedAt ??= Now;
        Run.FinishedAt = status.IsEnd() ? Now : null;
        headChanged = true;
        Write(JournalEvents.RunStatus, null, reason is null ? status.ToString() : $"{status}: {reason}");
        messages.Add(new OutgoingMessage(
            RunMessages.StatusChanged,
            new JsonObject
            {
                ["runId"] = Run.Id.ToString(),
                ["runbook"] = Run.DefinitionId,
                ["status"] = status.ToString(),
                ["reason"] = reason,
                ["at"] = Now.ToString("O"),
                ["parentRunId"] = Run.ParentRunId?.ToString(),
            }));
        if (status.IsEnd())
        {
            TellParent();
        }
    }

    /// <summary>Wakes the parent that waits for this run, if one does.</summary>
    public void TellParent()
    {
        if (Run.ParentRunId is { } parent && Run.ParentBookmarkId is { } bookmark)
        {
            stimuli.Add(new Stimulus($"end:{Run.Id}:{bookmark}", parent, StimulusKind.Resume, bookmark, Result(), $"run:{Run.Id}", null));
        }
    }

    /// <summary>What a parent's ExecuteWorkflow gives as its Result.</summary>
    private JsonObject Result() => new()
    {
        ["workflowInstanceId"] = Run.Id.ToString(),
        ["status"] = "Finished",
        ["subStatus"] = Run.Status.ToString(),
        ["reason"] = Run.Reason,
        ["output"] = Run.Output.DeepClone(),
    };

    public void Write(string @event, ActivityExecution? execution, string? message = null, JsonObject? payload = null)
    {
        journal.Add(new JournalEntry(
            Run.NextJournalSequence++,
            Now,
            execution?.Number,
            execution?.NodeId,
            @event,
            message,
            payload?.DeepClone().AsObject(),
            Claim.Worker,
            Claim.Generation));
        headChanged = true;
    }

    public RunCommit TakeCommit(bool releaseLease)
    {
        var commit = new RunCommit(Run, Claim)
        {
            Executions = [.. changed.Order().Select(n => executions[n])],
            NewExecutions = whole.ToHashSet(),
            AddedBookmarks = [.. addedBookmarks],
            RemovedBookmarkIds = [.. removedBookmarks],
            Journal = [.. journal],
            AppliedStimulusIds = [.. applied],
            ReturnedEventIds = [.. returnedEvents],
            Stimuli = [.. stimuli],
            NewRuns = [.. newRuns],
            Messages = [.. messages],
            ReleaseLease = releaseLease,
        };
        changed.Clear();
        whole.Clear();
        addedBookmarks.Clear();
        removedBookmarks.Clear();
        journal.Clear();
        applied.Clear();
        returnedEvents.Clear();
        stimuli.Clear();
        newRuns.Clear();
        messages.Clear();
        headChanged = false;
        return commit;
    }
}

/// <summary>Kinds of messages that the engine puts into the outbox.</summary>
public static class RunMessages
{
    /// <summary>Body: id, name, correlationId, runId, payload, actor.</summary>
    public const string PublishEvent = "publish-event";

    /// <summary>Body: taskId, taskName, payload, runId, runbook, correlationId.</summary>
    public const string RunTask = "run-task";

    /// <summary>Body: runId, runbook, status, reason, at, parentRunId.</summary>
    public const string StatusChanged = "run-status-changed";
}
