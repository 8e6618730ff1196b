using Runbooks.Activities;
using Runbooks.Workflows.Activities;
using Runbooks.Workflows.Definitions;
using Runbooks.Workflows.Journal.InMemory;
using Runbooks.Workflows.Library.Diff;

namespace Runbooks.Cli.Definitions;

/// <summary>What a server would say of definitions, without one.</summary>
internal static class OfflineCheck
{
    /// <summary>
    /// The problems of each file. Files beside them are read too, because definitions use each other, and what is wrong with
    /// those is not told.
    /// </summary>
    public static async Task<IReadOnlyList<(string File, string? Activity, string Message)>> ProblemsAsync(IReadOnlyList<(string Path, string Text)> files, CancellationToken cancellationToken)
    {
        var sources = files.ToList();
        foreach (var folder in files.Select(f => Path.GetDirectoryName(Path.GetFullPath(f.Path))!).Distinct(StringComparer.Ordinal))
        {
            foreach (var beside in Directory.EnumerateFiles(folder, "*.json").Where(b => files.All(f => Path.GetFullPath(f.Path) != b)).Order(StringComparer.Ordinal))
            {
                sources.Add((beside, await DefinitionFiles.TextAsync(beside, cancellationToken)));
            }
        }

        var registry = ActivityRegistry.WithElsaActivities().AddFleetActivities();
        var catalog = new DefinitionCatalog(new InMemoryDefinitionStore(TimeProvider.System), new DefinitionReader(registry));
        var problems = await catalog.LoadAsync(sources, cancellationToken);
        return [.. problems.Where(p => files.Any(f => f.Path == p.Source)).Select(p => (p.Source, p.ActivityId, p.Message))];
    }

    /// <summary>The differences, a line each; what is only drawn otherwise comes last.</summary>
    /// <exception cref="System.Text.Json.JsonException">One of them is not JSON.</exception>
    public static (IReadOnlyList<string> Lines, bool IsLayoutOnly) Differences(string from, string to)
    {
        var diff = DefinitionDiffer.Of(from, to);
        return ([.. diff.Changes.OrderBy(c => c.IsLayout).Select(c => c.IsLayout ? $"{c} (layout)" : c.ToString())], diff.IsLayoutOnly);
    }
}
