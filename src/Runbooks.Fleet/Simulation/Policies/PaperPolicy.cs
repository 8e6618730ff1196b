using Runbooks.Fleet.Simulation.Cluster;

namespace Runbooks.Fleet.Simulation.Policies;

/// <summary>
/// The published policies that others are measured against: a host above a limit gives away its VMs with the least memory
/// until it is below; each goes to the host whose power grows least; then the least used hosts are emptied one after another
/// where all of their VMs fit elsewhere.
/// </summary>
public sealed class PaperPolicy : IClusterPolicy
{
    private const double UsualThreshold = 0.7;
    private const int RegressionSamples = 10;

    private readonly double? threshold;
    private readonly double safety;

    private PaperPolicy(double? threshold, double safety) => (this.threshold, this.safety) = (threshold, safety);

    /// <summary>A host may carry a fixed share of its CPU.</summary>
    public static PaperPolicy Threshold(double share) => new(share, 1);

    /// <summary>The load that a straight line through the last ten samples foretells, times a safety factor, must stay below the host's CPU.</summary>
    public static PaperPolicy Regression(double safety) => new(null, safety);

    public int[] Place(ClusterView cluster) => FirstPlacement.LeastPower(cluster, threshold ?? UsualThreshold);

    public Decision Decide(ClusterView cluster)
    {
        ArgumentNullException.ThrowIfNull(cluster);
        var regression = threshold is null && cluster.Now >= RegressionSamples;
        var foretold = regression ? Foretell(cluster) : cluster.Demand(cluster.Now).ToArray();
        return new PaperStep(cluster, foretold, [.. cluster.Mips.Select(m => regression ? m / safety : m * (threshold ?? UsualThreshold))], regression).Decide();
    }

    /// <summary>The value at the next sample of the least-squares line through the last ten.</summary>
    private static double[] Foretell(ClusterView cluster)
    {
        var foretold = new double[cluster.Vms];
        const double middle = (RegressionSamples + 1) / 2.0;
        var spread = Enumerable.Range(1, RegressionSamples).Sum(x => (x - middle) * (x - middle));
        for (var x = 1; x <= RegressionSamples; x++)
        {
            var weight = (1.0 / RegressionSamples) + ((RegressionSamples + 1 - middle) * (x - middle) / spread);
            var load = cluster.Load(cluster.Now - RegressionSamples + x);
            for (var v = 0; v < foretold.Length; v++)
            {
                foretold[v] += weight * load[v];
            }
        }

        for (var v = 0; v < foretold.Length; v++)
        {
            foretold[v] *= cluster.VmMips[v];
        }

        return foretold;
    }
}
