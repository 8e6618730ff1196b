using System.Text.Json.Nodes;
using Runbooks.Workflows.Runs;

namespace Runbooks.Workflows.Journal;

/// <summary>
/// Everything that one step of progress changes, written in one transaction: the head, the steps that changed, bookmarks,
/// journal, messages to other runs, child runs, and messages to the world (outbox).
/// </summary>
public sealed record RunCommit(Run Run, RunClaim Claim)
{
    /// <summary>Steps to insert or overwrite, by their number.</summary>
    public IReadOnlyList<ActivityExecution> Executions { get; init; } = [];

    /// <summary>
    /// Numbers of those <see cref="Executions"/> that the store does not have yet, or whose inputs have changed. Of the others
    /// its inputs stay as they are and are not written again. Null: not known, all are written whole.
    /// </summary>
    public IReadOnlySet<long>? NewExecutions { get; init; }

    public IReadOnlyList<Bookmark> AddedBookmarks { get; init; } = [];

    public IReadOnlyList<string> RemovedBookmarkIds { get; init; } = [];

    public IReadOnlyList<JournalEntry> Journal { get; init; } = [];

    /// <summary>Stimuli of this run that are applied with this commit and leave its inbox.</summary>
    public IReadOnlyList<string> AppliedStimulusIds { get; init; } = [];

    /// <summary>Events that the run was given and did not use, by their ids: they go to whoever waits for them, or are kept again.</summary>
    public IReadOnlyList<string> ReturnedEventIds { get; init; } = [];

    /// <summary>Stimuli for other runs (a child tells its parent). One for a run that is unknown or at its end is dropped.</summary>
    public IReadOnlyList<Stimulus> Stimuli { get; init; } = [];

    /// <summary>
    /// Child runs to create. One whose idempotency key exists is left as it is; one that may not start while another is open
    /// is written as cancelled, with the reason, and its parent is told.
    /// </summary>
    public IReadOnlyList<Run> NewRuns { get; init; } = [];

    /// <summary>Messages to be published after the commit, at least once, in order.</summary>
    public IReadOnlyList<OutgoingMessage> Messages { get; init; } = [];

    /// <summary>True when the run had no bookmark and no stimulus when it was claimed, and none since: nothing of that kind has to be taken away at its end.</summary>
    public bool NeverWaited { get; init; }

    /// <summary>True: the worker lets go of the run with this commit, because it waits or has ended.</summary>
    public bool ReleaseLease { get; init; }

    /// <summary>
    /// Journal numbers go on where the stored run stopped, without a gap, and the head counts on behind them. A store checks
    /// this within the transaction, so that the same commit sent twice cannot write twice.
    /// </summary>
    /// <exception cref="InvalidOperationException">They do not; nothing may be written.</exception>
    public void RequireUnbrokenJournal(long storedNextSequence)
    {
        var expected = storedNextSequence;
        foreach (var entry in Journal)
        {
            if (entry.Sequence != expected)
            {
                throw BrokenJournal(storedNextSequence);
            }

            expected++;
        }

        if (Run.NextJournalSequence != expected)
        {
            throw BrokenJournal(storedNextSequence);
        }
    }

    private InvalidOperationException BrokenJournal(long storedNextSequence) =>
        new($"The journal of run {Run.Id} goes on at {storedNextSequence}, but the commit brings [{string.Join(", ", Journal.Select(e => e.Sequence))}] and leaves the next number at {Run.NextJournalSequence}. Nothing was written; the run has to be loaded again.");
}

/// <summary>What a worker asks for when it asks for work.</summary>
/// <param name="Worker">Its name.</param>
/// <param name="Lease">How long the claim lasts without being renewed.</param>
/// <param name="Except">Versions that it leaves to others.</param>
public sealed record ClaimWish(string Worker, TimeSpan Lease, IReadOnlyCollection<Definitions.DefinitionVersion> Except);

/// <summary>A message for the outbox.</summary>
/// <param name="Type">Its kind, such as <c>run-status-changed</c>.</param>
/// <param name="Body">Its content.</param>
public sealed record OutgoingMessage(string Type, JsonObject Body);

/// <summary>The right to change a run: held by one worker until it lets go or its lease expires by the database's clock.</summary>
/// <param name="RunId">The run.</param>
/// <param name="Worker">The worker that holds it.</param>
/// <param name="Generation">Grows with every claim. A write or an effect under an older generation is refused.</param>
public sealed record RunClaim(RunId RunId, string Worker, long Generation);

/// <summary>The lease was lost: somebody else owns the run. What was to be written is not written.</summary>
public sealed class LeaseLostException : Exception
{
    public LeaseLostException(RunClaim claim)
        : base($"Worker {claim?.Worker} no longer owns run {claim?.RunId} (its generation was {claim?.Generation}); nothing was written. Another worker goes on with it.")
    {
    }
}
