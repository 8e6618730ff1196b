namespace Runbooks.Workflows.Library;

/// <summary>
/// Runbooks as people edit them: drafts beside published versions, and who did what. The engine reads published versions
/// through <see cref="Journal.IDefinitionStore"/>, over the same tables. Each change is one transaction with its entry in
/// the history; changes of one runbook take turns, on all servers.
/// </summary>
public interface IRunbookLibrary
{
    /// <summary>Every version of every runbook that was not deleted, or of one; by runbook, then by number.</summary>
    Task<IReadOnlyList<RunbookVersion>> ListAsync(string? definitionId, CancellationToken cancellationToken);

    /// <summary>The same without versions that are neither the latest nor published: what lists need.</summary>
    Task<IReadOnlyList<RunbookVersion>> ListCurrentAsync(CancellationToken cancellationToken);

    /// <summary>
    /// One version by number, also of a runbook that was deleted; the draft has a number too, and what a draft was when it was
    /// kept one below zero. Null when there is none.
    /// </summary>
    Task<RunbookVersion?> FindAsync(VersionId id, CancellationToken cancellationToken);

    /// <summary>The version with the highest number, which is the draft when there is one. Null when there is none, or when it was deleted.</summary>
    Task<RunbookVersion?> LatestAsync(string definitionId, CancellationToken cancellationToken);

    /// <summary>Makes or overwrites drafts: all, or none.</summary>
    /// <param name="drafts">At most one of each runbook.</param>
    /// <param name="editor">Who, and why.</param>
    /// <param name="verb">What the history calls it.</param>
    /// <param name="cancellationToken">Ends the attempt.</param>
    /// <returns>In the order of <paramref name="drafts"/>.</returns>
    /// <exception cref="LostUpdateException">One of them is at another revision.</exception>
    Task<IReadOnlyList<RunbookVersion>> SaveDraftsAsync(IReadOnlyList<DraftToSave> drafts, Editor editor, string verb, CancellationToken cancellationToken);

    /// <summary>Makes the draft the published version. Null when there is no draft at that revision.</summary>
    Task<RunbookVersion?> PublishDraftAsync(string definitionId, long revision, string contentHash, string json, Editor editor, CancellationToken cancellationToken);

    /// <summary>The newest version that was published and then retracted is started again. Null when there is none.</summary>
    Task<RunbookVersion?> PublishAgainAsync(string definitionId, Editor editor, CancellationToken cancellationToken);

    /// <summary>No version is started any more until one is published again. False when none was published.</summary>
    Task<bool> RetractAsync(string definitionId, Editor editor, CancellationToken cancellationToken);

    /// <summary>Throws the draft away. False when there is none.</summary>
    Task<bool> DiscardDraftAsync(string definitionId, Editor editor, CancellationToken cancellationToken);

    /// <summary>Takes a runbook out of every list; its versions stay for the runs that are on them. False when there is none.</summary>
    Task<bool> DeleteAsync(string definitionId, Editor editor, CancellationToken cancellationToken);

    /// <summary>
    /// Publishes the shipped definition over what people have made of it, and from then on follows the shipped one again; a
    /// draft stays. Null when nothing was shipped, or when it is what is published.
    /// </summary>
    Task<RunbookVersion?> RestoreAsync(string definitionId, Editor editor, CancellationToken cancellationToken);

    /// <summary>What was shipped, of a runbook or of all, deleted ones included.</summary>
    Task<IReadOnlyList<ShippedRunbook>> ShippedAsync(string? definitionId, CancellationToken cancellationToken);

    /// <summary>
    /// Keeps the draft as it is at this moment for a run that starts on it, and returns the version below zero by which
    /// <see cref="Journal.IDefinitionStore.FindAsync"/> finds it. Null when there is no draft.
    /// </summary>
    Task<VersionId?> KeepDraftAsync(string definitionId, CancellationToken cancellationToken);

    /// <summary>What was done to a runbook, or to all, newest first.</summary>
    Task<IReadOnlyList<LibraryEntry>> HistoryAsync(string? definitionId, int limit, CancellationToken cancellationToken);
}

public static class RunbookLibraries
{
    /// <summary>Makes or overwrites one draft.</summary>
    /// <exception cref="LostUpdateException">It is at another revision.</exception>
    public static async Task<RunbookVersion> SaveDraftAsync(this IRunbookLibrary library, string definitionId, string json, long? seenRevision, Editor editor, string verb, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(library);
        return (await library.SaveDraftsAsync([new DraftToSave(definitionId, json, seenRevision)], editor, verb, cancellationToken))[0];
    }
}
