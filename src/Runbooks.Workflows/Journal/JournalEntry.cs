using System.Text.Json.Nodes;

namespace Runbooks.Workflows.Journal;

/// <summary>One line of a run's history. Entries are only ever added.</summary>
/// <param name="Sequence">Order within the run, from 1, without gaps.</param>
/// <param name="At">When, by the worker's clock.</param>
/// <param name="ExecutionNumber">The step that it is about; null for the run itself.</param>
/// <param name="NodeId">The activity in the definition; null for the run itself.</param>
/// <param name="Event">Elsa's event names (<c>Started</c>, <c>Completed</c>, <c>Faulted</c>, <c>Suspended</c>, <c>Resumed</c>) and ours (<see cref="JournalEvents"/>).</param>
/// <param name="Message">For people; null when the event says it all.</param>
/// <param name="Payload">Inputs with an intent, outputs with an outcome; never a secret.</param>
/// <param name="Worker">The worker that wrote it.</param>
/// <param name="Generation">The lease generation under which it was written.</param>
public sealed record JournalEntry(
    long Sequence,
    DateTimeOffset At,
    long? ExecutionNumber,
    string? NodeId,
    string Event,
    string? Message,
    JsonObject? Payload,
    string Worker,
    long Generation);

/// <summary>Names of journal events.</summary>
public static class JournalEvents
{
    public const string RunCreated = "Run created";
    public const string RunClaimed = "Run claimed";
    public const string RunStatus = "Run status";
    public const string Started = "Started";
    public const string Resumed = "Resumed";
    public const string Suspended = "Suspended";
    public const string Completed = "Completed";
    public const string Faulted = "Faulted";
    public const string Canceled = "Canceled";

    /// <summary>The intent of an effect, with its frozen inputs: written before the effect starts.</summary>
    public const string Intent = "Intent";

    /// <summary>What a step with an intent and no outcome was found to be.</summary>
    public const string Reconciled = "Reconciled";

    public const string UndoIntent = "Undo intent";
    public const string Undone = "Undone";
    public const string UndoFailed = "Undo failed";

    /// <summary>A completed step that has no undo, with its written reason.</summary>
    public const string NotUndone = "Not undone";

    /// <summary>The intent to make a completed part of the run final.</summary>
    public const string ConfirmIntent = "Confirm intent";

    /// <summary>A completed part of the run was made final; it will not be undone.</summary>
    public const string Confirmed = "Confirmed";

    /// <summary>The run changes nothing outside of itself; its first entry.</summary>
    public const string DryRun = "Dry run";

    /// <summary>What a dry run left out, with the inputs that it would have used and what was taken for its outcome.</summary>
    public const string NotDone = "Not done (dry run)";

    /// <summary>A wait that a dry run passed at once.</summary>
    public const string NotWaited = "Not waited (dry run)";

    /// <summary>A wish from outside: cancel, retry, resume.</summary>
    public const string Stimulus = "Stimulus";
}
