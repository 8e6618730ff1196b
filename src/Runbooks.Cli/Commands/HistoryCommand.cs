using System.CommandLine;
using System.Text.Json.Nodes;
using Runbooks.Cli.Output;

namespace Runbooks.Cli.Commands;

/// <summary><c>runbooks run history</c>: the steps of a run with their numbers, and its journal.</summary>
internal static class HistoryCommand
{
    /// <summary>Entries that the server gives at once.</summary>
    private const int Page = 1000;

    public static Command Create()
    {
        var id = new Argument<string>("run") { Description = "Id of the run." };
        var undo = new Option<bool>("--undo") { Description = "Only what it changed, in the order in which that is undone." };
        var command = new Command("history", "Shows the steps of a run with their numbers, what needs a person, and the journal.") { id, undo };
        command.Does(async (scope, cancellationToken) =>
        {
            var run = Uri.EscapeDataString(scope.Parsed.GetValue(id)!);
            var detail = await scope.Api.GetAsync($"api/runs/{run}", cancellationToken);
            if (scope.Parsed.GetValue(undo))
            {
                scope.Show(detail["undo"]!.AsArray(), u => $"{u["order"],4}  step {u["step"],-5} {u["name"]}: {Terminal.Word(u["state"]!.ToString())}{Note(u["note"])}", "It has changed nothing.");
                return ExitCode.Done;
            }

            var journal = await JournalAsync(scope, run, cancellationToken);
            if (scope.Json)
            {
                Terminal.Json(new JsonObject { ["run"] = detail.DeepClone(), ["journal"] = journal });
                return ExitCode.Done;
            }

            var head = detail["run"]!;
            Terminal.Line($"{head["runbook"]} version {head["version"]}, started by {head["startedBy"]}: {Terminal.Word(head["status"]!.ToString())}{Note(head["reason"])}");
            foreach (var incident in detail["incidents"]!.AsArray().OfType<JsonNode>())
            {
                Terminal.Line($"  ! step {incident["step"]} {incident["name"]}: {incident["message"]} You can: {string.Join(", ", incident["allowed"]!.AsArray())}.");
            }

            scope.Show(detail["steps"]!.AsArray(), s => $"{s["number"],6}  {s["name"]} ({s["type"]}): {Terminal.Word(s["status"]!.ToString())}{Note(s["error"])}", "No step yet.");
            scope.Show(journal, e => $"{e["sequence"],6}  {e["at"]!.GetValue<DateTimeOffset>():HH:mm:ss.fff}  {e["event"]}{(e["executionNumber"] is { } step ? $" (step {step})" : "")}{Note(e["message"])}", "No entry yet.");
            return ExitCode.Done;
        });
        return command;
    }

    private static async Task<JsonArray> JournalAsync(CommandScope scope, string run, CancellationToken cancellationToken)
    {
        var all = new JsonArray();
        while (true)
        {
            var page = (await scope.Api.GetAsync($"api/runs/{run}/journal?after={(all.Count == 0 ? "0" : all[^1]!["sequence"])}", cancellationToken)).AsArray();
            foreach (var entry in page)
            {
                all.Add(entry?.DeepClone());
            }

            if (page.Count < Page)
            {
                return all;
            }
        }
    }

    private static string Note(JsonNode? text) => text?.ToString() is { Length: > 0 } note ? $": {note}" : "";
}
