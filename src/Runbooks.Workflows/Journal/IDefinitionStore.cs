using Runbooks.Workflows.Definitions;

namespace Runbooks.Workflows.Journal;

/// <summary>One published, immutable version of a runbook.</summary>
/// <param name="DefinitionId">The runbook.</param>
/// <param name="Version">From 1.</param>
/// <param name="ContentHash">SHA-256 of the canonical JSON, hexadecimal.</param>
/// <param name="Json">The definition in Elsa 3's format.</param>
/// <param name="Source">Where it came from: a file name, or who published it.</param>
/// <param name="PublishedAt">When.</param>
public sealed record StoredDefinition(string DefinitionId, int Version, string ContentHash, string Json, string Source, DateTimeOffset PublishedAt)
{
    /// <summary>It came with the product or from the folder of runbooks; false for what a person has made.</summary>
    public bool IsShipped { get; init; } = true;

    /// <summary>Who published it; null when a server did, from a file.</summary>
    public string? PublishedBy { get; init; }

    /// <summary>Why, when they said.</summary>
    public string? Reason { get; init; }

    /// <summary>Where the counter of the library was when it was published; see <see cref="Library.RunbookVersion.Revision"/>.</summary>
    public long Revision { get; init; }
}

/// <summary>
/// Published versions. A version never changes: a run stays on the one that it was started with. What people have retracted
/// or deleted is found by its number alone.
/// </summary>
public interface IDefinitionStore
{
    /// <summary>
    /// Publishes a definition: when the latest version has the same content hash it is returned as it is, else a new version
    /// with the next number is stored. Safe when several workers publish the same files at the same moment. Returned is the
    /// version with the highest number, live or not.
    /// </summary>
    /// <param name="definitionId">The runbook.</param>
    /// <param name="contentHash">SHA-256 of the canonical JSON, hexadecimal.</param>
    /// <param name="json">The definition.</param>
    /// <param name="source">Where it comes from.</param>
    /// <param name="product">
    /// The product that the definition ships with. When a newer product has published any version of this runbook, nothing is
    /// stored and the latest is returned: a server that lags behind in an upgrade brings nothing old back. Nor is it stored
    /// over what a person has published, retracted or deleted; the library offers it then. Null: a person publishes, and
    /// that always counts.
    /// </param>
    /// <param name="cancellationToken">Ends the attempt.</param>
    Task<StoredDefinition> PublishAsync(string definitionId, string contentHash, string json, string source, ProductVersion? product, CancellationToken cancellationToken);

    /// <summary>The version that is started; null when there is none, or none any more.</summary>
    Task<StoredDefinition?> LatestAsync(string definitionId, CancellationToken cancellationToken);

    /// <summary>A version by number; below zero: what a draft was when a run was started on it.</summary>
    Task<StoredDefinition?> FindAsync(string definitionId, int version, CancellationToken cancellationToken);

    /// <summary>The version of each runbook that is started, by definition id.</summary>
    Task<IReadOnlyList<StoredDefinition>> ListLatestAsync(CancellationToken cancellationToken);

    /// <summary>The number of the version of each runbook that is started: cheap enough to be asked for every few seconds.</summary>
    Task<IReadOnlyList<DefinitionVersion>> LatestVersionsAsync(CancellationToken cancellationToken);
}
