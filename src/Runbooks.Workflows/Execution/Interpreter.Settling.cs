using Runbooks.Workflows.Journal;
using Runbooks.Workflows.Runs;

namespace Runbooks.Workflows.Execution;

/// <summary>What a run is when nothing of it is in flight.</summary>
internal sealed partial class Interpreter
{
    /// <summary>Nothing goes on and nothing is waited for: a definition, or the engine, has lost its way.</summary>
    public bool IsStranded =>
        memory.Run.Status == RunStatus.Executing && !Held && !Finished && memory.Bookmarks.Count == 0 && memory.Run.Passes.Count == 0
        && memory.Run.Incidents.Count == 0 && !HasUnknownEffects;

    /// <summary>A run that no worker could load waits for a person; once somebody has asked for it, and it is loaded, it goes on.</summary>
    public void WakeUpWhenParked()
    {
        if (memory.Run.Status == RunStatus.NeedsAttention && !NeedsAttention().Any())
        {
            WakeUp();
        }
    }

    /// <summary>The run has ended, needs a person, waits for something that has a name, or is left to the next worker.</summary>
    public void Settle()
    {
        if (memory.Run.Status.IsEnd())
        {
            return;
        }

        var problems = NeedsAttention().ToArray();
        if (problems.Length > 0)
        {
            memory.SetStatus(RunStatus.NeedsAttention, IsCompensating ? Cause + WhileUndoing + string.Join(" ", problems) : string.Join(" ", problems));
        }
        else if (Finished && !IsCompensating)
        {
            memory.SetStatus(RunStatus.Finished, null);
        }
        else if (WorkerStops)
        {
            // Whatever is left goes on at the next worker, and this one knows only half of it.
            return;
        }
        else if (memory.Run.PausedBy is { } by)
        {
            memory.SetStatus(RunStatus.Paused, IsCompensating ? $"{Cause}{WhileUndoing}paused by {by}" : $"Paused by {by}");
        }
        else if (memory.Bookmarks.Count > 0)
        {
            memory.SetStatus(RunStatus.Suspended, IsCompensating ? Cause + WhileUndoing + Waiting() : Waiting());
        }
        else
        {
            // Never 'in progress' with nothing that could end it: a person sees it, instead of workers taking it in turns.
            memory.SetStatus(RunStatus.NeedsAttention, $"{Cause}{WhileUndoing}nothing of the run goes on and nothing is waited for. This is a fault of the engine; report it with the run's history.");
        }
    }

    private string Waiting()
    {
        var bookmark = memory.Bookmarks.OrderBy(b => b.DueAt ?? DateTimeOffset.MaxValue).First();
        return ChildOf(bookmark) is { } child ? $"Waits for run {child} ({bookmark.Payload?["runbook"] ?? "being undone"})."
            : Approvals.ApprovalRequest.From(bookmark.Payload) is { } approval ? $"Waits for approval: {approval.Subject}"
            : bookmark.Payload?[WaitsFor]?.GetValue<string>() is { } what ? what
            : bookmark.DueAt is { } due && bookmark.Key is null ? $"Waits until {due:O}."
            : $"Waits for {bookmark.Key ?? bookmark.Name}.";
    }
}
