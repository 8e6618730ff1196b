using System.Text.Json.Nodes;
using Runbooks.Workflows.Activities;
using Runbooks.Workflows.Journal;
using Runbooks.Workflows.Runs;

namespace Runbooks.Workflows.Execution;

/// <summary>
/// Effects that can't happen yet. The first start is written as any other. A new try of a run that does nothing else is
/// quiet: nothing is written before it, and when it is put off again, only its bookmark moves. The intent in the journal
/// stands, and whoever tries looks first whether an earlier try, of which nothing is written, has done it.
/// </summary>
internal sealed partial class Interpreter
{
    /// <summary>In the state of a step: its intent is in the journal, and its start was put off.</summary>
    private const string PostponedMark = "postponed";

    /// <summary>In the payload of the bookmark of a step that was put off: what it waits for.</summary>
    private const string WaitsFor = "waitsFor";

    /// <summary>The bookmark of the step that is being tried quietly.</summary>
    private Bookmark? quiet;

    /// <summary>Begins a quiet try; null when the run has anything else to do than to try one step again that was put off.</summary>
    /// <param name="snapshot">The run as it was claimed.</param>
    public ActivityExecution? BeginQuietTry(RunSnapshot snapshot)
    {
        var run = memory.Run;
        if (run is not { Status: RunStatus.Suspended, CompensatesTo: null, PausedBy: null } || run.Passes.Count + run.Incidents.Count + snapshot.Stimuli.Count > 0
            || memory.IsDryRun || memory.Bookmarks.Where(b => b.DueAt <= snapshot.Now).ToArray() is not [var due] || due.Payload?.ContainsKey(WaitsFor) != true)
        {
            return null;
        }

        var execution = memory.Execution(due.ExecutionNumber);
        if (!IsPutOff(execution) || memory.Running.Any(e => ActivityOf(e) is EffectActivity && !IsPutOff(e)))
        {
            return null;
        }

        quiet = due;
        return execution;
    }

    /// <summary>It has a bookmark of its own that starts it, and nothing of it is in flight.</summary>
    private bool IsPutOff(ActivityExecution execution) =>
        execution is { Status: ActivityStatus.Running, Effect: EffectState.None, Attempt: 0, CancelRequested: false } && memory.BookmarksOf(execution).Any();

    /// <summary>Nothing has happened: the step is again as before it was started, and a bookmark of its own starts it. Its intent stands.</summary>
    private void Postpone(ActivityExecution execution, EffectResult.Postponed postponed)
    {
        var (due, payload) = (memory.StoreNow + postponed.RetryAfter, new JsonObject { [WaitsFor] = postponed.Reason });
        execution.Effect = EffectState.None;
        execution.Attempt = 0;
        if (quiet is { } tried)
        {
            // The same bookmark, so that what wakes it meanwhile finds it.
            quiet = null;
            memory.Move(tried with { DueAt = due, Payload = payload, Key = postponed.WakeKey });
            return;
        }

        memory.Touch(execution);
        if (ActivityOf(execution) is MutatingActivity)
        {
            execution.State[PostponedMark] = true;
        }

        _ = CreateBookmark(execution, due, payload, postponed.WakeKey);
    }

    /// <summary>The try brings more than another wait, or somebody wants something of the run meanwhile: it is written as any other start.</summary>
    private void EndQuietTry()
    {
        if (quiet is not { } tried)
        {
            return;
        }

        quiet = null;
        var execution = memory.Execution(tried.ExecutionNumber);
        NoteClaim();
        memory.Remove(tried);
        memory.Write(JournalEvents.Resumed, execution);
        WakeUp();
        _ = execution.State.Remove(PostponedMark);
        execution.Attempt = Math.Max(1, execution.Attempt);
        execution.Effect = ActivityOf(execution) is MutatingActivity ? EffectState.Intended : EffectState.None;
        execution.Worker = memory.Claim.Worker;
        memory.Touch(execution);
    }

    public void NoteClaim() => memory.Write(JournalEvents.RunClaimed, null, $"By worker {memory.Claim.Worker}, generation {memory.Claim.Generation}.");
}
