using Runbooks.Fleet.Simulation.Cluster;
using Runbooks.Fleet.Simulation.Policies;
using Runbooks.Fleet.Simulation.Traces;

namespace Runbooks.Fleet.Tests.Simulation;

/// <summary>Machines and loads that tests make themselves.</summary>
internal static class SmallCluster
{
    public const string SetupText =
        """
        {
         "hosts": 40,
         "host_types": {"slow": {"cores": 2, "mips_per_core": 1860, "ram_mb_paper": 4096, "ram_mb_hard_mode": 16384, "power_w": [86,89.4,92.6,96,99.5,102,106,108,112,114,117]},
                        "fast": {"cores": 2, "mips_per_core": 2660, "ram_mb_paper": 4096, "ram_mb_hard_mode": 16384, "power_w": [93.7,97,101,105,110,116,121,125,129,133,135]}},
         "vm_types": [{"mips": 2500, "ram_mb": 870}, {"mips": 2000, "ram_mb": 1740}, {"mips": 1000, "ram_mb": 1740}, {"mips": 500, "ram_mb": 613}],
         "vm_cores": 1, "sample_s": 300, "migration_bandwidth_mb_s": 62.5,
         "degradation_while_migrating": 0.10, "destination_cpu_while_migrating": 0.10, "energy_window_s": [300, 86400]
        }
        """;

    public static ClusterSetup Setup { get; } = SetupReader.Read(SetupText, "setup.json");

    /// <summary>Loads about a level of each VM, with peaks; whole per cent, from a simple generator that any language has.</summary>
    public static LoadTrace Noisy(int vms, int samples, int seed)
    {
        long state = seed;
        int Next(int below)
        {
            state = ((state * 1_103_515_245) + 12_345) % 2_147_483_648;
            return (int)((state >> 16) % below);
        }

        var loads = new double[vms * samples];
        for (var v = 0; v < vms; v++)
        {
            var level = 5 + Next(40);
            for (var k = 0; k < samples; k++)
            {
                var load = level + Next(21) - 10;
                load = Next(100) < 3 ? 100 : load;
                loads[(k * vms) + v] = Math.Clamp(load, 0, 100) / 100.0;
            }
        }

        return new LoadTrace([.. Enumerable.Range(0, vms).Select(v => $"vm{v}")], loads, samples);
    }

    /// <summary>A trace from rows of per cent, one row per VM.</summary>
    public static LoadTrace Rows(params double[][] rows)
    {
        var samples = rows[0].Length;
        var loads = new double[rows.Length * samples];
        for (var v = 0; v < rows.Length; v++)
        {
            for (var k = 0; k < samples; k++)
            {
                loads[(k * rows.Length) + v] = rows[v][k] / 100;
            }
        }

        return new LoadTrace([.. Enumerable.Range(0, rows.Length).Select(v => $"vm{v}")], loads, samples);
    }

    public static SimulationResult Play(ClusterSetup setup, LoadTrace trace, IClusterPolicy policy, double? ramMb = null, SwitchOn switchOn = default) =>
        new ClusterSimulator(setup, trace, ramMb, switchOn, TimeProvider.System).Run(policy);
}

/// <summary>A policy that does what a test says.</summary>
internal sealed class Scripted(int[] start, Func<ClusterView, IReadOnlyList<SimulatedMove>> moves) : IClusterPolicy
{
    public int[] Place(ClusterView cluster) => start;

    public Decision Decide(ClusterView cluster)
    {
        var now = moves(cluster);
        return new Decision(now, now.Count);
    }
}
