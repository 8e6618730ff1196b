using System.Diagnostics;
using System.Text.Json.Nodes;
using Runbooks.Fleet.Model;
using Runbooks.Fleet.Planning;

namespace Runbooks.Bench.Planning;

/// <summary>What the planner reaches on fleets of 100 to 10,000 hosts, how long it takes, and how that grows.</summary>
internal static class PlacementCases
{
    private static readonly int[] Seeds = [1, 2, 3];

    /// <summary>Each run is measured this often; the least is taken, for others use the machine too.</summary>
    private const int Repeats = 3;

    public static IEnumerable<JsonObject> Run()
    {
        foreach (var (hosts, most, moves) in new[] { (100, 31, 341), (400, 120, 1_546), (1_000, 300, 4_009) })
        {
            foreach (var seed in Seeds)
            {
                yield return Consolidation(hosts, seed, most, moves);
            }
        }

        foreach (var (hosts, sd, moves) in new[] { (100, 0.0447, 100), (1_000, 0.0391, 900) })
        {
            foreach (var seed in Seeds)
            {
                yield return Balance(hosts, seed, sd, moves);
            }
        }

        foreach (var row in Time())
        {
            yield return row;
        }

        yield return Hbal.Run(FleetMaker.Make(20, seed: 1));
    }

    private static PlannerPolicy Policy { get; } = new() { MemoryHeadroom = 0, VcpuRatio = FleetMaker.VcpuRatio, HostFailure = HostFailureRule.Require };

    private static JsonObject Consolidation(int hosts, int seed, int mostHosts, int mostMoves)
    {
        var fleet = FleetMaker.Make(hosts, seed);
        var plan = FleetPlanner.Plan(fleet, new PlanningRequest(PlanGoal.Consolidate), Policy);
        var bound = fleet.Vms.Sum(v => (double)v.MemoryMiB) / (FleetMaker.HostMemory - FleetMaker.OwnMemory);
        return new JsonObject
        {
            ["case"] = "consolidate",
            ["hosts"] = hosts,
            ["seed"] = seed,
            ["hostsUsed"] = plan.After!.HostsUsed,
            ["hostsUsedAtMost"] = mostHosts,
            ["hostsOfMemory"] = Output.Round(bound),
            ["moves"] = plan.Moves.Length,
            ["movesAtMost"] = mostMoves,
            ["waves"] = Waves(plan),
            ["n1FailuresAfterAnyWave"] = WorstWave(fleet, plan),
        };
    }

    private static JsonObject Balance(int hosts, int seed, double sd, int mostMoves)
    {
        var fleet = FleetMaker.Make(hosts, seed);
        var plan = FleetPlanner.Plan(fleet, new PlanningRequest(PlanGoal.Balance) { TargetSd = sd }, Policy);
        return new JsonObject
        {
            ["case"] = "balance",
            ["hosts"] = hosts,
            ["seed"] = seed,
            ["cpuSdBefore"] = Output.Round(plan.Before!.CpuSd, 4),
            ["cpuSd"] = Output.Round(plan.After!.CpuSd, 4),
            ["cpuSdAtMost"] = sd,
            ["moves"] = plan.Moves.Length,
            ["movesAtMost"] = mostMoves,
            ["n1FailuresAfterAnyWave"] = WorstWave(fleet, plan),
        };
    }

    private static IEnumerable<JsonObject> Time()
    {
        foreach (var request in new[] { new PlanningRequest(PlanGoal.Consolidate), new PlanningRequest(PlanGoal.Balance) { TargetSd = 0.0391 } })
        {
            var (small, smallCpu) = Seconds(FleetMaker.Make(1_000, seed: 1), request);
            var (large, largeCpu) = Seconds(FleetMaker.Make(10_000, seed: 1), request);
            yield return new JsonObject
            {
                ["case"] = "time",
                ["goal"] = request.Goal.ToString().ToLowerInvariant(),
                ["seconds1000Hosts"] = Output.Round(small, 3),
                ["cpuSeconds1000Hosts"] = Output.Round(smallCpu, 3),
                ["seconds1000AtMost"] = 0.3,
                ["seconds10000Hosts"] = Output.Round(large, 3),
                ["cpuSeconds10000Hosts"] = Output.Round(largeCpu, 3),
                ["seconds10000AtMost"] = 4,
                ["growsWithHostsToThePowerOf"] = Output.Round(Math.Log10(large / small)),
                ["growthAtMost"] = 1.5,
            };
        }
    }

    /// <summary>Time on the clock, and the processor time of the same run: on a machine that others use only the second compares.</summary>
    private static (double Wall, double Cpu) Seconds(FleetSnapshot fleet, PlanningRequest request) =>
        Enumerable.Range(0, Repeats).Select(run =>
        {
            var cpu = Environment.CpuUsage.TotalTime;
            var watch = Stopwatch.StartNew();
            _ = FleetPlanner.Plan(fleet, request, Policy);
            return (Wall: watch.Elapsed.TotalSeconds, Cpu: (Environment.CpuUsage.TotalTime - cpu).TotalSeconds);
        }).MinBy(t => t.Wall);

    /// <summary>Used hosts that may not fail, after the worst wave; counted on the placements, not taken from the plan.</summary>
    private static int WorstWave(FleetSnapshot fleet, Plan plan)
    {
        var worst = 0;
        foreach (var wave in plan.Moves.GroupBy(m => m.Wave).OrderBy(w => w.Key))
        {
            var to = wave.ToDictionary(m => m.Vm, m => m.To);
            fleet = new FleetSnapshot(fleet.TakenAt, fleet.Hosts, fleet.Vms.Select(v => to.TryGetValue(v.Name, out var host) ? v with { Host = host } : v));
            worst = Math.Max(worst, FailureCount.Of(fleet));
        }

        return worst;
    }

    private static int Waves(Plan plan) => plan.Moves.IsEmpty ? 0 : plan.Moves.Max(m => m.Wave);
}
