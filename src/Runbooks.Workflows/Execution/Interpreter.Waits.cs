using System.Text.Json.Nodes;
using Runbooks.Workflows.Activities;
using Runbooks.Workflows.Journal;
using Runbooks.Workflows.Runs;

namespace Runbooks.Workflows.Execution;

/// <summary>Bookmarks and child runs: where a run waits, and what wakes it.</summary>
internal sealed partial class Interpreter
{
    /// <summary>In the state of a step: the child runs that finished and will be undone with it.</summary>
    private const string UndoableChildren = "undoableChildren";

    public string NextBookmarkId(ActivityExecution execution) =>
        $"{memory.Run.Id}/{execution.Number}/{execution.State["bookmarks"]?.GetValue<int>() ?? 0}";

    public Bookmark CreateBookmark(ActivityExecution execution, DateTimeOffset? dueAt, JsonObject? payload, string? key = null, string? correlationId = null)
    {
        var id = NextBookmarkId(execution);
        execution.State["bookmarks"] = (execution.State["bookmarks"]?.GetValue<int>() ?? 0) + 1;
        memory.Touch(execution);
        var bookmark = new Bookmark(id, execution.Number, execution.ActivityType, dueAt, payload, key, correlationId);
        if (memory.IsDryRun && (key is not null || ChildOf(bookmark) is null))
        {
            PassAtOnce(execution, bookmark);
            return bookmark;
        }

        memory.Add(bookmark);
        memory.Write(JournalEvents.Suspended, execution, dueAt is { } due ? $"Waits until {due:O}." : key is null ? null : $"Waits for {key}.", payload);
        itemsSinceEffect = 0;
        return bookmark;
    }

    /// <summary>Creates a child run in the commit that records that this step waits for it.</summary>
    public RunId CreateChildRun(ActivityExecution execution, string definitionId, JsonObject input, string? correlationId, bool wait)
    {
        var ordinal = execution.State["children"]?.GetValue<int>() ?? 0;
        execution.State["children"] = ordinal + 1;
        memory.Touch(execution);
        var bookmarkId = wait ? NextBookmarkId(execution) : null;
        var key = ordinal == 0 ? $"child:{memory.Run.Id}/{execution.Number}" : $"child:{memory.Run.Id}/{execution.Number}/{ordinal}";
        var request = new StartRequest(definitionId, input, $"run:{memory.Run.Id}", key, correlationId ?? memory.Run.CorrelationId) { IsDryRun = memory.IsDryRun };
        var (child, problem) = runs.CreateChild(request, memory.Run.Id, bookmarkId);
        if (child is null)
        {
            throw new FaultException(problem!);
        }

        // What begins while its parent is paused is paused too, and goes on when the parent tells its children to.
        child.PausedBy = wait ? memory.Run.PausedBy : null;
        memory.Add(child);
        if (wait)
        {
            _ = CreateBookmark(execution, null, new JsonObject { ["childRunId"] = child.Id.ToString(), ["runbook"] = definitionId });
        }

        return child.Id;
    }

    /// <summary>Wakes a bookmark. One that is not there was woken before: nothing happens.</summary>
    public void Resume(Bookmark bookmark, JsonNode? input)
    {
        var execution = memory.Execution(bookmark.ExecutionNumber);
        memory.Remove(bookmark);
        memory.Write(JournalEvents.Resumed, execution);
        WakeUp();
        if (ChildOf(bookmark) is { } child)
        {
            if (execution.Undo == UndoState.Intended)
            {
                ChildUndone(execution, child, input);
                return;
            }

            NoteFinishedChild(execution, child, input);
        }

        if (execution.CancelRequested)
        {
            if (!memory.BookmarksOf(execution).Any())
            {
                EndCancelled(execution);
            }
        }
        else if (execution.Status == ActivityStatus.Running)
        {
            Enqueue(execution, () => ActivityOf(execution).OnResumedAsync(ContextOf(execution), bookmark, input));
        }
    }

    public static RunId? ChildOf(Bookmark bookmark) =>
        RunId.TryParse(bookmark.Payload?["childRunId"]?.GetValue<string>(), out var child) ? child : null;

    /// <summary>A run that waited goes on, in the direction in which it went.</summary>
    private void WakeUp()
    {
        if (memory.Run.Status.IsEnd())
        {
            return;
        }

        if (memory.Run.CompensatesTo is null)
        {
            memory.SetStatus(RunStatus.Executing, null);
        }
        else
        {
            memory.SetStatus(RunStatus.Compensating, Cause);
        }
    }

    private void NoteFinishedChild(ActivityExecution execution, RunId child, JsonNode? result)
    {
        if (result?["subStatus"]?.GetValue<string>() == nameof(RunStatus.Finished))
        {
            var children = execution.State[UndoableChildren] as JsonArray ?? [];
            children.Add(child.ToString());
            execution.State[UndoableChildren] = children;
            memory.Touch(execution);
        }
    }

    private void UndoChildren(ActivityExecution execution)
    {
        foreach (var node in (execution.State[UndoableChildren] as JsonArray ?? []).Reverse().ToArray())
        {
            var child = new RunId(Guid.Parse(node!.GetValue<string>()));
            var bookmark = CreateBookmark(execution, null, new JsonObject { ["childRunId"] = child.ToString(), ["undo"] = true });
            memory.Send(new Stimulus($"compensate:{bookmark.Id}", child, StimulusKind.Compensate, bookmark.Id, null, $"run:{memory.Run.Id}", $"The run that waited for this one is being compensated: {Cause}"));
        }
    }

    private void ChildUndone(ActivityExecution execution, RunId child, JsonNode? result)
    {
        var ended = result?["subStatus"]?.GetValue<string>();
        var children = (JsonArray)execution.State[UndoableChildren]!;
        children.RemoveAll(n => string.Equals(n?.GetValue<string>(), child.ToString(), StringComparison.Ordinal));
        memory.Touch(execution);
        if (children.Count == 0)
        {
            SetUndo(execution, UndoState.Undone, $"Run {child} is {ended}.", JournalEvents.Undone);
        }
    }
}
