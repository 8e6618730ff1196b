using System.Text.Json.Nodes;

namespace Runbooks.Messaging.Contracts;

/// <summary>Something happened that runs wait for, or that starts them. Sent to the server by anybody.</summary>
/// <param name="EventId">Its identity; delivered again, by whomever, it is the same event. At most 250 characters.</param>
/// <param name="Name">The name that definitions give it.</param>
/// <param name="CorrelationId">Only runs with this correlation id, or with none, take it; null: any.</param>
/// <param name="Payload">What it brings.</param>
/// <param name="Source">Who says so.</param>
public sealed record EventPublished(string EventId, string Name, string? CorrelationId, JsonNode? Payload, string? Source);

/// <summary>A run asks for something to be done outside. Published at least once.</summary>
/// <param name="TaskId">Under this id it is reported done; the same id again is the same task.</param>
/// <param name="TaskName">What is to be done.</param>
/// <param name="Payload">What is needed for it.</param>
/// <param name="RunId">The run that waits.</param>
/// <param name="Runbook">Its runbook.</param>
/// <param name="CorrelationId">Its correlation id; null for none.</param>
public sealed record TaskRequested(string TaskId, string TaskName, JsonNode? Payload, Guid RunId, string Runbook, string? CorrelationId);

/// <summary>A task is done. Sent to the server by the agent that has done it.</summary>
/// <param name="TaskId">The id in <see cref="TaskRequested"/>.</param>
/// <param name="Result">What came of it.</param>
/// <param name="Source">Who says so.</param>
public sealed record TaskCompleted(string TaskId, JsonNode? Result, string? Source);
