using System.Collections.Immutable;
using Runbooks.Fleet.Model;
using Runbooks.Fleet.Planning.Core;

namespace Runbooks.Fleet.Planning.Goals;

/// <summary>Finds the best host for one VM: little power, little risk of overload, even load, and what it prefers.</summary>
internal static class Place
{
    /// <summary>A host that is not preferred has to be this much better, in the units of the score.</summary>
    private const double Preference = 0.1;

    private static readonly ScoreWeights Weights = new() { Energy = 0.0005, Overload = 10, CpuSpread = 1, MemorySpread = 0.5 };

    public static Wish Run(PoolModel model)
    {
        var wish = new Wish();
        var vm = Enumerable.Range(0, model.Vms.Count).First(v => model.Vms[v].Name == model.Request.Vm);
        var name = model.Vms[vm].Name;
        if (!model.IsMovable(vm))
        {
            wish.Refusals.Add(model.Fixed(vm));
            wish.Summary = $"{name} can't be moved.";
            return wish;
        }

        var from = model.Fleet.HostOf(vm);
        var ranked = Ranked(model, vm);
        if (ranked.Count == 0)
        {
            ranked = Relieve.SwitchOn(model, wish, h => model.May(vm, h), $"No host that is on has room for {name}.") is { } on ? [(on, 0)] : [];
        }

        if (ranked.Count == 0)
        {
            wish.Refusals.Add(model.NoHostFor(vm, "Can't place it"));
            wish.Summary = $"No host takes {name}.";
        }
        else if (from >= 0 && ranked[0].Gain <= model.Policy.MinGain)
        {
            wish.Refusals.Add(new Refusal(name.Value, $"{model.Hosts[from].Name} is the best host for it already; {model.Hosts[ranked[0].Host].Name} would gain {ranked[0].Gain:0.0000}.")
            {
                Blockade = new Blockade([Constraint.NotWorthIt], true, []),
            });
            wish.Summary = $"{name} stays on {model.Hosts[from].Name}.";
        }
        else if (MayStay(model, vm, from) && !IsSafe(model, vm, ranked[0].Host))
        {
            wish.Refusals.Add(new Refusal(name.Value, $"It stays on {model.Hosts[from].Name}: on every host that would be better for it, more hosts could fail without the others having room for their VMs.")
            {
                Blockade = new Blockade([Constraint.HostFailure], true, []),
            });
            wish.Summary = $"{name} stays on {model.Hosts[from].Name}.";
        }
        else
        {
            wish.Moves.Add(DraftOf(model, vm, from, ranked));
            wish.Summary = $"{name} goes to {model.Hosts[ranked[0].Host].Name}.";
        }

        return wish;
    }

    private static Draft DraftOf(PoolModel model, int vm, int from, List<(int Host, double Gain)> ranked)
    {
        var (to, gain) = ranked[0];
        ImmutableArray<Alternative> others = ranked.Count > 1
            ? [.. ranked.Skip(1).Take(3).Select(o => new Alternative(model.Hosts[o.Host].Name, [], $"It scores {gain - o.Gain:0.0000} worse."))]
            : Relieve.Others(model, vm, to);
        var (free, load) = (model.Fleet.FreeMemory(to), model.Fleet.Load(to));
        return new Draft(
            vm,
            from,
            to,
            vm,
            gain,
            "score",
            () => $"{model.Hosts[to].Name} scores best for {model.Vms[vm].Name}: {free} MiB free, load {load:0.00} before it.",
            () => others);
    }

    /// <summary>Hosts that take the VM, best first. Those that would leave a failing host's VMs without room come last, or not at all when that is required.</summary>
    internal static List<(int Host, double Gain)> Ranked(PoolModel model, int vm)
    {
        var fleet = model.Fleet;
        var here = fleet.HostOf(vm);
        var score = Score(model, vm);
        var home = here < 0 ? 0 : model.Rules.Preference(vm, here);
        var only = model.Request.Host is { } host ? model.IndexOf(host) : -1;
        var ranked = Enumerable.Range(0, fleet.HostCount)
            .Where(h => (only < 0 || h == only) && model.May(vm, h))
            .Select(h => (Host: h, Gain: score.Gain(vm, h) + (Preference * (model.Rules.Preference(vm, h) - home))))
            .OrderByDescending(h => h.Gain)
            .ThenBy(h => h.Host)
            .ToList();
        return model.Policy.HostFailure == HostFailureRule.Off ? ranked : SafeFirst(model, vm, ranked);
    }

    /// <summary>The averages of the open hosts are taken with the VM among them, wherever it comes from: they are the same after the move.</summary>
    private static FleetScore Score(PoolModel model, int vm)
    {
        var fleet = model.Fleet;
        var open = Enumerable.Range(0, fleet.HostCount).Select(h => fleet.Host(h).IsOpen).ToArray();
        var (mark, any) = (fleet.Mark, Array.IndexOf(open, true));
        if (any >= 0 && (fleet.HostOf(vm) < 0 || !open[fleet.HostOf(vm)]))
        {
            fleet.Move(vm, any);
        }

        var score = new FleetScore(fleet, Weights, open);
        fleet.UndoTo(mark);
        return score;
    }

    private static List<(int Host, double Gain)> SafeFirst(PoolModel model, int vm, List<(int Host, double Gain)> ranked)
    {
        // Mostly the best is safe too; the list is only walked as far as it must be.
        for (var i = 0; i < ranked.Count; i++)
        {
            if (IsSafe(model, vm, ranked[i].Host))
            {
                return [ranked[i], .. ranked.Where((_, j) => j != i)];
            }
        }

        return model.Policy.HostFailure == HostFailureRule.Require ? [] : ranked;
    }

    /// <summary>Nothing is wrong with where the VM is, and nobody names another host: it is not moved at the cost of the promise.</summary>
    private static bool MayStay(PoolModel model, int vm, int from) =>
        model.Policy.HostFailure != HostFailureRule.Off
        && model.Request.Host is null
        && from >= 0
        && model.Fleet.Host(from).IsOpen
        && !model.Fleet.IsOverloaded(from)
        && model.Rules.Allow(vm, from, model.Fleet);

    /// <summary>With the VM on a host, no more hosts may fail without the others having room for their VMs.</summary>
    private static bool IsSafe(PoolModel model, int vm, int host)
    {
        var mark = model.Fleet.Mark;
        model.Fleet.Move(vm, host);
        var isSafe = model.Failure.Failures(model.Before.N1Failures + 1) <= model.Before.N1Failures;
        model.Fleet.UndoTo(mark);
        return isSafe;
    }
}
