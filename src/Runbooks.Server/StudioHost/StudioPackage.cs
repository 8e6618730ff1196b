using System.Collections.Frozen;
using System.Text.Json.Nodes;

namespace Runbooks.Server.StudioHost;

/// <summary>A file of Elsa Studio, and the compressed twins that came with it.</summary>
/// <param name="Path">Where it lies on this machine.</param>
/// <param name="ContentType">Its media type.</param>
/// <param name="Brotli">Where its brotli twin lies; null: there is none.</param>
/// <param name="Gzip">Where its gzip twin lies; null: there is none.</param>
public sealed record StudioFile(string Path, string ContentType, string? Brotli, string? Gzip);

/// <summary>
/// The files of Elsa Studio, which the build puts beside the server in the folder <c>studio</c>. They are listed once, when
/// the server starts, so that a request can only ever name one of them.
/// </summary>
public sealed class StudioPackage
{
    private const string BrotliEnding = ".br";
    private const string GzipEnding = ".gz";

    private static readonly FrozenDictionary<string, string> Types = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase)
    {
        [".css"] = "text/css",
        [".cur"] = "image/x-icon",
        [".dat"] = "application/octet-stream",
        [".ico"] = "image/x-icon",
        [".js"] = "text/javascript",
        [".json"] = "application/json",
        [".png"] = "image/png",
        [".ttf"] = "font/ttf",
        [".wasm"] = "application/wasm",
        [".webmanifest"] = "application/manifest+json",
        [".woff2"] = "font/woff2",
    }.ToFrozenDictionary(StringComparer.OrdinalIgnoreCase);

    private readonly FrozenDictionary<string, StudioFile> files;

    private StudioPackage(string version, FrozenDictionary<string, StudioFile> files)
    {
        Version = version;
        this.files = files;
    }

    /// <summary>The version of the package, such as 3.8.2; <c>none</c> when it was not built in.</summary>
    public string Version { get; }

    /// <summary>False where a program has the server in it without the designer, such as a test.</summary>
    public bool IsThere => files.Count > 0;

    /// <summary>Where its files are. The version is part of it, so that a file under a path never changes.</summary>
    public string Base => $"/studio/{Version}";

    public StudioFile? Find(string path) => files.GetValueOrDefault(path);

    public static StudioPackage Open(string folder)
    {
        if (!Directory.Exists(folder))
        {
            return new StudioPackage("none", FrozenDictionary<string, StudioFile>.Empty);
        }

        var all = Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories).ToHashSet(StringComparer.Ordinal);
        var version = JsonNode.Parse(File.ReadAllText(Path.Combine(folder, "package.json")))!["version"]!.GetValue<string>();
        return new StudioPackage(version, all
            .Where(f => Types.ContainsKey(Path.GetExtension(f)))
            .ToFrozenDictionary(
                f => Path.GetRelativePath(folder, f).Replace('\\', '/'),
                f => new StudioFile(f, Types[Path.GetExtension(f)], Twin(all, f + BrotliEnding), Twin(all, f + GzipEnding)),
                StringComparer.Ordinal));
    }

    private static string? Twin(HashSet<string> all, string path) => all.Contains(path) ? path : null;
}
