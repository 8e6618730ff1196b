using System.Collections.Immutable;
using Runbooks.Fleet.Model;
using Runbooks.Fleet.Planning.Core;

namespace Runbooks.Fleet.Planning.Goals;

/// <summary>
/// Answers abrupt load. VMs that are short of CPU grow where they are, when their range allows it. Hosts above Load_max give
/// the fewest and cheapest VMs to used hosts; a host is switched on only when nothing else takes them.
/// </summary>
internal static class Relieve
{
    /// <summary>Share of its vCPUs from which a VM is short of CPU.</summary>
    private const double Short = 0.90;

    public static Wish Run(PoolModel model)
    {
        var wish = new Wish();
        var fleet = model.Fleet;
        var hot = Enumerable.Range(0, fleet.HostCount)
            .Where(h => model.WasOn[h] && fleet.IsOverloaded(h) && (model.Request.Host is not { } only || model.Hosts[h].Name == only))
            .OrderByDescending(h => fleet.Need(h) - fleet.CpuLimit(h))
            .ThenBy(h => h)
            .ToList();
        var relieved = hot.Count - RelieveAll(model, wish, hot);
        Grow(model, wish);
        wish.Summary = hot.Count == 0
            ? $"Pool '{model.Pool}': no host is above Load_max {model.Policy.Thresholds.LoadMax:0.00}; {wish.Growths.Count} VMs grow in place."
            : $"Pool '{model.Pool}': {relieved} of {hot.Count} hosts above Load_max {model.Policy.Thresholds.LoadMax:0.00} are relieved by {wish.Moves.Count} moves; {wish.Growths.Count} VMs grow in place.";
        return wish;
    }

    /// <summary>Relieves hosts, hottest first.</summary>
    /// <returns>How many stay hot.</returns>
    private static int RelieveAll(PoolModel model, Wish wish, List<int> hot)
    {
        while (true)
        {
            var (moves, stay, refused) = (wish.Moves.Count, new List<int>(), new List<Refusal>());
            foreach (var host in hot)
            {
                var before = wish.Refusals.Count;
                if (!RelieveHost(model, wish, host))
                {
                    stay.Add(host);
                    refused.AddRange(wish.Refusals.Skip(before));
                    wish.Refusals.RemoveRange(before, wish.Refusals.Count - before);
                }
            }

            // A host that gave VMs away, or was switched on for others, has room that was not there before.
            if (stay.Count == 0 || wish.Moves.Count == moves)
            {
                wish.Refusals.AddRange(refused);
                return stay.Count;
            }

            hot = stay;
        }
    }

    private static void Grow(PoolModel model, Wish wish)
    {
        var fleet = model.Fleet;
        var added = new Dictionary<int, int>();
        for (var v = 0; v < fleet.VmCount; v++)
        {
            var vm = model.Vms[v];
            var host = fleet.HostOf(v);
            if (host < 0 || vm.CpuLoad is not >= Short || vm.Traits.MaxVcpus is not { } most || most <= vm.Vcpus || !model.IsMovable(v))
            {
                continue;
            }

            var wanted = Math.Min(most, (int)Math.Ceiling(vm.CpuCores / model.Policy.Thresholds.LoadMax));
            var more = (int)Math.Min(wanted - vm.Vcpus, fleet.FreeVcpus(host) - added.GetValueOrDefault(host));
            if (more > 0 && !fleet.IsOverloaded(host))
            {
                added[host] = added.GetValueOrDefault(host) + more;
                wish.Growths.Add(new Growth(vm.Name, vm.Vcpus + more, $"It uses {vm.CpuLoad:0.00} of its {vm.Vcpus} vCPUs, may have {most}, and {model.Hosts[host].Name} has room."));
            }
        }
    }

    private static bool RelieveHost(PoolModel model, Wish wish, int host)
    {
        var fleet = model.Fleet;
        var tried = new HashSet<int>();
        while (fleet.IsOverloaded(host))
        {
            if (model.IsTimeUp || wish.Moves.Count >= (model.Request.MaxMoves ?? int.MaxValue))
            {
                wish.Refusals.Add(new Refusal(model.Hosts[host].Name.Value, $"It stays at load {fleet.Load(host):0.00}: the limit of moves or of time is reached.") { Blockade = new Blockade([Constraint.Budget], true, []) });
                return false;
            }

            if (Next(model, host, tried) is not { } vm)
            {
                if (RelieveUnits.Next(model, host, tried) is { } unit)
                {
                    RelieveUnits.Move(model, wish, unit, host, tried);
                    continue;
                }

                wish.Refusals.Add(new Refusal(model.Hosts[host].Name.Value, $"It stays at load {fleet.Load(host):0.00}, above Load_max {model.Policy.Thresholds.LoadMax:0.00}: none of its other VMs can leave."));
                return false;
            }

            var cost = MoveCost.Of(model, vm);
            var taken = Math.Min(fleet.Vm(vm).CpuMean, fleet.Need(host) - fleet.CpuLimit(host));
            if (!cost.PaysForRelief(model.Policy, taken))
            {
                _ = tried.Add(vm);
                wish.Refusals.Add(new Refusal(model.Vms[vm].Name.Value, $"Its move takes {cost.Seconds:0} s and costs it {cost.CoreSeconds:0} core seconds, for {taken:0.00} cores less on {model.Hosts[host].Name} over what is left of the expected stay; it is not worth it.")
                {
                    Blockade = new Blockade([Constraint.NotWorthIt], true, []),
                });
                continue;
            }

            if (Target(model, wish, vm) is not { } to)
            {
                _ = tried.Add(vm);
                wish.Refusals.Add(model.NoHostFor(vm, $"Can't relieve {model.Hosts[host].Name}"));
                continue;
            }

            Move(model, wish, vm, host, to);
        }

        return true;
    }

    /// <summary>The cheapest VM whose leaving suffices; else the one that brings most.</summary>
    private static int? Next(PoolModel model, int host, HashSet<int> tried)
    {
        var fleet = model.Fleet;
        var may = Consolidate.VmsOn(fleet, host)
            .Where(v => model.IsMovable(v) && !tried.Contains(v) && fleet.Vm(v).CpuMean > 0 && model.Rules.UnitOf(v).Count == 1)
            .ToList();
        var enough = may
            .Where(v => fleet.Rule.Allows(fleet.NeedOf(fleet.MeanOf(host) - fleet.Vm(v).CpuMean, Math.Max(0, fleet.VarianceOf(host) - fleet.Vm(v).CpuVariance)), fleet.Host(host).Cores))
            .OrderBy(v => MoveCost.Of(model, v).Seconds)
            .ThenBy(v => v)
            .ToList();
        return enough.Count > 0
            ? enough[0]
            : may.OrderByDescending(v => fleet.Vm(v).CpuMean).ThenBy(v => v).Select(v => (int?)v).FirstOrDefault();
    }

    /// <summary>The least loaded used host that takes the VM; else an empty one that is on; else one that is switched on.</summary>
    internal static int? Target(PoolModel model, Wish wish, int vm)
    {
        var fleet = model.Fleet;
        var target = Enumerable.Range(0, fleet.HostCount)
            .Where(h => model.May(vm, h))
            .OrderBy(h => fleet.CountOn(h) == 0)
            .ThenByDescending(h => model.Rules.Preference(vm, h))
            .ThenBy(fleet.Load)
            .ThenBy(h => h)
            .Select(h => (int?)h)
            .FirstOrDefault();
        return target ?? SwitchOn(model, wish, h => model.May(vm, h), $"No host that is on has room for {model.Vms[vm].Name}.");
    }

    /// <summary>Opens the best host that is off and of use: highest priority, then least power per core.</summary>
    internal static int? SwitchOn(PoolModel model, Wish wish, Func<int, bool> isOfUse, string reason)
    {
        var fleet = model.Fleet;
        var off = Enumerable.Range(0, fleet.HostCount)
            .Where(h => model.Hosts[h] is { Power: PowerState.Off, Mode: HostMode.Active } && !fleet.Host(h).IsOpen)
            .OrderByDescending(h => model.Hosts[h].Priority)
            .ThenBy(h => fleet.Host(h).IdleWatts / fleet.Host(h).Cores)
            .ThenBy(h => h);
        foreach (var h in off)
        {
            fleet.SetOpen(h, isOpen: true);
            if (isOfUse(h))
            {
                wish.On.Add((h, reason));
                return h;
            }

            fleet.SetOpen(h, isOpen: false);
        }

        return null;
    }

    private static void Move(PoolModel model, Wish wish, int vm, int from, int to)
    {
        var fleet = model.Fleet;
        var (hot, cold) = (fleet.Load(from), fleet.Load(to));
        var others = Others(model, vm, to);
        fleet.Move(vm, to);
        var (hotAfter, coldAfter) = (fleet.Load(from), fleet.Load(to));
        wish.Moves.Add(new Draft(
            vm,
            from,
            to,
            wish.Moves.Count,
            hot - hotAfter,
            "load",
            () => $"{model.Hosts[from].Name} is above Load_max {model.Policy.Thresholds.LoadMax:0.00}: {hot:0.00} to {hotAfter:0.00} without {model.Vms[vm].Name}, {model.Hosts[to].Name} {cold:0.00} to {coldAfter:0.00}.",
            () => others));
    }

    /// <summary>The three hosts that came next, with what was against them.</summary>
    internal static ImmutableArray<Alternative> Others(PoolModel model, int vm, int to)
    {
        var fleet = model.Fleet;
        return [.. Enumerable.Range(0, fleet.HostCount)
            .Where(h => h != to && h != fleet.HostOf(vm))
            .OrderBy(fleet.Load)
            .ThenBy(h => h)
            .Take(3)
            .Select(h => (Host: h, Broken: model.Broken(vm, h)))
            .Select(o => new Alternative(
                model.Hosts[o.Host].Name,
                o.Broken,
                o.Broken.IsEmpty ? $"Possible, at load {fleet.Load(o.Host):0.00} before it; it comes after {model.Hosts[to].Name}." : $"Forbidden by {string.Join(", ", o.Broken)}."))];
    }
}
