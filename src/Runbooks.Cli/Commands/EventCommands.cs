using System.CommandLine;
using System.Text.Json.Nodes;
using Runbooks.Cli.Api;
using Runbooks.Cli.Output;
using Spectre.Console;

namespace Runbooks.Cli.Commands;

/// <summary>Commands about events.</summary>
internal static class EventCommands
{
    public static Command Events() => new("events", "Events that runs wait for, or that start them.") { Publish() };

    private static Command Publish()
    {
        var name = new Argument<string>("name") { Description = "Name of the event, such as host-repaired." };
        var payload = new Option<string>("--payload", "-p") { Description = "What it brings. A value that is JSON is taken as JSON, all else as text." };
        var correlation = new Option<string>("--correlation") { Description = "Only runs with this correlation id, or with none, take it." };
        var key = new Option<string>("--key") { Description = "Idempotency key: repeating the command with it changes nothing." };
        var command = new Command("publish", "Publishes an event.") { name, payload, correlation, key, CommonOptions.Actor };
        command.Does(async (scope, cancellationToken) =>
        {
            var body = new JsonObject { ["actor"] = scope.Parsed.GetValue(CommonOptions.Actor) };
            if (scope.Parsed.GetValue(payload) is { } text)
            {
                body["payload"] = Inputs.Value(text);
            }

            if (scope.Parsed.GetValue(correlation) is { } id)
            {
                body["correlationId"] = id;
            }

            var answer = await scope.Api.PostAsync($"api/events/{Uri.EscapeDataString(scope.Parsed.GetValue(name)!)}", body, scope.Parsed.GetValue(key), cancellationToken);
            if (scope.Json)
            {
                Terminal.Json(answer);
            }
            else
            {
                Terminal.Console.WriteLine(InWords(answer));
            }

            return ExitCode.Done;
        });
        return command;
    }

    private static string InWords(JsonNode answer)
    {
        if (answer["repeated"]!.GetValue<bool>())
        {
            return $"Event {answer["name"]} had been published before; nothing was done.";
        }

        var notStarted = string.Concat(answer["notStarted"]!.AsArray().Select(reason => $" Not started: {reason}"));
        return answer["kept"]!.GetValue<bool>()
            ? $"Nobody waits for event {answer["name"]}; it is kept for a run that will.{notStarted}"
            : $"Event {answer["name"]} woke {Runs(answer["woken"]!)} and started {Runs(answer["started"]!)}.{notStarted}";
    }

    private static string Runs(JsonNode ids) => ids.AsArray() is { Count: > 0 } runs
        ? $"{(runs.Count == 1 ? "run" : "runs")} {string.Join(", ", runs.Select(r => r!.ToString()))}"
        : "no run";
}
