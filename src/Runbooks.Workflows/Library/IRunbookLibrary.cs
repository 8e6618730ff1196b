using Runbooks.Workflows.Definitions;

namespace Runbooks.Workflows.Library;

/// <summary>What a version of a runbook is at the moment.</summary>
public enum VersionState
{
    /// <summary>Being edited; it runs only dry. A runbook has at most one.</summary>
    Draft,

    /// <summary>The one that is started.</summary>
    Published,

    /// <summary>It was published once; runs may still be on it. It never changes.</summary>
    Superseded,
}

/// <summary>One version of a runbook, as people see it.</summary>
/// <param name="DefinitionId">The runbook.</param>
/// <param name="Version">From 1; a draft has the number that it will have when it is published.</param>
/// <param name="State">What it is at the moment.</param>
/// <param name="IsLatest">The highest number of its runbook.</param>
/// <param name="Json">The definition in Elsa's format.</param>
/// <param name="Revision">
/// Counts the saves of a runbook's drafts; never used twice. It travels through the designer and back in
/// <c>customProperties["runbooks:revision"]</c>, and a save that carries an older one is refused. 0 for what came from a file.
/// </param>
/// <param name="IsShipped">It came with the product or from the folder of runbooks, and nobody has changed it.</param>
/// <param name="CreatedAt">When the version was made.</param>
/// <param name="ChangedAt">When it was last saved, published or retracted.</param>
/// <param name="ChangedBy">Who did that.</param>
/// <param name="Reason">Why, when they said.</param>
public sealed record RunbookVersion(
    string DefinitionId,
    int Version,
    VersionState State,
    bool IsLatest,
    string Json,
    long Revision,
    bool IsShipped,
    DateTimeOffset CreatedAt,
    DateTimeOffset ChangedAt,
    string ChangedBy,
    string? Reason)
{
    public VersionId Id => new(DefinitionId, Version);
}

/// <summary>Something that a person did to a runbook. Entries are only ever added.</summary>
/// <param name="DefinitionId">The runbook.</param>
/// <param name="Version">Its version.</param>
/// <param name="At">When, by the store's clock.</param>
/// <param name="Verb">Saved, Published, Retracted, Reverted, Discarded, Deleted, Imported, Restored.</param>
/// <param name="Actor">Who.</param>
/// <param name="Reason">Why, when they said.</param>
/// <param name="ContentHash">SHA-256 of the definition that it is about, hexadecimal; null when it is about none.</param>
public sealed record LibraryEntry(string DefinitionId, int Version, DateTimeOffset At, string Verb, string Actor, string? Reason, string? ContentHash);

/// <summary>Who wants something of the library, and why.</summary>
public sealed record Editor(string Actor, string? Reason = null);

/// <summary>Another one has saved in between; nothing was written.</summary>
/// <param name="current">What is there now.</param>
public sealed class LostUpdateException(RunbookVersion current) : Exception(
    $"'{current.DefinitionId}' was changed by {current.ChangedBy} in the meantime (it is at revision {current.Revision} now). Reload the page to see it, and make the change again; nothing of it was saved.")
{
    public RunbookVersion Current { get; } = current;
}

/// <summary>
/// Runbooks as people edit them: drafts beside published versions, and who did what. The engine reads published versions
/// through <see cref="Journal.IDefinitionStore"/>, over the same tables.
/// </summary>
public interface IRunbookLibrary
{
    /// <summary>Every version of every runbook that was not deleted, or of one; without an order.</summary>
    Task<IReadOnlyList<RunbookVersion>> ListAsync(string? definitionId, CancellationToken cancellationToken);

    /// <summary>One version by number; the draft has one too. Null when there is none.</summary>
    Task<RunbookVersion?> FindAsync(VersionId id, CancellationToken cancellationToken);

    /// <summary>Makes or overwrites the draft.</summary>
    /// <param name="definitionId">The runbook.</param>
    /// <param name="json">The definition, its id and version as they should be stored.</param>
    /// <param name="seenRevision">The revision that the editor had before them; null: whatever is there (an import).</param>
    /// <param name="editor">Who, and why.</param>
    /// <param name="verb">What the history calls it.</param>
    /// <param name="cancellationToken">Ends the attempt.</param>
    /// <exception cref="LostUpdateException">It is at another revision.</exception>
    Task<RunbookVersion> SaveDraftAsync(string definitionId, string json, long? seenRevision, Editor editor, string verb, CancellationToken cancellationToken);

    /// <summary>Makes the draft the published version. Null when there is no draft at that revision.</summary>
    Task<RunbookVersion?> PublishDraftAsync(string definitionId, long revision, string contentHash, string json, Editor editor, CancellationToken cancellationToken);

    /// <summary>No version is started any more until one is published again. False when none was published.</summary>
    Task<bool> RetractAsync(string definitionId, Editor editor, CancellationToken cancellationToken);

    /// <summary>Throws the draft away. False when there is none.</summary>
    Task<bool> DiscardDraftAsync(string definitionId, Editor editor, CancellationToken cancellationToken);

    /// <summary>Takes a runbook out of every list; its versions stay for the runs that are on them. False when there is none.</summary>
    Task<bool> DeleteAsync(string definitionId, Editor editor, CancellationToken cancellationToken);

    /// <summary>
    /// Keeps the draft as it is at this moment for a run that starts on it, and returns the version below zero by which
    /// <see cref="Journal.IDefinitionStore.FindAsync"/> finds it. Null when there is no draft.
    /// </summary>
    Task<VersionId?> KeepDraftAsync(string definitionId, CancellationToken cancellationToken);

    /// <summary>What was done to a runbook, or to all, newest first.</summary>
    Task<IReadOnlyList<LibraryEntry>> HistoryAsync(string? definitionId, int limit, CancellationToken cancellationToken);
}
