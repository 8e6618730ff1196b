using System.Reflection;

namespace Runbooks.Server.Tests.Fixture;

/// <summary>Where things are, as the build knows.</summary>
internal static class Place
{
    public static string Repository { get; } = Metadata("RepositoryRoot");

    public static string Cli { get; } = Metadata("Cli");

    private static string Metadata(string key) =>
        typeof(Place).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().First(a => a.Key == key).Value!;
}
