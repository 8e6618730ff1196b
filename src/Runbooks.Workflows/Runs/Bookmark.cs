using System.Text.Json.Nodes;

namespace Runbooks.Workflows.Runs;

/// <summary>A place at which a run waits, and what wakes it.</summary>
/// <param name="Id">Unique over all runs; made from run, step and a counter, so that making it twice makes the same.</param>
/// <param name="ExecutionNumber">The step that waits.</param>
/// <param name="Name">What it waits for: the activity type, such as <c>Elsa.Delay</c>.</param>
/// <param name="DueAt">When time itself wakes it; null when something else must. Compared with the database's clock.</param>
/// <param name="Payload">What the activity needs when it is woken.</param>
/// <param name="Key">The stimulus that wakes it, such as <c>event:host-repaired</c>; null when it is woken by time or by its id only.</param>
/// <param name="CorrelationId">With a key: only a stimulus with this correlation id, or with none, wakes it. Null: any does.</param>
public sealed record Bookmark(
    string Id,
    long ExecutionNumber,
    string Name,
    DateTimeOffset? DueAt,
    JsonObject? Payload,
    string? Key = null,
    string? CorrelationId = null);

/// <summary>What a stimulus asks of a run.</summary>
public enum StimulusKind
{
    /// <summary>Wakes the bookmark that it names.</summary>
    Resume,

    /// <summary>Cancels the run and undoes what it did.</summary>
    Cancel,

    /// <summary>
    /// Looks again at what made the run need attention, and goes on if it can: a step that faulted is executed again, an
    /// unknown one is reconciled, an undo that failed is tried. Names one step in <c>step</c>, or none for all.
    /// </summary>
    Retry,

    /// <summary>Lets effects in flight end and starts no other.</summary>
    Pause,

    /// <summary>Goes on after <see cref="Pause"/>.</summary>
    Continue,

    /// <summary>Leaves the faulted step <c>step</c> by <c>outcome</c> as if it had completed, with <c>outputs</c>.</summary>
    Skip,

    /// <summary>A person has looked: the unknown step or failed undo <c>step</c> is <c>found</c> "done" or "notDone", with <c>outputs</c>.</summary>
    Resolve,

    /// <summary>Undoes what came after the step <c>step</c> and executes it again, with <c>inputs</c> in place of its own where given.</summary>
    RestartFrom,

    /// <summary>Undoes a run that has finished. Sent by the parent that undoes it, or by a person.</summary>
    Compensate,
}

/// <summary>A message to one run. It waits in the run's inbox until a worker has applied it; applying it twice is applying it once.</summary>
/// <param name="Id">Unique; a second stimulus with the same id is dropped.</param>
/// <param name="RunId">The run that it is for.</param>
/// <param name="Kind">What it asks.</param>
/// <param name="BookmarkId">The bookmark to resume; null for other kinds.</param>
/// <param name="Input">What it brings.</param>
/// <param name="Actor">Who asks.</param>
/// <param name="Reason">Why, for the journal.</param>
public sealed record Stimulus(
    string Id,
    RunId RunId,
    StimulusKind Kind,
    string? BookmarkId,
    JsonNode? Input,
    string Actor,
    string? Reason);
