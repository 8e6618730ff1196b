using System.Text.Json.Nodes;
using Spectre.Console;

namespace Runbooks.Cli.Output;

/// <summary>Runs for people.</summary>
internal static class RunTable
{
    public static void Write(JsonArray runs)
    {
        if (runs.Count == 0)
        {
            Terminal.Console.WriteLine("No runs.");
            return;
        }

        var table = new Table().Border(TableBorder.Simple);
        _ = table.AddColumn("Run").AddColumn("Runbook").AddColumn("Status").AddColumn("Created").AddColumn(new TableColumn("Took").RightAligned()).AddColumn("Started by").AddColumn("Reason");
        foreach (var run in runs.OfType<JsonNode>())
        {
            _ = table.AddRow(
                run["id"]!.ToString(),
                Markup.Escape(run["runbook"] + (run["dryRun"]?.GetValue<bool>() == true ? " (dry run)" : "")),
                Terminal.Status(run["status"]!.ToString()),
                Terminal.Time(run["createdAt"]),
                Took(run),
                Markup.Escape(run["startedBy"]!.ToString()),
                Markup.Escape(run["reason"]?.ToString() ?? ""));
        }

        Terminal.Console.Write(table);
    }

    public static string Took(JsonNode run) =>
        run["finishedAt"] is { } end ? $"{(end.GetValue<DateTimeOffset>() - run["createdAt"]!.GetValue<DateTimeOffset>()).TotalSeconds:0.0} s" : "";
}
