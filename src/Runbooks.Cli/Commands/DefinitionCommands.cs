using System.CommandLine;
using System.Text.Json;
using System.Text.Json.Nodes;
using Runbooks.Cli.Api;
using Runbooks.Cli.Definitions;
using Runbooks.Cli.Output;
using Spectre.Console;

namespace Runbooks.Cli.Commands;

/// <summary>Commands about runbooks as files: for keeping them in version control.</summary>
internal static class DefinitionCommands
{
    public static Command Definitions() => new("definitions", "Runbooks as files: list, export, import, check, compare.")
    {
        List(), DefinitionTransfer.Export(), DefinitionTransfer.Import(), Validate(), Diff(),
    };

    private static Command List()
    {
        var command = new Command("list", "Lists runbooks with their latest and their published version.");
        command.Does(async (scope, cancellationToken) =>
        {
            var all = (await scope.Api.GetAsync("api/library", cancellationToken)).AsArray();
            if (scope.Json)
            {
                Terminal.Json(all);
                return ExitCode.Done;
            }

            var table = new Table().Border(TableBorder.Simple);
            _ = table.AddColumn("Id").AddColumn("Name").AddColumn("Published").AddColumn("Latest").AddColumn("By").AddColumn("Why");
            foreach (var runbook in all.OfType<JsonNode>())
            {
                var latest = runbook["latest"]!;
                _ = table.AddRow(
                    Markup.Escape(runbook["runbook"]!.ToString()),
                    Markup.Escape(runbook["name"]!.ToString()),
                    runbook["published"]?["version"]?.ToString() ?? "–",
                    $"{latest["version"]} {latest["state"]}",
                    Markup.Escape(latest["changedBy"]!.ToString()),
                    Markup.Escape(latest["reason"]?.ToString() ?? ""));
            }

            Terminal.Console.Write(table);
            return ExitCode.Done;
        });
        return command;
    }

    private static Command Validate()
    {
        var files = new Argument<string[]>("files") { Description = "Files, or folders of them.", Arity = ArgumentArity.OneOrMore };
        var command = new Command("validate", "Checks definitions as a server would when they are published. Needs no server.") { files };
        command.Does(async (scope, cancellationToken) =>
        {
            var read = await DefinitionFiles.ReadAsync(scope.Parsed.GetValue(files)!, cancellationToken);
            var problems = await OfflineCheck.ProblemsAsync(read, cancellationToken);
            if (scope.Json)
            {
                Terminal.Json(new JsonObject
                {
                    ["files"] = read.Count,
                    ["problems"] = new JsonArray([.. problems.Select(p => new JsonObject { ["file"] = p.File, ["activity"] = p.Activity, ["message"] = p.Message })]),
                });
            }
            else
            {
                foreach (var (file, activity, message) in problems)
                {
                    Terminal.Line($"{file}: {(activity is null ? "" : $"activity '{activity}': ")}{message}");
                }

                Terminal.Line(problems.Count == 0 ? $"{read.Count} definitions can run." : $"{problems.Select(p => p.File).Distinct(StringComparer.Ordinal).Count()} of {read.Count} definitions can't run.");
            }

            return problems.Count == 0 ? ExitCode.Done : ExitCode.Usage;
        });
        return command;
    }

    private static Command Diff()
    {
        var from = new Argument<string>("from") { Description = "A file, or ID@VERSION; VERSION is a number, latest, published, draft or shipped." };
        var to = new Argument<string>("to") { Description = "The same." };
        var exitCode = new Option<bool>("--exit-code") { Description = "Exit code 1 when what happens differs." };
        var command = new Command("diff", "Tells what differs between two definitions. Two files need no server.") { from, to, exitCode };
        command.Does(async (scope, cancellationToken) =>
        {
            var (a, b) = (scope.Parsed.GetValue(from)!, scope.Parsed.GetValue(to)!);
            var before = await DefinitionAsync(scope, a, cancellationToken);
            var after = await DefinitionAsync(scope, b, cancellationToken);
            var (lines, isLayoutOnly) = Compared(before, after);
            if (scope.Json)
            {
                Terminal.Json(new JsonObject { ["from"] = a, ["to"] = b, ["isLayoutOnly"] = isLayoutOnly, ["changes"] = new JsonArray([.. lines.Select(l => (JsonNode)l)]) });
            }
            else
            {
                foreach (var line in lines)
                {
                    Terminal.Line(line);
                }

                if (lines.Count == 0)
                {
                    Terminal.Line("Nothing differs.");
                }
            }

            return scope.Parsed.GetValue(exitCode) && !isLayoutOnly ? ExitCode.Failed : ExitCode.Done;
        });
        return command;
    }

    private static (IReadOnlyList<string> Lines, bool IsLayoutOnly) Compared(string before, string after)
    {
        try
        {
            return OfflineCheck.Differences(before, after);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            throw new ApiFailure($"One of them is no definition: {e.Message}", ExitCode.Usage);
        }
    }

    /// <summary>A file when there is one of this name, else a version from the server.</summary>
    private static async Task<string> DefinitionAsync(CommandScope scope, string text, CancellationToken cancellationToken)
    {
        if (File.Exists(text))
        {
            return await DefinitionFiles.TextAsync(text, cancellationToken);
        }

        var at = text.LastIndexOf('@');
        return at > 0 || !text.Contains('.', StringComparison.Ordinal)
            ? await DefinitionTransfer.DefinitionAsync(scope, at > 0 ? text[..at] : text, at > 0 ? text[(at + 1)..] : "published", cancellationToken)
            : throw new ApiFailure($"There is no file '{text}'. A version on the server is named like migrate-vm@3.", ExitCode.Usage);
    }
}
