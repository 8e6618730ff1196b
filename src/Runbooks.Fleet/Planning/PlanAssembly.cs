using System.Collections.Immutable;
using Runbooks.Fleet.Model;
using Runbooks.Fleet.Planning.Goals;
using Runbooks.Fleet.Planning.Order;

namespace Runbooks.Fleet.Planning;

/// <summary>Makes a plan of what a goal wants: order, costs, power and figures.</summary>
internal static class PlanAssembly
{
    public static Plan Of(PoolModel model, Wish wish, PlanGoal goal)
    {
        var isHelp = goal is PlanGoal.Relieve or PlanGoal.Evacuate or PlanGoal.Place or PlanGoal.Recover;
        var minds = model.Policy.HostFailure == HostFailureRule.Require || (model.Policy.HostFailure == HostFailureRule.Keep && !isHelp);
        var (arranged, refused) = new WaveOrder(model).Arrange(wish.Moves, minds);
        var last = new Dictionary<int, int>();
        foreach (var (move, wave) in arranged.Where(m => m.Move.From >= 0))
        {
            last[move.From] = wave;
        }

        var off = wish.Off.Where(o => model.Fleet.CountOn(o.Host) == 0).ToList();
        var used = arranged.Select(m => m.Move.To).ToHashSet();
        var power = wish.On.Where(o => used.Contains(o.Host))
            .Select(o => new PowerAction(model.Hosts[o.Host].Name, PowerState.On, o.Reason))
            .Concat(off
                .Select(o => new PowerAction(model.Hosts[o.Host].Name, PowerState.Off, o.Reason) { Wave = last.GetValueOrDefault(o.Host) })
                .OrderBy(p => p.Wave)
                .ThenBy(p => p.Host));
        var after = model.Figures(off.Select(o => o.Host).ToHashSet());
        return new Plan(
            goal.ToString().ToLowerInvariant(),
            model.Snapshot.Hash(),
            [.. arranged.Select(m => MoveOf(model, m.Move, m.Wave))],
            [.. power],
            [.. wish.Refusals, .. refused, .. Promise(model, after)],
            refused.Count == 0 ? wish.Summary : $"{wish.Summary} {refused.Count} of these moves can't be carried out; their refusals say why.")
        {
            Growths = [.. wish.Growths],
            Before = model.Before,
            After = after,
        };
    }

    private static Move MoveOf(PoolModel model, Draft draft, int wave)
    {
        var cost = MoveCost.Of(model, draft.Vm);
        var vm = model.Vms[draft.Vm];
        return new Move(vm.Name, draft.From < 0 ? default : model.Hosts[draft.From].Name, model.Hosts[draft.To].Name, vm.MemoryMiB, draft.Reason())
        {
            Wave = wave,
            Seconds = draft.From < 0 ? 0 : cost.Seconds,
            Detail = new MoveDetail(draft.Gain, draft.GainIn, draft.From < 0 ? 0 : cost.MiB, draft.Alternatives()),
        };
    }

    /// <summary>What remains broken of a promise that was asked for.</summary>
    private static ImmutableArray<Refusal> Promise(PoolModel model, FleetFigures after) =>
        model.Policy.HostFailure == HostFailureRule.Require && after.N1Failures > 0
            ? [.. model.Failure.FailingHosts().Select(h => new Refusal(model.Hosts[h].Name.Value, $"If {model.Hosts[h].Name} failed, its VMs would not fit on the other used hosts, and this plan can't change that.")
            {
                Blockade = new Blockade([Constraint.HostFailure], true, []),
            })]
            : [];
}
