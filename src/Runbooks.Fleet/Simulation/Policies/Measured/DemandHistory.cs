using Runbooks.Fleet.Simulation.Cluster;

namespace Runbooks.Fleet.Simulation.Policies.Measured;

/// <summary>What is known of the demands of VMs: the last samples, brought to the fleet's level of today, with means and variances.</summary>
/// <remarks>
/// The demand of one VM from sample to sample is mostly noise about a level, and the level of the fleet moves slowly. So
/// the fleet's drift is taken out of all of them together, and of what one VM did lately only a part is taken for its level.
/// </remarks>
internal sealed class DemandHistory
{
    private readonly double[] past;

    public DemandHistory(ClusterView cluster, RunbooksOptions options)
    {
        Samples = Math.Min(options.Window, cluster.Now + 1);
        Now = cluster.Demand(cluster.Now).ToArray();
        Mean = new double[cluster.Vms];
        Variance = new double[cluster.Vms];
        past = new double[cluster.Vms * Samples];
        Read(cluster, Drift(cluster, Math.Min(options.Recent, Samples)));
        if (Samples > options.OwnRecent)
        {
            BringToOwnLevels(options);
        }

        Estimate(cluster, options.FleetSamples);
        Smoothing = Math.Max(options.LeastSmooth, options.SmoothSamples / (options.SmoothSamples + Samples));
    }

    public int Samples { get; }

    /// <summary>Demand of each VM at the last sample, MIPS.</summary>
    public double[] Now { get; }

    /// <summary>Expected demand, MIPS.</summary>
    public double[] Mean { get; }

    /// <summary>Its variance, MIPS squared.</summary>
    public double[] Variance { get; }

    /// <summary>Share of a host's variance by which the past is smoothed, 0 to 1.</summary>
    public double Smoothing { get; }

    /// <summary>Past demands of a VM, oldest first, MIPS at today's level.</summary>
    public ReadOnlySpan<double> Past(int vm) => past.AsSpan(vm * Samples, Samples);

    /// <summary>How much higher the fleet's demand was lately than in the whole window.</summary>
    private double Drift(ClusterView cluster, int recent)
    {
        var (all, late) = (0.0, 0.0);
        for (var j = 0; j < Samples; j++)
        {
            var total = 0.0;
            foreach (var demand in cluster.Demand(cluster.Now - j))
            {
                total += demand;
            }

            all += total / Samples;
            late += j < recent ? total / recent : 0;
        }

        return all > 0 ? late / all : 1;
    }

    private void Read(ClusterView cluster, double drift)
    {
        for (var j = 0; j < Samples; j++)
        {
            var demand = cluster.Demand(cluster.Now - Samples + 1 + j);
            for (var v = 0; v < demand.Length; v++)
            {
                past[(v * Samples) + j] = demand[v] * drift;
            }
        }
    }

    /// <summary>A VM that has begun or ended some work keeps its new level for a while: its past is moved a part of the way there.</summary>
    private void BringToOwnLevels(RunbooksOptions options)
    {
        for (var v = 0; v < Mean.Length; v++)
        {
            var own = past.AsSpan(v * Samples, Samples);
            var (all, late) = (0.0, 0.0);
            for (var j = 0; j < own.Length; j++)
            {
                all += own[j] / own.Length;
                late += j >= own.Length - options.OwnRecent ? own[j] / options.OwnRecent : 0;
            }

            foreach (ref var demand in own)
            {
                demand = Math.Max(0, demand + (options.OwnLevel * (late - all)));
            }
        }
    }

    /// <summary>
    /// Few samples of one VM say little. Its variance is mixed with what VMs of its mean load show across the fleet, and its
    /// mean, more lightly, with the fleet's.
    /// </summary>
    private void Estimate(ClusterView cluster, double fleetSamples)
    {
        var (loads, squares) = (new double[Mean.Length], new double[Mean.Length]);
        var (sumLoad, sumVariance) = (0.0, 0.0);
        for (var v = 0; v < loads.Length; v++)
        {
            foreach (var demand in Past(v))
            {
                loads[v] += demand / cluster.VmMips[v] / Samples;
            }

            foreach (var demand in Past(v))
            {
                var off = (demand / cluster.VmMips[v]) - loads[v];
                squares[v] += off * off;
            }

            sumLoad += loads[v];
            sumVariance += squares[v] / Math.Max(1, Samples - 1);
        }

        var perLoad = sumLoad > 0 ? sumVariance / sumLoad : 0;
        var fleetLoad = sumLoad / Math.Max(1, loads.Length);
        var light = fleetSamples / 4;
        for (var v = 0; v < loads.Length; v++)
        {
            var fleetVariance = perLoad * Math.Max(loads[v], fleetLoad / 4);
            var variance = (squares[v] + (fleetSamples * fleetVariance)) / (Samples - 1 + fleetSamples);
            Variance[v] = variance * cluster.VmMips[v] * cluster.VmMips[v];
            Mean[v] = ((loads[v] * Samples) + (fleetLoad * light)) / (Samples + light) * cluster.VmMips[v];
        }
    }
}
