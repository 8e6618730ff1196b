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
    private readonly SortedDictionary<long, ActivityExecution> executions;
    private readonly Dictionary<string, Bookmark> bookmarks;
    private readonly HashSet<long> changed = [];
    private readonly List<Bookmark> addedBookmarks = [];
    private readonly List<string> removedBookmarks = [];
    private readonly List<JournalEntry> journal = [];
    private readonly List<string> applied = [];
    private readonly List<Stimulus> stimuli = [];
    private readonly List<Run> newRuns = [];
    private readonly List<OutgoingMessage> messages = [];
    private readonly TimeProvider clock;
    private bool headChanged;

    public RunMemory(RunSnapshot snapshot, WorkflowDefinition definition, RunClaim claim, TimeProvider clock)
    {
        Run = snapshot.Run;
        Definition = definition;
        Claim = claim;
        this.clock = clock;
        executions = new(snapshot.Executions.ToDictionary(e => e.Number));
        bookmarks = snapshot.Bookmarks.ToDictionary(b => b.Id, StringComparer.Ordinal);
    }

    public Run Run { get; }

    public WorkflowDefinition Definition { get; }

    public RunClaim Claim { get; }

    public IEnumerable<ActivityExecution> Executions => executions.Values;

    public IReadOnlyCollection<Bookmark> Bookmarks => bookmarks.Values;

    public DateTimeOffset Now => clock.GetUtcNow();

    public bool HasChanges => headChanged || changed.Count + journal.Count + applied.Count + addedBookmarks.Count + removedBookmarks.Count > 0;

    public ActivityExecution Execution(long number) => executions[number];

    public void Add(ActivityExecution execution)
    {
        executions.Add(execution.Number, execution);
        Touch(execution);
        headChanged = true;
    }

    public void Touch(ActivityExecution execution) => _ = changed.Add(execution.Number);

    public void TouchHead() => headChanged = true;

    public void Add(Bookmark bookmark)
    {
        bookmarks[bookmark.Id] = bookmark;
        addedBookmarks.Add(bookmark);
    }

    public Bookmark? FindBookmark(string id) => bookmarks.GetValueOrDefault(id);

    public void Remove(Bookmark bookmark)
    {
        _ = bookmarks.Remove(bookmark.Id);
        if (!addedBookmarks.Remove(bookmark))
        {
            removedBookmarks.Add(bookmark.Id);
        }
    }

    public void Applied(string stimulusId) => applied.Add(stimulusId);

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
        if (status.IsEnd() && Run.ParentRunId is { } parent && Run.ParentBookmarkId is { } bookmark)
        {
            stimuli.Add(new Stimulus($"end:{Run.Id}", parent, StimulusKind.Resume, bookmark, Result(), $"run:{Run.Id}", null));
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
            AddedBookmarks = [.. addedBookmarks],
            RemovedBookmarkIds = [.. removedBookmarks],
            Journal = [.. journal],
            AppliedStimulusIds = [.. applied],
            Stimuli = [.. stimuli],
            NewRuns = [.. newRuns],
            Messages = [.. messages],
            ReleaseLease = releaseLease,
        };
        changed.Clear();
        addedBookmarks.Clear();
        removedBookmarks.Clear();
        journal.Clear();
        applied.Clear();
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
    /// <summary>Body: runId, runbook, status, reason, at, parentRunId.</summary>
    public const string StatusChanged = "run-status-changed";
}
