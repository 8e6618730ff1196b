namespace Runbooks.Messaging.Contracts;

/// <summary>A run has got another status. Published at least once, in the order of the changes of one run.</summary>
/// <param name="RunId">The run.</param>
/// <param name="Runbook">The runbook that it executes.</param>
/// <param name="Status">Its status, in the words of the API.</param>
/// <param name="Reason">Why; null when there is nothing to say.</param>
/// <param name="At">When, by the clock of the worker.</param>
/// <param name="ParentRunId">The run that waits for it; null for a run of its own.</param>
public sealed record RunStatusChanged(Guid RunId, string Runbook, string Status, string? Reason, DateTimeOffset At, Guid? ParentRunId);
