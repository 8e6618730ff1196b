using Runbooks.Workflows.Library;
using Runbooks.Workflows.Library.Diff;

namespace Runbooks.Server.Library;

/// <summary>One version of a runbook.</summary>
/// <param name="Id">As Elsa names it.</param>
/// <param name="IsShipped">It came with the product or from the folder of runbooks, unchanged.</param>
/// <param name="ChangedBy">Who saved or published it: a person, or the file that it came from.</param>
public sealed record VersionView(int Version, string Id, VersionState State, bool IsLatest, bool IsShipped, DateTimeOffset CreatedAt, DateTimeOffset ChangedAt, string ChangedBy, string? Reason)
{
    /// <summary>Right after it was published: what became of the runbooks that have it built in. Null otherwise, and when none was to follow.</summary>
    public Workflows.Library.ConsumersUpdate? Consumers { get; init; }

    public static VersionView Of(RunbookVersion version)
    {
        ArgumentNullException.ThrowIfNull(version);
        return new VersionView(version.Version, version.Id.ToString(), version.State, version.IsLatest, version.IsShipped, version.CreatedAt, version.ChangedAt, version.ChangedBy, version.Reason);
    }
}

/// <summary>The definition that was shipped, where another one is published or none.</summary>
/// <param name="Source">The file.</param>
/// <param name="Product">The version of the product that it came with.</param>
public sealed record ShippedView(string Source, string Product);

/// <summary>All versions of a runbook, newest first.</summary>
/// <param name="Shipped">Null when what was shipped is what is published, or when nothing was shipped.</param>
public sealed record RunbookVersionsView(string Runbook, string Name, IReadOnlyList<VersionView> Versions, ShippedView? Shipped);

/// <summary>The differences between two versions.</summary>
/// <param name="IsLayoutOnly">What happens is the same; only the picture differs, if anything.</param>
public sealed record DiffView(string Runbook, string From, string To, bool IsLayoutOnly, IReadOnlyList<ChangeView> Changes);

/// <summary>One difference; <paramref name="Text"/> says it in one line.</summary>
public sealed record ChangeView(ChangeKind Kind, string Subject, string Id, string Title, string? Type, string? Field, System.Text.Json.Nodes.JsonNode? From, System.Text.Json.Nodes.JsonNode? To, bool IsLayout, string Text)
{
    public static ChangeView Of(DefinitionChange change)
    {
        ArgumentNullException.ThrowIfNull(change);
        return new ChangeView(change.Kind, change.Subject, change.Id, change.Title, change.Type, change.Field, change.From, change.To, change.IsLayout, change.ToString());
    }
}
