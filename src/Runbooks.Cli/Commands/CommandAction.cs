using System.CommandLine;
using System.Text.Json.Nodes;
using Runbooks.Cli.Api;
using Runbooks.Cli.Output;

namespace Runbooks.Cli.Commands;

/// <summary>What a command has when it runs.</summary>
internal sealed record CommandScope(FleetApi Api, bool Json, ParseResult Parsed);

internal static class CommandAction
{
    /// <summary>Runs a command against the server; what goes wrong is one sentence on standard error and an exit code.</summary>
    public static void Does(this Command command, Func<CommandScope, CancellationToken, Task<int>> act) => command.SetAction(async (parsed, cancellationToken) =>
    {
        var address = parsed.GetValue(CommonOptions.Server)!;
        if (!Uri.TryCreate(address, UriKind.Absolute, out var server) || server.Scheme is not ("http" or "https"))
        {
            Terminal.Error($"'{address}' is not the address of a server; write it like {CommonOptions.UsualServer}.");
            return ExitCode.Usage;
        }

        using var api = new FleetApi(server);
        try
        {
            return await act(new CommandScope(api, parsed.GetValue(CommonOptions.Json), parsed), cancellationToken);
        }
        catch (ApiFailure e)
        {
            Terminal.Error(e.Message);
            return e.ExitCode;
        }
        catch (OperationCanceledException)
        {
            return ExitCode.Failed;
        }
    });

    /// <summary>A list: as JSON for programs, else a line for each item, or one that says that there is none.</summary>
    public static void Show(this CommandScope scope, JsonArray items, Func<JsonNode, string> line, string none)
    {
        if (scope.Json)
        {
            Terminal.Json(items);
            return;
        }

        foreach (var item in items.OfType<JsonNode>())
        {
            Terminal.Line(line(item));
        }

        if (items.Count == 0)
        {
            Terminal.Line(none);
        }
    }
}
