using System.Text.Json.Nodes;
using Runbooks.Workflows.Runs;

namespace Runbooks.Workflows.Events;

/// <summary>Something that happened, for the runs that wait for it.</summary>
/// <param name="Id">Its identity: the same id published again, by whomever, is the same event. At most <see cref="LongestId"/> characters.</param>
/// <param name="Key">What bookmarks are found by; see <see cref="EventKeys"/>.</param>
/// <param name="Payload">What it brings: the Result of the activity that waits for it.</param>
/// <param name="Actor">Who says so.</param>
public sealed record WorkflowEvent(string Id, string Key, JsonNode? Payload, string Actor)
{
    public const int LongestId = 300;

    public const int LongestName = 200;

    /// <summary>Only bookmarks with this correlation id, or with none, take it. Null: any does.</summary>
    public string? CorrelationId { get; init; }

    /// <summary>Only this run may take it; null: any.</summary>
    public RunId? RunId { get; init; }

    /// <summary>How long it is kept while nothing waits for it. Zero: not at all. Null: as the server is set, usually 24 h.</summary>
    public TimeSpan? KeepFor { get; init; }
}

/// <summary>Keys of events, the same as those of the bookmarks that wait for them.</summary>
public static class EventKeys
{
    private const string EventPrefix = "event:";

    /// <summary>An event by the name that definitions give it; upper and lower case differ.</summary>
    public static string OfEvent(string name) => EventPrefix + name;

    /// <summary>The completion of a task.</summary>
    public static string OfTask(string taskId) => "task:" + taskId;

    /// <summary>The name in a key; null when it is not that of an event.</summary>
    public static string? NameIn(string key)
    {
        ArgumentNullException.ThrowIfNull(key);
        return key.StartsWith(EventPrefix, StringComparison.Ordinal) ? key[EventPrefix.Length..] : null;
    }
}

/// <summary>How an event travels in the inbox of a run; the store's statements make the same ids.</summary>
public static class EventStimulus
{
    public static string IdOf(string bookmarkId, string eventId) => $"event:{bookmarkId}:{eventId}";

    /// <summary>The event that a stimulus brings; null when it brings none.</summary>
    public static string? EventOf(Stimulus stimulus)
    {
        ArgumentNullException.ThrowIfNull(stimulus);
        var prefix = IdOf(stimulus.BookmarkId ?? "", "");
        return stimulus.Kind == StimulusKind.Resume && stimulus.BookmarkId is not null && stimulus.Id.StartsWith(prefix, StringComparison.Ordinal)
            ? stimulus.Id[prefix.Length..]
            : null;
    }
}
