using System.Reflection;

namespace Runbooks.Architecture;

/// <summary>The rooms of the solution as they were built.</summary>
internal static class Room
{
    public static string Repository { get; } =
        typeof(Room).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().First(a => a.Key == "RepositoryRoot").Value!;

    /// <summary>Names of the assemblies that a room's code uses.</summary>
    public static IReadOnlyList<string> ReferencesOf(string room) =>
        [.. Assembly.Load(room).GetReferencedAssemblies().Select(a => a.Name!).Order(StringComparer.Ordinal)];

    /// <summary>Source files that people wrote, relative to the repository.</summary>
    public static IEnumerable<string> Sources(string folder, params string[] extensions) =>
        Directory.EnumerateFiles(Path.Combine(Repository, folder), "*", SearchOption.AllDirectories)
            .Where(f => extensions.Contains(Path.GetExtension(f), StringComparer.Ordinal))
            .Select(f => Path.GetRelativePath(Repository, f))
            .Where(f => !f.Split('/').Any(part => part is "bin" or "obj"));
}
