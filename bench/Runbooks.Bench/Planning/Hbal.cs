using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using Runbooks.Fleet.Model;
using Runbooks.Fleet.Planning;

namespace Runbooks.Bench.Planning;

/// <summary>Ganeti's balancer on the same small fleet, where the system has it; ours then balances to the evenness that it reached.</summary>
internal static class Hbal
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(120);

    public static JsonObject Run(FleetSnapshot fleet)
    {
        var folder = Directory.CreateTempSubdirectory("runbooks-hbal").FullName;
        try
        {
            var (data, util) = (Path.Combine(folder, "fleet.data"), Path.Combine(folder, "fleet.util"));
            File.WriteAllText(data, Data(fleet));
            File.WriteAllText(util, Util(fleet));
            var start = new ProcessStartInfo("hbal", ["-t", data, "-U", util, "-p"]) { UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true };
            var watch = Stopwatch.StartNew();
            using var process = Process.Start(start)!;
            var text = process.StandardOutput.ReadToEndAsync();
            if (!process.WaitForExit(Patience))
            {
                process.Kill(entireProcessTree: true);
                return Row("it was stopped after two minutes");
            }

            return Compare(fleet, text.GetAwaiter().GetResult(), watch.Elapsed.TotalSeconds);
        }
        catch (Win32Exception)
        {
            return Row("hbal is not installed (package ganeti-htools)");
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static JsonObject Compare(FleetSnapshot fleet, string text, double seconds)
    {
        var moves = text.Split('\n').Select(l => l.Split(' ', StringSplitOptions.RemoveEmptyEntries))
            .Where(p => p.Length > 4 && p[0].EndsWith('.') && int.TryParse(p[0].TrimEnd('.'), out _) && p[1].StartsWith("vm", StringComparison.Ordinal))
            .Select(p => (Vm: p[1], To: p.SkipWhile(x => x != "=>").Skip(1).FirstOrDefault() ?? string.Empty))
            .ToList();
        var to = moves.Where(m => m.To.Length > 0).GroupBy(m => m.Vm).ToDictionary(g => g.Key, g => g.Last().To.Split(':')[0]);
        var load = fleet.Hosts.ToDictionary(h => h.Name.Value, _ => 0.0);
        foreach (var vm in fleet.Vms)
        {
            load[to.GetValueOrDefault(vm.Name.Value, vm.Host.Value)] += vm.CpuCores / FleetMaker.Cores;
        }

        var mean = load.Values.Average();
        var sd = Math.Sqrt(load.Values.Average(l => (l - mean) * (l - mean)));
        var ours = FleetPlanner.Plan(fleet, new PlanningRequest(PlanGoal.Balance) { TargetSd = sd }, new PlannerPolicy { MemoryHeadroom = 0, VcpuRatio = FleetMaker.VcpuRatio });
        var row = Row(null);
        row["moves"] = moves.Count;
        row["cpuSd"] = Output.Round(sd, 4);
        row["seconds"] = Output.Round(seconds);
        row["movesOfRunbooksToTheSame"] = ours.Moves.Length;
        return row;
    }

    private static JsonObject Row(string? missing) => new() { ["case"] = "hbal", ["hosts"] = 20, ["missing"] = missing };

    private static string Data(FleetSnapshot fleet)
    {
        var on = fleet.Vms.ToLookup(v => v.Host);
        var text = new StringBuilder("group-01|uuid-group-01|preferred||\n\n");
        foreach (var h in fleet.Hosts)
        {
            var free = h.MemoryMiB - on[h.Name].Sum(v => v.MemoryMiB);
            text.Append(CultureInfo.InvariantCulture, $"{h.Name}|{FleetMaker.HostMemory}|{FleetMaker.OwnMemory}|{free}|20971520|20971520|{h.Cpus}|N|uuid-group-01|32||N|32|0|1.0\n");
        }

        text.Append('\n');
        foreach (var v in fleet.Vms)
        {
            text.Append(CultureInfo.InvariantCulture, $"{v.Name}|{v.MemoryMiB}|20480|{v.Vcpus}|running|Y|{v.Host}||ext||1|-|N\n");
        }

        const string Policy = "1024,1,1024,1,1,1|128,1,1024,1,1,1;262144,64,16777216,16,8,12|diskless,file,sharedfile,plain,blockdev,drbd,rbd,ext|4.0|32.0";
        return text.Append(CultureInfo.InvariantCulture, $"\n\n|{Policy}\ngroup-01|{Policy}\n").ToString();
    }

    private static string Util(FleetSnapshot fleet) =>
        string.Concat(fleet.Vms.Select(v => string.Create(CultureInfo.InvariantCulture, $"{v.Name} {v.CpuCores / FleetMaker.Cores:0.000000} 0 0 0\n")));
}
