using System.Text.Json.Nodes;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace Runbooks.Cli.Output;

/// <summary>Shows a run as it goes on: in place on a terminal, else as plain lines that a log can keep.</summary>
internal sealed class RunProgress(bool json)
{
    private readonly HashSet<string> told = new(StringComparer.Ordinal);
    private JsonNode? head;
    private JsonNode? progress;

    /// <summary>Shows events until the run ends; returns its last head.</summary>
    public async Task<JsonNode> ShowAsync(IAsyncEnumerable<(string Event, JsonNode Data)> events, CancellationToken cancellationToken)
    {
        if (json || !Terminal.IsInteractive)
        {
            return await TakeAsync(events, static () => { }, cancellationToken);
        }

        JsonNode? last = null;
        await Terminal.Console.Live(new Text("…")).StartAsync(async live => last = await TakeAsync(events, () => live.UpdateTarget(Picture()), cancellationToken));
        return last!;
    }

    private async Task<JsonNode> TakeAsync(IAsyncEnumerable<(string Event, JsonNode Data)> events, Action changed, CancellationToken cancellationToken)
    {
        await foreach (var (kind, data) in events.WithCancellation(cancellationToken))
        {
            switch (kind)
            {
                case "run":
                    head = data;
                    break;
                case "progress":
                    progress = data;
                    break;
                case "end":
                    return data;
            }

            if (json)
            {
                Terminal.JsonLine(new JsonObject { ["event"] = kind, ["data"] = data.DeepClone() });
            }
            else if (!Terminal.IsInteractive)
            {
                Tell(kind, data);
            }

            changed();
        }

        throw new Api.ApiFailure("The server ended the stream before the run had ended; it is probably being stopped. Watch the run again when it is back.", ExitCode.Failed);
    }

    private void Tell(string kind, JsonNode data)
    {
        if (kind == "run")
        {
            Once($"{data["run"]!["runbook"]}: {data["run"]!["status"]}{Because(data["run"]!)}");
            foreach (var stage in data["stages"]!.AsArray().OfType<JsonNode>().Where(s => s["state"]!.ToString() is not ("waiting" or "skipped")))
            {
                Once($"  {stage["name"]}: {stage["state"]}{(stage["times"]!.GetValue<int>() > 1 ? $" ({stage["times"]})" : "")}");
            }

            foreach (var child in data["children"]!.AsArray().OfType<JsonNode>())
            {
                Once($"  {About(child)}: {child["status"]}{Because(child)}");
            }
        }
        else if (kind == "progress")
        {
            foreach (var step in data.AsArray().OfType<JsonNode>())
            {
                Once($"    {step["name"]}: {Describe(step["progress"])}");
            }
        }
    }

    private void Once(string line)
    {
        if (told.Add(line))
        {
            Console.Out.WriteLine(line);
        }
    }

    private Rows Picture()
    {
        var lines = new List<IRenderable>();
        if (head is not null)
        {
            var run = head["run"]!;
            lines.Add(new Markup($"[bold]{Markup.Escape(run["runbook"]!.ToString())}[/] {Terminal.Status(run["status"]!.ToString())} {Markup.Escape(Because(run))}"));
            lines.AddRange(head["stages"]!.AsArray().OfType<JsonNode>().Select(s => new Markup($"  {Sign(s["state"]!.ToString())} {Markup.Escape(s["name"]!.ToString())}")));
            lines.AddRange(head["children"]!.AsArray().OfType<JsonNode>().Select(c => new Markup($"    {Terminal.Status(c["status"]!.ToString())} {Markup.Escape(About(c))}{Markup.Escape(Because(c))}")));
        }

        if (progress is JsonArray steps)
        {
            lines.AddRange(steps.OfType<JsonNode>().Select(s => new Markup($"  [blue]{Markup.Escape(Describe(s["progress"]))}[/]")));
        }

        return new Rows(lines);
    }

    private static string Sign(string state) => state switch
    {
        "done" => "[green]✓[/]",
        "current" => "[blue]▸[/]",
        "failed" => "[red]✕[/]",
        "undone" => "[yellow]↶[/]",
        "skipped" => "[grey]–[/]",
        _ => "[grey]·[/]",
    };

    private static string Because(JsonNode run) => run["reason"] is { } reason && run["status"]!.ToString() != "suspended" ? $" ({reason})" : "";

    private static string About(JsonNode run) =>
        run["input"] is JsonObject input && input["Vm"] is { } vm && input["Destination"] is { } to ? $"{vm} → {to}" : $"{run["runbook"]} {run["id"]}";

    private static string Describe(JsonNode? progress) => progress is JsonObject fields
        ? CopyLine.Of(fields) ?? string.Join(", ", fields.Where(f => f.Value is JsonValue).Select(f => f.Key.EndsWith("Bytes", StringComparison.Ordinal) ? $"{f.Key[..^5]} {f.Value!.GetValue<long>() >> 20} MiB" : $"{f.Key} {f.Value}"))
        : "";
}
