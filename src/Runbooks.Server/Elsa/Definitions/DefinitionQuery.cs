using System.Globalization;
using Runbooks.Workflows.Library;

namespace Runbooks.Server.Elsa.Definitions;

/// <summary>Which versions Studio asks for; an empty text is no filter.</summary>
internal sealed record VersionOptions(string Text)
{
    public static VersionOptions Of(HttpRequest request, string usual) =>
        new(request.Query.TryGetValue("versionOptions", out var said) ? said.ToString() : usual);

    /// <summary>Whether versions that are neither the latest nor published may be among them.</summary>
    public bool ReachesBack => Text.Length == 0 || Text.Equals("AllVersions", StringComparison.OrdinalIgnoreCase) || Number is not null;

    private int? Number => int.TryParse(Text, CultureInfo.InvariantCulture, out var number) ? number : null;

    public bool Admits(RunbookVersion version) => Text.ToUpperInvariant() switch
    {
        "" or "ALLVERSIONS" => true,
        "DRAFT" => version.IsLatest && version.State != VersionState.Published,
        "LATEST" => version.IsLatest,
        "PUBLISHED" => version.State == VersionState.Published,
        "LATESTORPUBLISHED" => version.IsLatest || version.State == VersionState.Published,
        "LATESTANDPUBLISHED" => version is { IsLatest: true, State: VersionState.Published },
        _ => version.Version == Number,
    };
}

/// <summary>The list of definitions that Studio asks for.</summary>
internal sealed record DefinitionQuery(
    VersionOptions Versions,
    IReadOnlySet<string> DefinitionIds,
    IReadOnlySet<string> Ids,
    string? SearchTerm,
    bool? IsSystem,
    string OrderBy,
    bool Descending,
    int Page,
    int? PageSize)
{
    public static DefinitionQuery Of(HttpRequest request)
    {
        var query = request.Query;
        return new DefinitionQuery(
            VersionOptions.Of(request, ""),
            Texts("DefinitionIds"),
            Texts("Ids"),
            query["SearchTerm"].ToString().Trim() is { Length: > 0 } term ? term : null,
            bool.TryParse(query["IsSystem"], out var system) ? system : null,
            query["OrderBy"].ToString() is { Length: > 0 } order ? order : "Name",
            query["OrderDirection"].ToString().Equals("Descending", StringComparison.OrdinalIgnoreCase),
            int.TryParse(query["Page"], CultureInfo.InvariantCulture, out var page) ? Math.Max(0, page) : 0,
            int.TryParse(query["PageSize"], CultureInfo.InvariantCulture, out var size) && size > 0 ? size : null);

        IReadOnlySet<string> Texts(string name) => query[name].OfType<string>().Where(t => t.Length > 0).ToHashSet(StringComparer.Ordinal);
    }

    /// <summary>Whether versions that are neither the latest nor published may be asked for.</summary>
    public bool ReachesBack => Versions.ReachesBack || Ids.Count > 0;

    /// <summary>The page, and how many there are on all pages.</summary>
    public (IReadOnlyList<(RunbookVersion Version, RunbookOutline Outline)> Page, int Total) Of(IEnumerable<RunbookVersion> versions)
    {
        var found = versions
            .Where(v => Versions.Admits(v) && (DefinitionIds.Count == 0 || DefinitionIds.Contains(v.DefinitionId)) && (Ids.Count == 0 || Ids.Contains(v.Id.ToString())))
            .Select(v => (Version: v, Outline: RunbookOutline.Of(v)))
            .Where(v => (IsSystem is null || v.Outline.IsSystem == IsSystem) && (SearchTerm is null || Mentions(v.Version, v.Outline, SearchTerm)))
            .ToList();
        var ordered = OrderBy.ToUpperInvariant() switch
        {
            "CREATED" or "CREATEDAT" => Sorted(v => v.Version.CreatedAt),
            "VERSION" => Sorted(v => v.Version.Version),
            _ => Sorted(v => v.Outline.Name.ToUpperInvariant()),
        };
        var page = PageSize is { } size ? ordered.Skip((int)Math.Min(int.MaxValue, (long)Page * size)).Take(size) : ordered;
        return ([.. page], found.Count);

        IEnumerable<(RunbookVersion Version, RunbookOutline Outline)> Sorted<T>(Func<(RunbookVersion Version, RunbookOutline Outline), T> key) =>
            (Descending ? found.OrderByDescending(key) : found.OrderBy(key)).ThenBy(v => v.Version.DefinitionId, StringComparer.Ordinal).ThenBy(v => v.Version.Version);
    }

    private static bool Mentions(RunbookVersion version, RunbookOutline outline, string term) =>
        new[] { outline.Name, outline.Description, version.DefinitionId }.Any(t => t.Contains(term, StringComparison.OrdinalIgnoreCase));
}
