using Runbooks.Cli.Api;

namespace Runbooks.Cli.Definitions;

/// <summary>Definitions in files, as the command line is given them.</summary>
internal static class DefinitionFiles
{
    /// <summary>The files that are named, and all <c>*.json</c> of folders that are named.</summary>
    /// <exception cref="ApiFailure">One can't be read.</exception>
    public static async Task<IReadOnlyList<(string Path, string Text)>> ReadAsync(IEnumerable<string> paths, CancellationToken cancellationToken)
    {
        var found = new List<(string, string)>();
        foreach (var path in paths.SelectMany(FilesOf).Distinct(StringComparer.Ordinal))
        {
            found.Add((path, await TextAsync(path, cancellationToken)));
        }

        return found.Count > 0 ? found : throw new ApiFailure("There is no *.json in the folders that were named.", ExitCode.Usage);
    }

    /// <exception cref="ApiFailure">It can't be read.</exception>
    public static async Task<string> TextAsync(string path, CancellationToken cancellationToken)
    {
        try
        {
            return await File.ReadAllTextAsync(path, cancellationToken);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new ApiFailure($"{path} can't be read: {e.Message}", ExitCode.Usage);
        }
    }

    private static IEnumerable<string> FilesOf(string path) =>
        Directory.Exists(path) ? Directory.EnumerateFiles(path, "*.json").Order(StringComparer.Ordinal) : [path];
}
