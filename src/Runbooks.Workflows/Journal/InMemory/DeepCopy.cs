using System.Text.Json.Nodes;
using Runbooks.Workflows.Runs;

namespace Runbooks.Workflows.Journal.InMemory;

/// <summary>
/// Copies of what goes into and out of the in-memory store. A worker that dies must forget what it had not committed, just
/// as it does with a database; a shared reference would let uncommitted changes survive and hide the bug.
/// </summary>
internal static class DeepCopy
{
    public static Run Copy(this Run run) => run.CopyWith(run);

    /// <summary>The identity of this run with the changeable state of <paramref name="state"/>: what a commit leaves behind.</summary>
    public static Run CopyWith(this Run run, Run state) => new()
    {
        Id = run.Id,
        DefinitionId = run.DefinitionId,
        DefinitionVersion = run.DefinitionVersion,
        CreatedAt = run.CreatedAt,
        StartedBy = run.StartedBy,
        IdempotencyKey = run.IdempotencyKey,
        ParentRunId = run.ParentRunId,
        IsDryRun = run.IsDryRun,
        Trigger = run.Trigger is { } trigger ? trigger with { Payload = trigger.Payload?.DeepClone() } : null,
        Activation = run.Activation,
        Input = run.Input.Copy(),
        ParentBookmarkId = state.ParentBookmarkId,
        CorrelationId = state.CorrelationId,
        Name = state.Name,
        PausedBy = state.PausedBy,
        Passes = [.. state.Passes],
        Incidents = [.. state.Incidents],
        Output = state.Output.Copy(),
        Variables = state.Variables.Copy(),
        Status = state.Status,
        Reason = state.Reason,
        CompensatesTo = state.CompensatesTo,
        NextExecutionNumber = state.NextExecutionNumber,
        NextJournalSequence = state.NextJournalSequence,
        NextCompletionOrder = state.NextCompletionOrder,
        StartedAt = state.StartedAt,
        FinishedAt = state.FinishedAt,
    };

    public static ActivityExecution Copy(this ActivityExecution step) => new()
    {
        Number = step.Number,
        ParentNumber = step.ParentNumber,
        Role = step.Role,
        CancelRequested = step.CancelRequested,
        NodeId = step.NodeId,
        ActivityId = step.ActivityId,
        ActivityType = step.ActivityType,
        ActivityName = step.ActivityName,
        Status = step.Status,
        Inputs = step.Inputs.Copy(),
        Outputs = step.Outputs.Copy(),
        Outcomes = [.. step.Outcomes],
        State = step.State.Copy(),
        Variables = step.Variables.Copy(),
        Effect = step.Effect,
        Attempt = step.Attempt,
        Undo = step.Undo,
        UndoNote = step.UndoNote,
        CompletionOrder = step.CompletionOrder,
        Progress = step.Progress?.Copy(),
        Error = step.Error,
        StartedAt = step.StartedAt,
        CompletedAt = step.CompletedAt,
        Worker = step.Worker,
    };

    public static Bookmark Copy(this Bookmark bookmark) => bookmark with { Payload = bookmark.Payload?.Copy() };

    public static Stimulus Copy(this Stimulus stimulus) => stimulus with { Input = stimulus.Input?.DeepClone() };

    public static JournalEntry Copy(this JournalEntry entry) => entry with { Payload = entry.Payload?.Copy() };

    public static OutgoingMessage Copy(this OutgoingMessage message) => message with { Body = message.Body.Copy() };

    public static JsonObject Copy(this JsonObject json) => (JsonObject)json.DeepClone();
}
