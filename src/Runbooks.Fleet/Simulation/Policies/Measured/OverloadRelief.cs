namespace Runbooks.Fleet.Simulation.Policies.Measured;

/// <summary>
/// Relieves hosts whose VMs ask for more than their CPU now. VMs leave beside each other, so the overload lasts as long as
/// the slowest of them takes. For each such time the cheapest set of VMs that are gone by then is looked for, and the best
/// of these sets is moved: few VMs, soon gone, little CPU lacked until then, to hosts whose risk grows little. A new host is
/// used only when nothing in use has room.
/// </summary>
internal sealed class OverloadRelief(RiskState state, RunbooksOptions options)
{
    /// <summary>Share of a host's CPU that one further move takes away on average, for the price of a move that is not enough.</summary>
    private const double UsualMove = 0.1;

    /// <summary>Price of staying overloaded by a whole host's CPU, in moves: above that of any set of moves.</summary>
    private const double Unrelieved = 1e6;

    /// <returns>The hosts that were switched on.</returns>
    public List<int> Run()
    {
        var opened = new List<int>();
        var mips = state.Cluster.Mips;
        int[] over = [.. state.Used.Where(IsOver).OrderByDescending(h => state.NowOn(h) / mips[h])];
        foreach (var host in over)
        {
            MoveBestSet(host);
            while (IsOver(host) && state.Fleet.CountOn(host) > 1)
            {
                var vm = state.VmsOn(host).MaxBy(v => state.Demand.Now[v]);
                var to = state.EmptyHostFor(vm);
                if (to < 0)
                {
                    break;
                }

                opened.Add(to);
                state.Move(vm, to);
                MoveBestSet(host);
            }
        }

        return opened;
    }

    private bool IsOver(int host) => state.NowOn(host) > state.Cluster.Mips[host];

    private void MoveBestSet(int host)
    {
        var mark = state.Mark;
        var (best, least) = (0.0, double.PositiveInfinity);
        foreach (var seconds in state.VmsOn(host).Where(v => state.Demand.Now[v] > 0).Select(Seconds).Distinct().Order().ToArray())
        {
            var cost = MoveWithin(host, seconds);
            (best, least) = cost < least ? (seconds, cost) : (best, least);
            state.UndoTo(mark);
        }

        _ = MoveWithin(host, best);
    }

    /// <summary>Moves VMs that take no longer than a time until the host is relieved or no other has room.</summary>
    /// <returns>What that costs, in moves.</returns>
    private double MoveWithin(int host, double seconds)
    {
        var asked = state.NowOn(host);
        var leaving = new List<int>();
        var cost = 0.0;
        while (IsOver(host) && state.Fleet.CountOn(host) > 1)
        {
            var (vm, to, price) = Cheapest(host, seconds);
            if (vm < 0)
            {
                break;
            }

            cost += price;
            leaving.Add(vm);
            state.Move(vm, to);
        }

        var capacity = state.Cluster.Mips[host];
        return cost + Waiting(leaving, asked, capacity) + (Unrelieved * Math.Max(0, state.NowOn(host) - capacity) / capacity);
    }

    /// <summary>What the overload costs until the VMs have left, in moves: its time, and the CPU that is lacked in it.</summary>
    private double Waiting(List<int> leaving, double asked, double capacity)
    {
        var (lacked, passed) = (0.0, 0.0);
        foreach (var vm in leaving.OrderBy(Seconds))
        {
            lacked += Math.Max(0, asked - capacity) * (Seconds(vm) - passed);
            (asked, passed) = (asked - state.Demand.Now[vm], Seconds(vm));
        }

        return (options.MovesPerSecond * passed) + (options.MovesPerLackedSecond * lacked / capacity);
    }

    private (int Vm, int To, double Price) Cheapest(int host, double seconds)
    {
        var (best, to, paid, least) = (-1, -1, 0.0, double.PositiveInfinity);
        var capacity = state.Cluster.Mips[host];
        foreach (var vm in state.VmsOn(host).Where(v => state.Demand.Now[v] > 0 && Seconds(v) <= seconds))
        {
            var (target, growth) = state.Safest(vm);
            var missing = state.NowOn(host) - state.Demand.Now[vm] - capacity;
            var degraded = Seconds(vm) * state.Cluster.Setup.Degradation * state.Demand.Now[vm] / capacity;
            var price = 1 + (options.MovesPerLackedSecond * degraded) + (options.StaySteps * (growth + state.RiskWithout(vm) - state.Risk(host)));
            var cost = price + (missing <= 0 ? 0 : 1 + (missing / (UsualMove * capacity)));
            if (target >= 0 && cost < least)
            {
                (best, to, paid, least) = (vm, target, price, cost);
            }
        }

        return (best, to, paid);
    }

    private double Seconds(int vm) => state.Cluster.VmRamMb[vm] / state.Cluster.Setup.MigrationMbPerSecond;
}
