namespace Runbooks.Fleet.Simulation.Policies.Measured;

/// <summary>Empties one host when the others carry its VMs with a risk that is still low: all of its VMs move, or none.</summary>
internal sealed class WholeHostEmptying(RiskState state)
{
    private const int Candidates = 3;

    /// <param name="mayEmpty">Hosts that have been on long enough.</param>
    /// <param name="risk">Hosts that may be expected to be overloaded when one fewer is on.</param>
    public void Run(Func<int, bool> mayEmpty, double risk)
    {
        if (state.TotalRisk > risk)
        {
            return;
        }

        foreach (var host in state.Used.Where(mayEmpty).OrderBy(state.Fleet.MeanOf).Take(Candidates).ToArray())
        {
            var mark = state.Mark;
            if (TryEmpty(host) && state.TotalRisk <= risk)
            {
                return;
            }

            state.UndoTo(mark);
        }
    }

    private bool TryEmpty(int host)
    {
        foreach (var vm in state.VmsOn(host).OrderByDescending(v => state.Demand.Mean[v] + Math.Sqrt(state.Demand.Variance[v])))
        {
            var (to, _) = state.Safest(vm);
            if (to < 0)
            {
                return false;
            }

            state.Move(vm, to);
        }

        return true;
    }
}
