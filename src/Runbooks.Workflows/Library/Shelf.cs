using Runbooks.Workflows.Definitions;
using Runbooks.Workflows.Journal;

namespace Runbooks.Workflows.Library;

/// <summary>A draft as it is stored. It has no number of its own: that follows from what is published.</summary>
public sealed record ShelfDraft(string Json, long Revision, DateTimeOffset CreatedAt, DateTimeOffset ChangedAt, string ChangedBy, string? Reason);

/// <summary>All that decides what may be done to one runbook: read, changed and written in one transaction.</summary>
/// <param name="DefinitionId">The runbook.</param>
/// <param name="Revision">Where the counter is.</param>
/// <param name="IsRetracted">Nothing is started, although versions were published.</param>
/// <param name="IsDeleted">It is in no list.</param>
/// <param name="Draft">The draft.</param>
/// <param name="Newest">The version with the highest number; null when none was ever published.</param>
/// <param name="NewestProduct">The newest product that has published any version.</param>
/// <param name="Shipped">The newest definition that came from a file.</param>
public sealed record Shelf(
    string DefinitionId,
    long Revision,
    bool IsRetracted,
    bool IsDeleted,
    ShelfDraft? Draft,
    StoredDefinition? Newest,
    ProductVersion? NewestProduct,
    ShippedRunbook? Shipped)
{
    public static Shelf Empty(string definitionId) => new(definitionId, 0, false, false, null, null, null, null);

    /// <summary>The number that the draft will have when it is published.</summary>
    public int NextVersion => (Newest?.Version ?? 0) + 1;

    /// <summary>Whether the newest version is started.</summary>
    public bool IsLive => Newest is not null && !IsRetracted && !IsDeleted;

    /// <summary>The draft as people see it.</summary>
    public RunbookVersion? DraftVersion => Draft is null ? null : new RunbookVersion(
        DefinitionId, NextVersion, VersionState.Draft, IsLatest: true, Draft.Json, Draft.Revision, IsShipped: false, Draft.CreatedAt, Draft.ChangedAt, Draft.ChangedBy, Draft.Reason);

    /// <summary>A published version as people see it.</summary>
    public RunbookVersion VersionOf(StoredDefinition stored)
    {
        ArgumentNullException.ThrowIfNull(stored);
        var isNewest = stored.Version == Newest?.Version;
        var isLatest = isNewest && Draft is null;
        return new RunbookVersion(
            DefinitionId,
            stored.Version,
            isNewest && IsLive ? VersionState.Published : VersionState.Superseded,
            isLatest,
            stored.Json,
            isLatest ? Revision : stored.Revision,
            stored.IsShipped,
            stored.PublishedAt,
            stored.PublishedAt,
            stored.PublishedBy ?? stored.Source,
            stored.Reason);
    }
}

/// <summary>Drafts as they were when runs were started on them.</summary>
public static class KeptDrafts
{
    public static RunbookVersion VersionOf(StoredDefinition kept)
    {
        ArgumentNullException.ThrowIfNull(kept);
        return new RunbookVersion(
            kept.DefinitionId, kept.Version, VersionState.Draft, IsLatest: false, kept.Json, kept.Revision, IsShipped: false, kept.PublishedAt, kept.PublishedAt, kept.PublishedBy ?? kept.Source, null);
    }
}

/// <summary>What a decision changes; written whole or not at all.</summary>
/// <param name="After">The runbook after it.</param>
/// <param name="Added">The version that it publishes.</param>
/// <param name="Entry">What the history says; null for what servers do by themselves.</param>
public sealed record ShelfChange(Shelf After, StoredDefinition? Added, LibraryEntry? Entry)
{
    /// <summary>The product that the newest version, added or not, ships with.</summary>
    public ProductVersion? Product { get; init; }
}
