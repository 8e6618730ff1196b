using Runbooks.Fleet.Simulation.Cluster;
using Runbooks.Fleet.Simulation.Policies.Measured;

namespace Runbooks.Fleet.Simulation.Policies;

/// <summary>
/// The product's own policy: one consolidation at the start; then hosts are relieved when they are overloaded, VMs move when
/// that saves more overloads than it costs, and hosts are emptied or switched on by the risk of overload that was measured.
/// </summary>
public sealed class RunbooksPolicy(RunbooksOptions options) : IClusterPolicy
{
    private readonly Calibration calibration = new(options.Memory, options.Trust);
    private readonly Dictionary<int, int> openedAt = [];
    private double expected;

    public RunbooksPolicy()
        : this(new RunbooksOptions())
    {
    }

    public int[] Place(ClusterView cluster)
    {
        try
        {
            return FirstPlacement.SmallTogether(cluster);
        }
        catch (SimulationException)
        {
            // A fleet that is nearly full may fit in one order and not in another.
            return FirstPlacement.FirstFit(cluster);
        }
    }

    public Decision Decide(ClusterView cluster)
    {
        ArgumentNullException.ThrowIfNull(cluster);
        var state = new RiskState(cluster, new DemandHistory(cluster, options), options);
        Observe(state);
        new OverloadRelief(state, options).Run().ForEach(h => openedAt[h] = cluster.Now);
        if (cluster.Now == 1)
        {
            new FirstConsolidation(state).Run();
        }
        else
        {
            Adapt(state, cluster.Now);
        }

        expected = state.TotalRisk;
        SimulatedMove[] moves = [.. Enumerable.Range(0, cluster.Vms).Where(v => state.Fleet.HostOf(v) != cluster.HostOf(v)).Select(v => new SimulatedMove(v, state.Fleet.HostOf(v)))];
        return new Decision(moves, moves.Length);
    }

    /// <summary>The first forecast is made by the first decision, so there is nothing to compare before the second.</summary>
    private void Observe(RiskState state)
    {
        if (state.Cluster.Now > 1)
        {
            calibration.Observe(state.Used.Count(h => state.NowOn(h) > state.Cluster.Mips[h]), expected);
        }
    }

    private void Adapt(RiskState state, int now)
    {
        var most = options.EmptyBelow * (state.Used.Count() - 1) / calibration.Factor;
        new WholeHostEmptying(state).Run(h => now - openedAt.GetValueOrDefault(h, int.MinValue / 2) >= options.HoldSteps, most);

        var fresh = -1;
        if (state.TotalRisk * calibration.Factor > options.OpenAbove * state.Used.Count())
        {
            var heaviest = Enumerable.Range(0, state.Cluster.Vms).MaxBy(v => state.Cluster.VmMips[v]);
            fresh = state.EmptyHostFor(heaviest);
            if (fresh >= 0)
            {
                openedAt[fresh] = now;
            }
        }

        new RiskBalance(state, options).Run(fresh);
    }
}
