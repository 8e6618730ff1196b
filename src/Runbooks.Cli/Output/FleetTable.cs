using System.Text.Json.Nodes;
using Spectre.Console;

namespace Runbooks.Cli.Output;

/// <summary>The fleet for people.</summary>
internal static class FleetTable
{
    public static void Write(JsonNode fleet)
    {
        var totals = fleet["totals"]!;
        var policy = fleet["policy"]!;
        var console = Terminal.Console;
        console.MarkupLineInterpolated($"[bold]{fleet["name"]!.ToString()}[/]: {totals["hostsOn"]!.ToString()} of {totals["hosts"]!.ToString()} hosts on, {totals["vmsRunning"]!.ToString()} VMs running, {totals["vmsMigrating"]!.ToString()} on the move; average load {Terminal.Percent(totals["averageLoad"])} (Load_min {Terminal.Percent(policy["loadMin"])}, Load_max {Terminal.Percent(policy["loadMax"])})");
        var table = new Table().Border(TableBorder.Simple);
        _ = table.AddColumn("Host").AddColumn("State").AddColumn(new TableColumn("Load").RightAligned())
            .AddColumn(new TableColumn("Memory").RightAligned()).AddColumn(new TableColumn("VMs").RightAligned()).AddColumn("Which");
        foreach (var host in fleet["hosts"]!.AsArray().OfType<JsonNode>())
        {
            var vms = host["vms"]!.AsArray().OfType<JsonNode>().ToArray();
            var isOn = host["power"]!.ToString() == "on";
            _ = table.AddRow(
                Markup.Escape(host["name"]!.ToString()),
                State(host),
                isOn ? Terminal.Percent(host["load"]) : "",
                isOn ? $"{Terminal.Memory(host["vmMemoryMiB"])} / {Terminal.Memory(host["memoryMiB"])}" : "",
                isOn ? vms.Length.ToString() : "",
                Markup.Escape(isOn ? string.Join(" ", vms.Select(Vm)) : ""));
        }

        console.Write(table);
        foreach (var problem in fleet["problems"]!.AsArray().OfType<JsonNode>())
        {
            console.MarkupLineInterpolated($"[yellow]{problem["severity"]!.ToString()}[/] {problem["message"]!.ToString()}");
        }
    }

    private static string State(JsonNode host) => (host["reachable"]!.GetValue<bool>(), host["power"]!.ToString(), host["mode"]!.ToString()) switch
    {
        (false, _, _) => "[red]does not answer[/]",
        (_, "off", _) => "[grey]off[/]",
        (_, "unknown", _) => "[red]power unknown[/]",
        (_, _, "cordoned") => "[yellow]being emptied[/]",
        (_, _, "maintenance") => "[yellow]in maintenance[/]",
        _ => "[green]on[/]",
    };

    private static string Vm(JsonNode vm)
    {
        var name = vm["name"]!.ToString();
        return vm["migration"] is { } move ? $"{name}→{move["to"]}" : vm["state"]!.ToString() == "running" ? name : $"({name})";
    }
}
