namespace Runbooks.Fleet.Simulation.Policies.Measured;

/// <summary>Moves single VMs from the hosts with the most risk where that is worth the move.</summary>
internal sealed class RiskBalance(RiskState state, RunbooksOptions options)
{
    private const int Sources = 4;

    /// <param name="fresh">A host that is being switched on, to be filled; -1 when there is none.</param>
    public void Run(int fresh)
    {
        for (var i = 0; i < (fresh >= 0 ? options.FillMoves : options.BalanceMoves); i++)
        {
            var (vm, to) = Best(fresh);
            if (vm < 0)
            {
                return;
            }

            state.Move(vm, to);
        }
    }

    /// <summary>The move that lowers the risk most, if it saves more than one overload while it lasts.</summary>
    private (int Vm, int To) Best(int fresh)
    {
        var (best, target, gain) = (-1, -1, 1 / options.StaySteps);
        foreach (var host in state.Used.Where(h => state.Risk(h) > gain).OrderByDescending(state.Risk).Take(Sources))
        {
            foreach (var vm in state.VmsOn(host))
            {
                var less = state.Risk(host) - state.RiskWithout(vm);
                if (less <= gain)
                {
                    continue;
                }

                var (to, growth) = fresh < 0 ? state.Safest(vm)
                    : host != fresh && state.HasRoom(vm, fresh) ? (fresh, state.RiskWith(vm, fresh) - state.Risk(fresh))
                    : (-1, 0);
                if (to >= 0 && less - growth > gain)
                {
                    (best, target, gain) = (vm, to, less - growth);
                }
            }
        }

        return (best, target);
    }
}
