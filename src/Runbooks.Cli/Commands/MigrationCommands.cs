using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using Runbooks.Cli.Output;
using Spectre.Console;

namespace Runbooks.Cli.Commands;

/// <summary><c>runbooks migrations</c> and <c>runbooks forecast</c>: what migrations took, and what one would take.</summary>
internal static class MigrationCommands
{
    private static readonly (string Name, string Field, string Description)[] Figures =
    [
        ("--memory", "memoryMiB", "The VM's memory, MiB."),
        ("--bandwidth", "bandwidthMiBs", "What the path between the hosts has free, MiB/s."),
        ("--touched", "touchedMiB", "Memory that the guest has touched, MiB; default: all of it."),
        ("--dirty", "dirtyMiBs", "Memory that the guest writes, MiB/s over a second; default: none."),
        ("--working-set", "workingSetMiB", "Memory that those writes go to over and over, MiB; default: all of it."),
        ("--cpu", "freeCpuShare", "Share of the hosts' CPUs that is free, 0 to 1."),
        ("--downtime", "maxDowntimeMs", "How long the guest may stand still, ms; default: 300."),
        ("--deadline", "deadlineSeconds", "Also say what is needed to be done in so many seconds."),
        ("--most", "mostMiBs", "With --deadline: what the path could carry at best, MiB/s; default: 1192, a 10 Gbit/s link."),
    ];

    public static Command List()
    {
        var count = new Option<int>("--count") { Description = "How many, 1 to 1000.", DefaultValueFactory = _ => 20 };
        var models = new Option<bool>("--models") { Description = "The models instead: what each has learnt from and how far it is off." };
        var command = new Command("migrations", "Lists migrations that have ended: what was foretold, what was measured.") { count, models };
        command.Does(async (scope, cancellationToken) =>
        {
            if (scope.Parsed.GetValue(models))
            {
                scope.Show((await scope.Api.GetAsync("api/migrations/models", cancellationToken)).AsArray(), Model, "Nothing has been learnt yet.");
                return ExitCode.Done;
            }

            var list = (await scope.Api.GetAsync($"api/migrations?count={scope.Parsed.GetValue(count)}", cancellationToken)).AsArray();
            if (scope.Json || list.Count == 0)
            {
                scope.Show(list, _ => "", "No migration has ended yet.");
                return ExitCode.Done;
            }

            var table = new Table().Border(TableBorder.Simple).AddColumns("When", "VM", "From", "To", "Mode", "Outcome", "Time, s", "Foretold", "Off, %", "Downtime, ms", "Sent, MiB");
            foreach (var m in list.OfType<JsonNode>())
            {
                _ = table.AddRow(
                    Terminal.Time(m["endedAt"]),
                    Markup.Escape($"{m["vm"]}"),
                    Markup.Escape($"{m["from"]}"),
                    Markup.Escape($"{m["to"]}"),
                    $"{m["mode"]}",
                    $"{m["outcome"]}",
                    Number(m["timeSeconds"]),
                    Number(m["foretold"]?["timeSeconds"]),
                    Number(m["timeErrorPct"]),
                    Number(m["downtimeMs"]),
                    Number(m["sentMiB"]));
            }

            Terminal.Console.Write(table);
            return ExitCode.Done;
        });
        return command;
    }

    public static Command Forecast()
    {
        var mode = new Option<string>("--mode") { Description = "preCopy, postCopy, hybrid, compressed, parallel or stopped.", DefaultValueFactory = _ => "preCopy" };
        var hypervisor = new Option<string>("--hypervisor") { Description = "kvm or xen.", DefaultValueFactory = _ => "kvm" };
        var command = new Command("forecast", "Says what a migration would take, and what a deadline would need. Changes nothing.") { mode, hypervisor };
        var options = Figures.ToDictionary(f => f.Field, f => new Option<double?>(f.Name) { Description = f.Description, Required = f.Field is "memoryMiB" or "bandwidthMiBs" }, StringComparer.Ordinal);
        foreach (var option in options.Values)
        {
            command.Add(option);
        }

        command.Does(async (scope, cancellationToken) =>
        {
            var body = new JsonObject { ["mode"] = scope.Parsed.GetValue(mode), ["hypervisor"] = scope.Parsed.GetValue(hypervisor) };
            foreach (var (field, option) in options)
            {
                if (scope.Parsed.GetValue(option) is { } figure)
                {
                    body[field] = figure;
                }
            }

            var answer = await scope.Api.PostAsync("api/migrations/forecast", body, idempotencyKey: null, cancellationToken);
            if (scope.Json)
            {
                Terminal.Json(answer);
            }
            else
            {
                Show(answer);
            }

            return ExitCode.Done;
        });
        return command;
    }

    private static void Show(JsonNode answer)
    {
        var f = answer["forecast"]!;
        var range = f["lowSeconds"]!.GetValue<double>() < f["highSeconds"]!.GetValue<double>() ? $" ({Number(f["lowSeconds"])} to {Number(f["highSeconds"])} s in nine of ten)" : "";
        Terminal.Line($"{Number(f["timeSeconds"])} s{range}, {Number(f["downtimeMs"])} ms of standing still, {Number(f["sentMiB"])} MiB in {f["rounds"]} rounds.");
        Terminal.Line(f["converges"]!.GetValue<bool>() ? "The copy converges." : "The copy may not converge: another stop condition ends it.");
        Terminal.Line($"Model: {f["model"]}.");
        if (answer["required"] is { } required)
        {
            Terminal.Line($"For the deadline: {required["reason"]}");
            if (required["freeCpuShare"] is { } share)
            {
                Terminal.Line($"Or, with the bandwidth as it is, {Terminal.Percent(share)} of the CPUs free.");
            }
        }
    }

    private static string Model(JsonNode m) =>
        $"{m["hypervisor"]} {m["mode"]}: learnt from {m["learnt"]}{(m["isUsed"]!.GetValue<bool>() ? "" : " (too few, calculated)")}, R² {Number(m["time"]!["r2"])}, median error {Number(m["time"]!["medianErrorPct"])} %, 90 % below {Number(m["time"]!["p90ErrorPct"])} %; not converged {m["failed"]}, of which foretold {m["failedForetold"]}";

    private static string Number(JsonNode? figure) => figure is null ? "–" : figure.GetValue<double>().ToString("0.##", CultureInfo.InvariantCulture);
}
