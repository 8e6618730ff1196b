using Runbooks.Fleet.Simulation.Cluster;

namespace Runbooks.Fleet.Simulation.Policies;

/// <summary>Decides where VMs run. It holds what it has learnt, so each simulation needs a policy of its own.</summary>
public interface IClusterPolicy
{
    /// <summary>Places all VMs before anything was measured: by their sizes, within CPU and <see cref="ClusterView.FirstRamMb"/> of the hosts.</summary>
    /// <returns>The host of each VM.</returns>
    /// <exception cref="SimulationException">A VM fits on no host.</exception>
    int[] Place(ClusterView cluster);

    /// <summary>Decides at a sample, the second one first.</summary>
    /// <returns>The moves to start now, at most one of each VM, and how many are counted.</returns>
    Decision Decide(ClusterView cluster);
}

/// <summary>What a policy wants now.</summary>
/// <param name="Moves">Moves to start, at most one of each VM.</param>
/// <param name="Counted">Migrations that it ordered. The paper's policies may order two for one VM in one step; the second alone is carried out, both are counted.</param>
public readonly record struct Decision(IReadOnlyList<SimulatedMove> Moves, int Counted)
{
    public static Decision Nothing { get; } = new([], 0);
}
