namespace Runbooks.Fleet.Simulation.Policies.Measured;

/// <summary>
/// The first consolidation: keeps as few hosts as hold everything, those with the least watts for their CPU and the most
/// VMs that need not move, and spreads the others over them so that all have about the same left.
/// </summary>
internal sealed class FirstConsolidation(RiskState state)
{
    /// <summary>Weight of an even CPU load against an even use of memory, where memory decides how many hosts there are.</summary>
    private const double EvenCpu = 3;

    /// <summary>Share of the CPU that can be used on average; where memory needs more hosts than that, memory decides.</summary>
    private const double UsualLoad = 0.8;

    public void Run()
    {
        var cluster = state.Cluster;
        int[] order = [.. state.Used
            .OrderBy(h => cluster.Models[h].Power.Full / cluster.Mips[h])
            .ThenByDescending(state.Fleet.CountOn)
            .ThenByDescending(state.Fleet.MeanOf)];
        var byCpu = state.Demand.Mean.Sum() / cluster.Mips.Max();
        var byMemory = cluster.HardRamMb is { } ram ? cluster.VmRamMb.Sum() / ram : 0;
        var memoryDecides = byMemory > byCpu / UsualLoad;
        for (var keep = Math.Max(1, (int)Math.Max(byCpu, byMemory)); keep < order.Length; keep++)
        {
            if (TryKeep(order, keep, memoryDecides))
            {
                return;
            }
        }
    }

    private bool TryKeep(int[] order, int keep, bool memoryDecides)
    {
        var mark = state.Mark;
        var leaving = order.Skip(keep).SelectMany(state.VmsOn)
            .OrderByDescending(v => memoryDecides ? state.Cluster.VmRamMb[v] : 0)
            .ThenByDescending(v => state.Demand.Mean[v] + Math.Sqrt(state.Demand.Variance[v]));
        foreach (var vm in leaving.ToArray())
        {
            var (best, most) = (-1, double.NegativeInfinity);
            foreach (var host in order.AsSpan(0, keep))
            {
                if (!state.HasRoom(vm, host) || !state.Fleet.Fits(vm, host))
                {
                    continue;
                }

                var left = Left(vm, host, memoryDecides);
                (best, most) = left > most ? (host, left) : (best, most);
            }

            if (best < 0)
            {
                state.UndoTo(mark);
                return false;
            }

            state.Move(vm, best);
        }

        return true;
    }

    /// <summary>What a host has left with a VM: deviations of CPU, or shares of memory and CPU.</summary>
    private double Left(int vm, int host, bool memoryDecides)
    {
        var fleet = state.Fleet;
        var free = state.Cluster.Mips[host] - fleet.MeanOf(host);
        return memoryDecides
            ? (fleet.FreeMemory(host) / state.Cluster.HardRamMb!.Value) + (EvenCpu * free / state.Cluster.Mips[host])
            : (free - state.Demand.Mean[vm]) / Math.Sqrt(Math.Max(1, fleet.VarianceOf(host) + state.Demand.Variance[vm]));
    }
}
