using System.CommandLine;
using System.Text.Json;
using System.Text.Json.Nodes;
using Runbooks.Cli.Api;
using Runbooks.Cli.Output;
using Spectre.Console;

namespace Runbooks.Cli.Commands;

/// <summary>Commands that start, list, watch and steer runs.</summary>
internal static class RunCommands
{
    public static Command Run()
    {
        var runbook = new Argument<string>("runbook") { Description = "Id of the runbook, such as consolidate." };
        var input = new Option<string[]>("--input", "-i") { Description = "An input, as name=value; may be repeated. A value that is JSON is taken as JSON.", AllowMultipleArgumentsPerToken = false };
        var file = new Option<FileInfo>("--input-file") { Description = "A file with all inputs as one JSON object." };
        var wait = new Option<bool>("--wait") { Description = "Wait for the end and tell by the exit code how it ended." };
        var key = new Option<string>("--key") { Description = "Idempotency key: repeating the command with it starts nothing new." };
        var dry = new Option<bool>("--dry-run") { Description = "Change nothing: look at the fleet, and tell what would be done." };
        var command = new Command("run", "Starts a runbook; or, with one of the commands below, steers a run.") { runbook, input, file, CommonOptions.Reason, CommonOptions.Actor, wait, key, dry };
        foreach (var verb in (Command[])[.. OrderCommands.All(), HistoryCommand.Create(), .. ApprovalCommands.All()])
        {
            command.Add(verb);
        }

        command.Does(async (scope, cancellationToken) =>
        {
            var inputs = Inputs.Read(scope.Parsed.GetValue(input) ?? [], scope.Parsed.GetValue(file));
            var body = new JsonObject { ["runbook"] = scope.Parsed.GetValue(runbook), ["input"] = inputs, ["actor"] = scope.Parsed.GetValue(CommonOptions.Actor) };
            if (scope.Parsed.GetValue(CommonOptions.Reason) is { } reason)
            {
                body["reason"] = reason;
            }

            if (scope.Parsed.GetValue(dry))
            {
                body["dryRun"] = true;
            }

            var run = await scope.Api.PostAsync("api/runs", body, scope.Parsed.GetValue(key), cancellationToken);
            if (scope.Parsed.GetValue(wait))
            {
                return await WatchAsync(scope, run["id"]!.ToString(), cancellationToken);
            }

            if (scope.Json)
            {
                Terminal.Json(run);
            }
            else
            {
                Terminal.Console.WriteLine($"Started {(scope.Parsed.GetValue(dry) ? "a dry run of " : "")}{run["runbook"]} as run {run["id"]}. Follow it with: runbooks watch {run["id"]}");
            }

            return ExitCode.Done;
        });
        return command;
    }

    public static Command Watch()
    {
        var id = RunArgument();
        var command = new Command("watch", "Follows a run until its end.") { id };
        command.Does((scope, cancellationToken) => WatchAsync(scope, scope.Parsed.GetValue(id)!, cancellationToken));
        return command;
    }

    public static Command List()
    {
        var open = new Option<bool>("--open") { Description = "Only runs that have not ended." };
        var limit = new Option<int>("--limit") { Description = "How many, newest first.", DefaultValueFactory = _ => 20 };
        var runbook = new Option<string>("--runbook") { Description = "Only runs of this runbook." };
        var command = new Command("runs", "Lists runs, newest first.") { open, limit, runbook };
        command.Does(async (scope, cancellationToken) =>
        {
            var query = $"api/runs?limit={scope.Parsed.GetValue(limit)}&open={(scope.Parsed.GetValue(open) ? "true" : "false")}";
            if (scope.Parsed.GetValue(runbook) is { } name)
            {
                query += $"&runbook={Uri.EscapeDataString(name)}";
            }

            var runs = await scope.Api.GetAsync(query, cancellationToken);
            if (scope.Json)
            {
                Terminal.Json(runs);
            }
            else
            {
                RunTable.Write(runs.AsArray());
            }

            return ExitCode.Done;
        });
        return command;
    }

    public static Command Cancel() => Ask("cancel", "Cancels a run; what it had changed is undone.", "Run {0} is being cancelled and undone.");

    public static Command Retry() => Ask("retry", "Lets a run that needs attention look again and go on.", "Run {0} looks again.");

    private static Command Ask(string verb, string description, string answer)
    {
        var id = RunArgument();
        var command = new Command(verb, description) { id, CommonOptions.Reason, CommonOptions.Actor };
        command.Does(async (scope, cancellationToken) =>
        {
            var body = CommonOptions.Signed(scope.Parsed, $"runbooks {verb} {scope.Parsed.GetValue(id)}");
            var run = await scope.Api.PostAsync($"api/runs/{Uri.EscapeDataString(scope.Parsed.GetValue(id)!)}:{verb}", body, null, cancellationToken);
            if (scope.Json)
            {
                Terminal.Json(run);
            }
            else
            {
                Terminal.Console.WriteLine(string.Format(answer, run["id"]));
            }

            return ExitCode.Done;
        });
        return command;
    }

    private static async Task<int> WatchAsync(CommandScope scope, string id, CancellationToken cancellationToken)
    {
        var run = await new RunProgress(scope.Json).ShowAsync(scope.Api.FollowAsync(id, cancellationToken), cancellationToken);
        if (scope.Json)
        {
            Terminal.JsonLine(new JsonObject { ["event"] = "end", ["data"] = run.DeepClone() });
        }
        else
        {
            Terminal.Console.MarkupLine($"{Markup.Escape(run["runbook"]!.ToString())} {Terminal.Status(run["status"]!.ToString())} {Markup.Escape(run["reason"]?.ToString() ?? "")} {RunTable.Took(run)}");
        }

        return ExitCode.OfStatus(run["status"]!.ToString());
    }

    private static Argument<string> RunArgument() => new("run") { Description = "Id of the run." };
}

/// <summary>Inputs from the command line.</summary>
internal static class Inputs
{
    /// <exception cref="ApiFailure">An input can't be read; the message says which.</exception>
    public static JsonObject Read(IReadOnlyList<string> pairs, FileInfo? file)
    {
        var inputs = file is null ? [] : FromFile(file);
        foreach (var pair in pairs)
        {
            var at = pair.IndexOf('=', StringComparison.Ordinal);
            if (at < 1)
            {
                throw new ApiFailure($"The input '{pair}' is not of the form name=value.", ExitCode.Usage);
            }

            inputs[pair[..at]] = Value(pair[(at + 1)..]);
        }

        return inputs;
    }

    private static JsonObject FromFile(FileInfo file)
    {
        try
        {
            return JsonNode.Parse(File.ReadAllText(file.FullName)) as JsonObject
                ?? throw new ApiFailure($"'{file}' does not hold a JSON object.", ExitCode.Usage);
        }
        catch (Exception e) when (e is JsonException or IOException or UnauthorizedAccessException)
        {
            throw new ApiFailure($"The inputs in '{file}' can't be read: {e.Message}", ExitCode.Usage);
        }
    }

    /// <summary>Numbers, true, false, lists and objects are JSON; all else is text. The server says what does not fit.</summary>
    public static JsonNode? Value(string text)
    {
        try
        {
            return JsonNode.Parse(text);
        }
        catch (JsonException)
        {
            return JsonValue.Create(text);
        }
    }
}
