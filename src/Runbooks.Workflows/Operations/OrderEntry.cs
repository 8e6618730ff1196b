using System.Text.Json.Nodes;
using Runbooks.Workflows.Journal;
using Runbooks.Workflows.Runs;

namespace Runbooks.Workflows.Operations;

/// <summary>
/// What the history keeps of an order: which one it was, who gave it, and why it was refused when it was. By its id an
/// order that is repeated is known again, and whoever gave it learns what became of it.
/// </summary>
/// <param name="Id">The id of the stimulus.</param>
/// <param name="Kind">What was asked.</param>
/// <param name="Input">What it brought: step, inputs, outcome.</param>
/// <param name="Refused">Why nothing was changed; null when it was carried out.</param>
public sealed record OrderEntry(string Id, StimulusKind Kind, JsonObject? Input, string? Refused)
{
    internal static JsonObject Payload(Stimulus stimulus, string? refused) => new()
    {
        ["id"] = stimulus.Id,
        ["kind"] = stimulus.Kind.ToString(),
        ["actor"] = stimulus.Actor,
        ["reason"] = stimulus.Reason,
        ["input"] = stimulus.Input?.DeepClone(),
        ["refused"] = refused,
    };

    /// <summary>The order that an entry of the journal is about; null when it is about something else.</summary>
    public static OrderEntry? Of(JournalEntry entry)
    {
        ArgumentNullException.ThrowIfNull(entry);
        return string.Equals(entry.Event, JournalEvents.Stimulus, StringComparison.Ordinal)
            && entry.Payload is { } payload
            && payload["id"]?.ToString() is { } id
            && Enum.TryParse<StimulusKind>(payload["kind"]?.ToString(), out var kind)
                ? new OrderEntry(id, kind, payload["input"] as JsonObject, payload["refused"]?.ToString())
                : null;
    }
}
