using System.Globalization;
using Runbooks.Workflows.Library;
using Runbooks.Workflows.Library.Diff;

namespace Runbooks.Server.Library;

/// <summary>What people ask about the versions of a runbook, from API and console.</summary>
public sealed class VersionDesk(IRunbookLibrary library)
{
    /// <summary>Words that stand for a version.</summary>
    public const string Words = "a number, 'latest', 'published', 'draft' or 'shipped'";

    /// <summary>Null when there is no such runbook.</summary>
    public async Task<RunbookVersionsView?> VersionsAsync(string id, CancellationToken cancellationToken)
    {
        var versions = await library.ListAsync(id, cancellationToken);
        if (versions.Count == 0)
        {
            return null;
        }

        var shipped = await library.ShippedAsync(id, cancellationToken) is [var one, ..] ? one : null;
        var isLive = shipped is not null && versions.Any(v => v is { State: VersionState.Published, IsShipped: true } && v.Json == shipped.Json);
        return new RunbookVersionsView(
            id,
            RunbookOutline.Of(versions[^1]).Name,
            [.. versions.OrderByDescending(v => v.Version).Select(VersionView.Of)],
            shipped is null || isLive ? null : new ShippedView(shipped.Source, shipped.Product.ToString()));
    }

    /// <summary>The JSON of a version by its number or a word; null when there is none.</summary>
    public async Task<RunbookVersion?> FindAsync(string id, string word, CancellationToken cancellationToken)
    {
        if (int.TryParse(word, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number))
        {
            return await library.FindAsync(new VersionId(id, number), cancellationToken);
        }

        if (string.Equals(word, "shipped", StringComparison.OrdinalIgnoreCase))
        {
            return await library.ShippedAsync(id, cancellationToken) is [var shipped, ..]
                ? new RunbookVersion(id, 0, VersionState.Superseded, false, shipped.Json, 0, true, default, default, shipped.Source, null)
                : null;
        }

        var versions = await library.ListAsync(id, cancellationToken);
        return word.ToUpperInvariant() switch
        {
            "" or "LATEST" => versions.FirstOrDefault(v => v.IsLatest),
            "PUBLISHED" => versions.FirstOrDefault(v => v.State == VersionState.Published),
            "DRAFT" => versions.FirstOrDefault(v => v.State == VersionState.Draft),
            _ => null,
        };
    }

    /// <summary>Null when one of them does not exist.</summary>
    public async Task<DiffView?> DiffAsync(string id, string from, string to, CancellationToken cancellationToken)
    {
        if (await FindAsync(id, from, cancellationToken) is not { } before || await FindAsync(id, to, cancellationToken) is not { } after)
        {
            return null;
        }

        var diff = DefinitionDiffer.Of(before.Json, after.Json);
        return new DiffView(id, from, to, diff.IsLayoutOnly, [.. diff.Changes.OrderBy(c => c.IsLayout).Select(ChangeView.Of)]);
    }
}
