using System.Collections.Immutable;
using Runbooks.Fleet.Planning.Core;

namespace Runbooks.Fleet.Planning.Goals;

/// <summary>
/// Places VMs on given hosts, largest first, each on the fullest host that takes it. What stays free is then free in
/// large pieces on few hosts, which is what a failing host's VMs need.
/// </summary>
internal sealed class Packing(PoolModel model, IEnumerable<int> targets)
{
    private readonly FreeOrder order = new(model.Fleet, targets);

    /// <summary>The VMs with which a VM moves, that are not where they are to stay; placed as one.</summary>
    public static List<int[]> Units(PoolModel model, IEnumerable<int> vms)
    {
        var seen = new HashSet<int>();
        var units = new List<int[]>();
        foreach (var vm in vms)
        {
            if (seen.Add(vm))
            {
                var unit = model.Rules.UnitOf(vm).ToArray();
                seen.UnionWith(unit);
                units.Add(unit);
            }
        }

        var fleet = model.Fleet;
        return [.. units
            .OrderByDescending(u => u.Sum(v => (long)fleet.Vm(v).MemoryMiB))
            .ThenByDescending(u => u.Sum(v => fleet.Vm(v).CpuMean))
            .ThenBy(u => u[0])];
    }

    /// <summary>Places a unit; null when no host takes it, and nothing is changed then.</summary>
    public Placed? TryPlace(int[] unit)
    {
        var fleet = model.Fleet;
        var need = unit.Sum(v => (long)fleet.Vm(v).MemoryMiB);
        var start = order.FirstWith(need);
        var passed = -1;
        var best = -1;
        var bestLikes = -1.0;
        for (var place = start; place < order.Count; place++)
        {
            var host = order[place];
            if (!Takes(model, unit, host))
            {
                passed = passed < 0 ? host : passed;
                continue;
            }

            var likes = model.Rules.Binds(unit[0]) ? model.Rules.Preference(unit[0], host) : 1;
            if (likes > bestLikes)
            {
                (best, bestLikes) = (place, likes);
            }

            if (likes >= 1)
            {
                break;
            }
        }

        if (best < 0)
        {
            return null;
        }

        var (to, roomier) = (order[best], best + 1 < order.Count ? order[best + 1] : -1);
        var freeBefore = fleet.FreeMemory(to);
        var (limits, rules) = passed < 0 ? (Limits.None, []) : (fleet.Broken(unit[0], passed), model.Rules.Binds(unit[0]) ? [.. model.Rules.Broken(unit[0], passed, fleet)] : ImmutableArray<Constraint>.Empty);
        var roomierFree = roomier < 0 ? 0 : fleet.FreeMemory(roomier);
        foreach (var vm in unit)
        {
            fleet.Move(vm, to);
        }

        order.Sank(best);
        return new Placed(to, freeBefore, need, fleet.Load(to), passed, limits, rules, roomier, roomierFree);
    }

    /// <summary>Switches a host on that takes the whole unit, and places it there; null when there is none.</summary>
    public static Placed? OnSwitchedOn(PoolModel model, Wish wish, int[] unit, string reason) =>
        Relieve.SwitchOn(model, wish, h => Takes(model, unit, h), reason) is { } on ? new Packing(model, [on]).TryPlace(unit) : null;

    /// <summary>The whole unit fits on a host.</summary>
    private static bool Takes(PoolModel model, int[] unit, int host)
    {
        if (unit.Length == 1)
        {
            return model.May(unit[0], host);
        }

        var mark = model.Fleet.Mark;
        var takes = true;
        foreach (var vm in unit)
        {
            if (model.Fleet.HostOf(vm) == host)
            {
                continue;
            }

            if (!model.May(vm, host, isWhole: true))
            {
                takes = false;
                break;
            }

            model.Fleet.Move(vm, host);
        }

        model.Fleet.UndoTo(mark);
        return takes;
    }
}

/// <summary>Where a unit went, and what it was compared with.</summary>
internal sealed record Placed(
    int To,
    long FreeBefore,
    long Need,
    double LoadAfter,
    int Passed,
    Limits PassedLimits,
    ImmutableArray<Constraint> PassedRules,
    int Roomier,
    long RoomierFree)
{
    public ImmutableArray<Alternative> Alternatives(PoolModel model)
    {
        var list = ImmutableArray.CreateBuilder<Alternative>(2);
        if (Passed >= 0)
        {
            ImmutableArray<Constraint> broken = [.. model.KindsOf(PassedLimits, Passed), .. PassedRules];
            list.Add(new Alternative(model.Hosts[Passed].Name, broken, $"Fuller, but forbidden by {string.Join(", ", broken)}."));
        }

        if (Roomier >= 0)
        {
            list.Add(new Alternative(model.Hosts[Roomier].Name, [], $"Emptier: {RoomierFree} MiB free instead of {FreeBefore}; large pieces are kept whole for a host that fails."));
        }

        return list.DrainToImmutable();
    }
}
