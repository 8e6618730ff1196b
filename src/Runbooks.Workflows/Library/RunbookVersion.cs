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
/// Counts what changed the newest version of a runbook; never used twice. Of the newest version it is where the counter
/// is, of an older one where it was then. It travels through the designer and back in
/// <c>customProperties["runbooks:revision"]</c>, and a save that carries an older one is refused. 0 until somebody saves.
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

/// <summary>Another one has changed the runbook in between; nothing was written.</summary>
/// <param name="there">What is there now.</param>
public sealed class LostUpdateException(Shelf there) : Exception(Text(there))
{
    /// <summary>The newest version that is there now; null when it was deleted, or never was.</summary>
    public RunbookVersion? Current { get; } = Newest(there);

    private static RunbookVersion? Newest(Shelf there) =>
        there.IsDeleted ? null : there.DraftVersion ?? (there.Newest is null ? null : there.VersionOf(there.Newest));

    private static string Text(Shelf there) => Newest(there) is { } current
        ? $"'{there.DefinitionId}' was changed by {current.ChangedBy} in the meantime (it is at revision {there.Revision} now). Reload the page to see it, and make the change again; nothing of it was saved."
        : $"'{there.DefinitionId}' is not there any more: somebody has deleted it in the meantime. Export what is before you and import it, if it should come back; nothing of it was saved.";
}

/// <summary>A draft to be written.</summary>
/// <param name="DefinitionId">The runbook; a new one when there is none of this id.</param>
/// <param name="Json">The definition, as it should be stored.</param>
/// <param name="SeenRevision">The revision that the editor had before them; null: whatever is there (an import).</param>
public sealed record DraftToSave(string DefinitionId, string Json, long? SeenRevision);

/// <summary>The newest definition of a runbook that came with the product or from the folder of runbooks, published or not.</summary>
public sealed record ShippedRunbook(string DefinitionId, string ContentHash, string Json, string Source, ProductVersion Product);
