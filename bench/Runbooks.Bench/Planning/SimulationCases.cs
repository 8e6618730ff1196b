using System.IO.Compression;
using System.Text.Json.Nodes;
using Runbooks.Fleet.Simulation.Cluster;
using Runbooks.Fleet.Simulation.Policies;
using Runbooks.Fleet.Simulation.Traces;

namespace Runbooks.Bench.Planning;

/// <summary>Replays days of load under the published policies and the product's own; figures of each day, and means over days.</summary>
internal static class SimulationCases
{
    private const double HardRamMb = 16_384;

    /// <param name="dataFolder">A folder with <c>planetlab-setup.json</c> and <c>planetlab/DAY.csv.gz</c>.</param>
    /// <returns>One line for each day and kind of memory, then one with the means; none when there are no days.</returns>
    public static IEnumerable<JsonObject> Run(string dataFolder)
    {
        var setupFile = Path.Combine(dataFolder, "planetlab-setup.json");
        var folder = Path.Combine(dataFolder, "planetlab");
        if (!File.Exists(setupFile) || !Directory.Exists(folder))
        {
            yield break;
        }

        var setup = SetupReader.Read(File.ReadAllText(setupFile), "planetlab-setup.json");
        var days = Directory.GetFiles(folder, "*.csv.gz").Order(StringComparer.Ordinal).ToArray();
        var free = new List<JsonObject>();
        var hard = new List<JsonObject>();
        foreach (var day in days)
        {
            var trace = Read(day);
            free.Add(Day(setup, trace, Path.GetFileName(day), null));
            yield return free[^1];
            hard.Add(Day(setup, trace, Path.GetFileName(day), HardRamMb));
            yield return hard[^1];
        }

        if (days.Length > 0)
        {
            yield return Mean("simulation mean", free, ["energy_to_lr", "migrations_to_lr", "slatah_pct", "unserved_cpu_pct"]);
            yield return Mean("simulation hard ram mean", hard, ["energy_to_bfd", "energy_to_lr", "migrations_to_lr", "slatah_pct", "unserved_cpu_pct"]);
        }
    }

    private static JsonObject Day(ClusterSetup setup, LoadTrace trace, string day, double? ramMb)
    {
        SimulationResult Play(string policy) => new ClusterSimulator(setup, trace, ramMb, SwitchOn.Free, TimeProvider.System).Run(PolicyName.Parse(policy)());
        var (dvfs, threshold, regression, own) = (Play("dvfs"), Play("thr:0.8"), Play("lr:1.2"), Play("runbooks"));
        var line = new JsonObject
        {
            ["case"] = ramMb is null ? "simulation" : "simulation hard ram",
            ["day"] = day,
            ["vms"] = trace.Vms.Count,
            ["dvfs"] = Figures(dvfs),
            ["thr_0_8"] = Figures(threshold),
            ["lr_1_2"] = Figures(regression),
            ["runbooks"] = Figures(own),
            ["energy_to_lr"] = Output.Round(own.EnergyKwh / regression.EnergyKwh, 4),
            ["migrations_to_lr"] = Output.Round((double)own.Migrations / regression.Migrations, 4),
            ["slatah_pct"] = Output.Round(own.SlatahPct, 4),
            ["unserved_cpu_pct"] = Output.Round(own.UnservedCpuPct, 4),
        };
        if (ramMb is { } ram)
        {
            var oracle = RepackingOracle.Of(setup, trace, ram);
            line["bfd_kwh"] = Output.Round(oracle.EnergyKwh);
            line["bfd_hosts"] = Output.Round(oracle.MeanActive, 1);
            line["energy_to_bfd"] = Output.Round(own.EnergyKwh / oracle.EnergyKwh, 4);
        }

        return line;
    }

    private static JsonObject Figures(SimulationResult result) => new()
    {
        ["energy_kwh"] = Output.Round(result.EnergyKwh),
        ["migrations"] = result.Migrations,
        ["slatah_pct"] = Output.Round(result.SlatahPct, 4),
        ["unserved_cpu_pct"] = Output.Round(result.UnservedCpuPct, 4),
        ["mean_active"] = Output.Round(result.MeanActive, 1),
        ["host_on"] = result.HostOn,
        ["decide_ms"] = Output.Round(result.DecideMs),
    };

    private static JsonObject Mean(string name, List<JsonObject> days, string[] figures)
    {
        var line = new JsonObject { ["case"] = name, ["days"] = days.Count };
        foreach (var figure in figures)
        {
            line[figure] = Output.Round(days.Average(d => d[figure]!.GetValue<double>()), 4);
        }

        return line;
    }

    private static LoadTrace Read(string file)
    {
        using var text = new StreamReader(new GZipStream(File.OpenRead(file), CompressionMode.Decompress));
        return TraceReader.Read(text, Path.GetFileName(file));
    }
}
