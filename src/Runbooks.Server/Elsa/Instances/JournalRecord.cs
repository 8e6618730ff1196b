using System.Globalization;
using System.Text.Json.Nodes;
using Runbooks.Workflows.Definitions;
using Runbooks.Workflows.Journal;
using Runbooks.Workflows.Runs;

namespace Runbooks.Server.Elsa.Instances;

/// <summary>
/// An entry of the journal as Elsa's execution log record. Events that are only ours (intent, reconciled, undone, orders)
/// keep their names. Entries about the run itself are shown at the root of its definition, so that a person who looks at it
/// sees that it was cancelled, and by whom.
/// </summary>
internal sealed record JournalRecord(
    string Id,
    string ActivityInstanceId,
    string? ParentActivityInstanceId,
    string ActivityId,
    string ActivityType,
    int ActivityTypeVersion,
    string? ActivityName,
    string NodeId,
    DateTimeOffset Timestamp,
    long Sequence,
    string EventName,
    string? Message,
    string? Source,
    JsonObject? ActivityState,
    JsonObject? Payload)
{
    private const string RunName = "Run";

    public static JournalRecord Of(Run run, WorkflowDefinition? definition, JournalEntry entry)
    {
        var activity = entry.NodeId is { } nodeId ? definition?.ByNodeId.GetValueOrDefault(nodeId) : null;
        return new JournalRecord(
            string.Create(CultureInfo.InvariantCulture, $"{run.Id}:{entry.Sequence}"),
            StepIds.Of(run.Id, entry.ExecutionNumber ?? 0),
            null,
            entry.NodeId is { } id ? activity?.Id ?? id[(id.LastIndexOf(':') + 1)..] : InstanceWords.Workflow,
            entry.NodeId is null ? InstanceWords.WorkflowType : activity?.Type ?? "",
            activity?.Descriptor.Version ?? 1,
            entry.NodeId is null ? RunName : activity?.DisplayText is { Length: > 0 } text ? text : activity?.Name,
            entry.NodeId ?? definition?.Root.NodeId ?? InstanceWords.Workflow,
            entry.At,
            entry.Sequence,
            entry.Event,
            entry.Message,
            entry.Worker,
            null,
            PayloadOf(entry));
    }

    /// <summary>Elsa looks for the outcomes under this name.</summary>
    private static JsonObject? PayloadOf(JournalEntry entry)
    {
        if (!string.Equals(entry.Event, JournalEvents.Completed, StringComparison.Ordinal) || entry.Payload is not { } payload)
        {
            return entry.Payload;
        }

        var shown = payload.DeepClone().AsObject();
        if (shown.Remove("outcomes", out var outcomes))
        {
            shown["Outcomes"] = outcomes;
        }

        return shown;
    }
}
