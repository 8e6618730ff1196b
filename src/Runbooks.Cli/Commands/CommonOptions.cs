using System.CommandLine;

namespace Runbooks.Cli.Commands;

/// <summary>Options that every command has.</summary>
internal static class CommonOptions
{
    public const string UsualServer = "http://127.0.0.1:5080";

    public static Option<string> Server { get; } = new("--server")
    {
        Description = $"Address of the server. Default: RUNBOOKS_SERVER, else {UsualServer}.",
        Recursive = true,
        DefaultValueFactory = _ => Environment.GetEnvironmentVariable("RUNBOOKS_SERVER") is { Length: > 0 } url ? url : UsualServer,
    };

    public static Option<bool> Json { get; } = new("--json") { Description = "Write JSON for programs.", Recursive = true };

    public static Option<string> Reason { get; } = new("--reason") { Description = "Why; kept in the run's history." };
}
