using System.CommandLine;
using System.Text.Json.Nodes;
using Runbooks.Cli.Api;

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

    public static Option<string> Actor { get; } = new("--actor")
    {
        Description = "Who you are; kept in the history, and decides what you may do. Default: RUNBOOKS_ACTOR, else the name of your account.",
        DefaultValueFactory = _ => Environment.GetEnvironmentVariable("RUNBOOKS_ACTOR") is { Length: > 0 } name ? name : Environment.UserName,
    };

    /// <summary>The body of a request that says who asks and why.</summary>
    /// <exception cref="ApiFailure">There is no reason.</exception>
    public static JsonObject Signed(ParseResult parsed, string command) => parsed.GetValue(Reason) is { Length: > 0 } reason
        ? new JsonObject { ["actor"] = parsed.GetValue(Actor), ["reason"] = reason }
        : throw new ApiFailure($"Say why, for the run's history: {command} --reason \"…\"", ExitCode.Usage);
}
