using System.Text.Json.Nodes;

namespace Runbooks.Workflows.Runs;

/// <summary>What of its own definition started a run.</summary>
/// <param name="NodeId">The activity that is the trigger: the run starts there.</param>
/// <param name="Payload">What the trigger brought: the Result of that activity.</param>
public sealed record RunTrigger(string NodeId, JsonNode? Payload);
