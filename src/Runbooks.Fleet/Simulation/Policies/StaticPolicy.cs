using Runbooks.Fleet.Simulation.Cluster;

namespace Runbooks.Fleet.Simulation.Policies;

/// <summary>Moves nothing; hosts save power by running slower (DVFS), which their power tables contain.</summary>
public sealed class StaticPolicy : IClusterPolicy
{
    public int[] Place(ClusterView cluster) => FirstPlacement.FirstFit(cluster);

    public Decision Decide(ClusterView cluster) => Decision.Nothing;
}
