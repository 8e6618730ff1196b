using System.Text.Json.Nodes;
using Runbooks.Workflows.Definitions;
using Runbooks.Workflows.Journal;
using Runbooks.Workflows.Runs;

namespace Runbooks.Workflows.Execution;

/// <summary>
/// A claimed run in memory, and what has changed in it since the last commit. It is only ever as true as the last commit:
/// when anything goes wrong it is dropped, and the run is loaded again by whoever claims it next.
/// </summary>
internal sealed partial class RunMemory
{
    private readonly Dictionary<long, SortedSet<string>> bookmarksByStep = [];
    private readonly Dictionary<string, Bookmark> bookmarks = new(StringComparer.Ordinal);
    private readonly HashSet<long> changed = [];
    private readonly HashSet<long> whole = [];
    private readonly List<Bookmark> addedBookmarks = [];
    private readonly List<string> removedBookmarks = [];
    private readonly HashSet<string> movedBookmarks = new(StringComparer.Ordinal);
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
    private bool hasWaited;

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
        hasWaited = snapshot.Bookmarks.Count + snapshot.Stimuli.Count > 0;
        foreach (var bookmark in snapshot.Bookmarks)
        {
            Keep(bookmark);
        }
    }

    public Run Run { get; }

    /// <summary>The run changes nothing outside of itself. A draft never does, whatever its run says.</summary>
    public bool IsDryRun => Run.IsDryRun || Run.DefinitionVersion < 0;

    public WorkflowDefinition Definition { get; }

    public RunClaim Claim { get; }

    /// <summary>True when every step that was ever made is in memory, not only those that going forward needs.</summary>
    public bool IsWhole { get; private set; }

    public IReadOnlyCollection<Bookmark> Bookmarks => bookmarks.Values;

    public DateTimeOffset Now => clock.GetUtcNow();

    /// <summary>The time by the store's clock, by which bookmarks come due: a worker's clock may be wrong, and may be set.</summary>
    public DateTimeOffset StoreNow => loadedAt + clock.GetElapsedTime(loaded);

    public bool HasChanges => headChanged || changed.Count + journal.Count + applied.Count + addedBookmarks.Count + removedBookmarks.Count > 0;

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

    public void TouchHead() => headChanged = true;

    public void Add(Bookmark bookmark)
    {
        Keep(bookmark);
        hasWaited = true;
        addedBookmarks.Add(bookmark);
    }

    /// <summary>Gives a bookmark that the store has another time and other words.</summary>
    public void Move(Bookmark bookmark)
    {
        _ = movedBookmarks.Add(bookmark.Id);
        Add(bookmark);
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

        if (!addedBookmarks.Remove(bookmark) || movedBookmarks.Remove(bookmark.Id))
        {
            removedBookmarks.Add(bookmark.Id);
        }
    }

    public void Applied(string stimulusId)
    {
        hasWaited = true;
        applied.Add(stimulusId);
    }

    /// <summary>An event that came for a bookmark which is gone; somebody else may want it.</summary>
    public void Return(string eventId) => returnedEvents.Add(eventId);

    /// <summary>Goes out with the commit. Of a dry run nothing goes out: whoever hears of it could not know that it is one.</summary>
    public void Send(OutgoingMessage message) => messages.Add(message);

    public void Send(Stimulus stimulus) => stimuli.Add(stimulus);

    public void Add(Run newRun) => newRuns.Add(!IsDryRun || newRun.IsDryRun
        ? newRun
        : throw new InvalidOperationException($"Run {Run.Id} is a dry run and would start one that is not. This is a fault of the engine; nothing was started."));

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
            Messages = IsDryRun ? [] : [.. messages],
            NeverWaited = !hasWaited,
            ReleaseLease = releaseLease,
        };
        changed.Clear();
        whole.Clear();
        addedBookmarks.Clear();
        removedBookmarks.Clear();
        movedBookmarks.Clear();
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
