namespace Runbooks.Fleet.Simulation.Policies.Measured;

/// <summary>
/// Relieves hosts whose VMs ask for more than their CPU now: with few moves, of VMs that are gone soon because their memory
/// is small, to hosts whose risk grows little; on to a new host only when nothing else has room.
/// </summary>
internal sealed class OverloadRelief(RiskState state, RunbooksOptions options)
{
    /// <summary>Share of a host's CPU that one further move takes away on average, for the price of a move that is not enough.</summary>
    private const double UsualMove = 0.1;

    /// <returns>The hosts that were switched on.</returns>
    public List<int> Run()
    {
        var opened = new List<int>();
        var mips = state.Cluster.Mips;
        int[] over = [.. state.Used.Where(h => state.NowOn(h) > mips[h]).OrderByDescending(h => state.NowOn(h) / mips[h])];
        foreach (var host in over)
        {
            while (state.NowOn(host) > mips[host] && state.Fleet.CountOn(host) > 1)
            {
                var (vm, to) = Cheapest(host);
                if (vm < 0)
                {
                    vm = state.VmsOn(host).MaxBy(v => state.Demand.Now[v]);
                    to = state.EmptyHostFor(vm);
                    if (to < 0)
                    {
                        break;
                    }

                    opened.Add(to);
                }

                state.Move(vm, to);
            }
        }

        return opened;
    }

    private (int Vm, int To) Cheapest(int host)
    {
        var (best, to, least) = (-1, -1, double.PositiveInfinity);
        var capacity = state.Cluster.Mips[host];
        foreach (var vm in state.VmsOn(host).Where(v => state.Demand.Now[v] > 0))
        {
            var (target, growth) = state.Safest(vm);
            var missing = state.NowOn(host) - state.Demand.Now[vm] - capacity;
            var cost = (missing <= 0 ? 1 : 2 + (missing / (UsualMove * capacity)))
                + (options.MovesPerSecond * state.Cluster.VmRamMb[vm] / state.Cluster.Setup.MigrationMbPerSecond)
                + (options.StaySteps * (growth + state.RiskWithout(vm) - state.Risk(host)));
            if (target >= 0 && cost < least)
            {
                (best, to, least) = (vm, target, cost);
            }
        }

        return (best, to);
    }
}
