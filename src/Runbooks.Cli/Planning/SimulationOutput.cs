using System.Text.Json.Nodes;
using Runbooks.Cli.Commands;
using Runbooks.Cli.Output;
using Runbooks.Fleet.Simulation.Cluster;
using Runbooks.Fleet.Simulation.Traces;
using Spectre.Console;

namespace Runbooks.Cli.Planning;

/// <summary>The figures of a simulated day.</summary>
internal static class SimulationOutput
{
    public static JsonObject Json(SimulationResult result, string policy, double? ramMb, ClusterSetup setup, LoadTrace trace) => new()
    {
        ["policy"] = policy,
        ["ram"] = ramMb is { } mb ? mb : "none",
        ["vms"] = trace.Vms.Count,
        ["hosts"] = setup.Hosts,
        ["energy_kwh"] = Math.Round(result.EnergyKwh, 2),
        ["migrations"] = result.Migrations,
        ["slatah_pct"] = Math.Round(result.SlatahPct, 3),
        ["pdm_pct"] = Math.Round(result.PdmPct, 4),
        ["unserved_cpu_pct"] = Math.Round(result.UnservedCpuPct, 4),
        ["mean_active"] = Math.Round(result.MeanActive, 1),
        ["host_on"] = result.HostOn,
        ["host_off"] = result.HostOff,
        ["decide_ms"] = Math.Round(result.DecideMs, 2),
        ["max_migs_step"] = result.MostMovesInStep,
        ["switch_on_kwh"] = Math.Round(result.SwitchOnKwh, 2),
    };

    public static void Table(SimulationResult result, string policy, ClusterSetup setup, LoadTrace trace)
    {
        Terminal.Line($"{trace.Vms.Count} VMs on {setup.Hosts} hosts, {trace.Samples} samples, policy {policy}");
        var table = new Table().Border(TableBorder.Simple).HideHeaders().AddColumn("Figure").AddColumn(new TableColumn("Value").RightAligned()).AddColumn("Unit");
        void Row(string figure, string value, string unit) => table.AddRow(figure, value, unit);
        Row("Energy", $"{result.EnergyKwh:0.00}", "kWh");
        Row("Migrations", $"{result.Migrations}", "");
        Row("Overload time", $"{result.SlatahPct:0.000}", "% of active host time");
        Row("CPU not served", $"{result.UnservedCpuPct:0.0000}", "% of what was asked for");
        Row("  through migration", $"{result.PdmPct:0.0000}", "%");
        Row("Hosts in use", $"{result.MeanActive:0.0}", "mean");
        Row("Switched on, off", $"{result.HostOn}, {result.HostOff}", "times");
        Row("One decision", $"{result.DecideMs:0.00}", "ms, mean");
        Terminal.Console.Write(table);
    }
}
