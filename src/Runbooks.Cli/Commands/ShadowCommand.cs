using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using Runbooks.Cli.Output;
using Spectre.Console;

namespace Runbooks.Cli.Commands;

/// <summary><c>runbooks shadow</c>: another policy on the server's own history, before it is switched on.</summary>
internal static class ShadowCommand
{
    private static readonly (string Key, string Title)[] Figures =
    [
        ("energyKwh", "Energy, kWh"), ("migrations", "Migrations"), ("overloadPct", "Overload, % of host time"), ("unservedCpuPct", "CPU not served, %"),
    ];

    public static Command Create()
    {
        var policy = new Option<string>("--policy") { Description = "The policy that is used: dvfs, thr:SHARE, lr:SAFETY or runbooks.", DefaultValueFactory = _ => "thr:0.8" };
        var against = new Option<string>("--against") { Description = "The policy that is looked at.", DefaultValueFactory = _ => "runbooks" };
        var hours = new Option<double>("--hours") { Description = "How far back.", DefaultValueFactory = _ => 24 };
        var step = new Option<double>("--step") { Description = "Seconds between decisions.", DefaultValueFactory = _ => 300 };
        var command = new Command("shadow", "Replays the fleet's own history under two policies and shows the difference. Changes nothing.") { policy, against, hours, step };
        command.Does(async (scope, cancellationToken) =>
        {
            var query = string.Create(
                CultureInfo.InvariantCulture,
                $"api/shadow?policy={Uri.EscapeDataString(scope.Parsed.GetValue(policy)!)}&against={Uri.EscapeDataString(scope.Parsed.GetValue(against)!)}&hours={scope.Parsed.GetValue(hours)}&step={scope.Parsed.GetValue(step)}");
            var answer = await scope.Api.GetAsync(query, cancellationToken);
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
        var table = new Table().AddColumns("", answer["policy"]!.ToString(), answer["against"]!.ToString(), "Difference");
        foreach (var (key, title) in Figures)
        {
            _ = table.AddRow(title, Text(answer["used"]![key]), Text(answer["shadow"]![key]), Text(answer["difference"]![key], signed: true));
        }

        AnsiConsole.Write(table);
        Terminal.Line($"{answer["vms"]} VMs over {answer["samples"]} decisions; {answer["filledShare"]!.GetValue<double>():0.0 %} of the loads had no sample and were taken from the one before.");
        if (answer["leftOut"] is JsonArray { Count: > 0 } leftOut)
        {
            Terminal.Line($"Without a sample in that time, and left out: {string.Join(", ", leftOut)}.");
        }
    }

    private static string Text(JsonNode? figure, bool signed = false) =>
        figure!.GetValue<double>().ToString(signed ? "+0.###;-0.###;0" : "0.###", CultureInfo.InvariantCulture);
}
