using Runbooks.Fleet.Model;
using Runbooks.Fleet.Planning.Core;

namespace Runbooks.Fleet.Planning.Goals;

/// <summary>
/// Keeps the hosts that cost the fewest moves, empties the others onto them and switches those off.
/// </summary>
/// <remarks>
/// As many hosts are kept as carry memory, vCPUs and load, and beside them the largest host's memory once more when any
/// host may fail, or the growth reserve when that is more. When something does not fit, one more host is kept.
/// </remarks>
internal static class Consolidate
{
    /// <summary>Tries with more hosts before giving up; the step doubles after the first few.</summary>
    private const int Tries = 24;

    public static Wish Run(PoolModel model)
    {
        var wish = new Wish();
        var placed = new Dictionary<int, (int Unit, Placed Placed)>();
        var emptied = new HashSet<int>();
        var open = Enumerable.Range(0, model.Fleet.HostCount).Where(h => model.Fleet.Host(h).IsOpen).ToList();

        // What was moved makes other room than there was: it is tried again until no further host can be emptied.
        while (Round(model, KeepOrder.Of(model, open.Where(h => !emptied.Contains(h)), emptied.Count == 0 ? wish : null), placed) is { } gone)
        {
            emptied.UnionWith(gone);
        }

        if (emptied.Count == 0)
        {
            wish.Summary = $"Pool '{model.Pool}': {open.Count} hosts are open and all are needed; nothing to do.";
            return wish;
        }

        Choose(model, wish, emptied, placed);
        wish.Summary = $"Pool '{model.Pool}': {wish.Off.Count} of {open.Count} open hosts are emptied by {wish.Moves.Count} moves and switched off.";
        return wish;
    }

    /// <summary>Empties as many hosts as possible at once; null when none can be.</summary>
    private static List<int>? Round(PoolModel model, KeepOrder order, Dictionary<int, (int Unit, Placed Placed)> placed)
    {
        var (fleet, hosts) = (model.Fleet, order.Hosts);
        var mark = fleet.Mark;
        var kept = order.Needed(model);
        for (var attempt = 0; attempt < Tries && kept < hosts.Count && !model.IsTimeUp; attempt++)
        {
            var gone = hosts.Skip(kept).ToList();
            if (TryEmpty(model, hosts.Take(kept), gone) is { } units && IsSafe(model))
            {
                foreach (var (vm, unit) in units)
                {
                    placed[vm] = unit;
                }

                return gone;
            }

            fleet.UndoTo(mark);
            kept += attempt < 4 ? 1 : 1 << Math.Min(20, attempt - 3);
        }

        return null;
    }

    private static bool IsSafe(PoolModel model) =>
        model.Policy.HostFailure == HostFailureRule.Off || model.Failure.Failures(model.Before.N1Failures + 1) <= model.Before.N1Failures;

    private static Dictionary<int, (int Unit, Placed Placed)>? TryEmpty(PoolModel model, IEnumerable<int> keep, List<int> gone)
    {
        var packing = new Packing(model, keep);
        var units = new Dictionary<int, (int Unit, Placed Placed)>();
        foreach (var unit in Packing.Units(model, gone.SelectMany(h => VmsOn(model.Fleet, h))))
        {
            if (unit.Any(v => !model.IsMovable(v)) || packing.TryPlace(unit) is not { } placed)
            {
                return null;
            }

            foreach (var vm in unit)
            {
                units[vm] = (unit[0], placed);
            }
        }

        return units;
    }

    /// <summary>Hosts whose emptying is worth it, those with the fewest moves first, as many as the limit of moves allows.</summary>
    private static void Choose(PoolModel model, Wish wish, HashSet<int> emptied, Dictionary<int, (int Unit, Placed Placed)> placed)
    {
        var byHost = placed
            .Where(p => model.Fleet.Vm(p.Key).Host != p.Value.Placed.To)
            .GroupBy(p => HostOf(model, p.Key, p.Value.Unit, emptied))
            .ToDictionary(g => g.Key, g => g.Select(p => (Vm: p.Key, p.Value.Unit, p.Value.Placed)).OrderBy(m => m.Vm).ToList());
        var left = model.Request.MaxMoves ?? int.MaxValue;
        var stays = new HashSet<int>();
        foreach (var host in emptied.OrderBy(h => byHost.GetValueOrDefault(h)?.Count ?? 0).ThenBy(h => h))
        {
            var moves = byHost.GetValueOrDefault(host) ?? [];
            if (moves.Count > left || moves.Exists(m => stays.Contains(m.Unit)))
            {
                stays.UnionWith(moves.Select(m => m.Unit));
                wish.Refusals.Add(new Refusal(model.Hosts[host].Name.Value, $"Emptying it takes {moves.Count} moves, more than the limit leaves.") { Blockade = new Blockade([Constraint.Budget], true, []) });
                continue;
            }

            if (NotWorthIt(model, host, moves) is { } refusal)
            {
                stays.UnionWith(moves.Select(m => m.Unit));
                wish.Refusals.Add(refusal);
                continue;
            }

            left -= moves.Count;
            Take(model, wish, host, moves);
        }

        // One unit may have members on two hosts, of which the later one stays.
        _ = wish.Moves.RemoveAll(m => stays.Contains(m.Unit));
    }

    /// <summary>The emptied host for which a VM moves: its own, or that of a VM with which it stays together.</summary>
    private static int HostOf(PoolModel model, int vm, int unit, HashSet<int> emptied) =>
        model.Rules.UnitOf(unit).Prepend(vm).Select(v => model.Fleet.Vm(v).Host).First(emptied.Contains);

    private static Refusal? NotWorthIt(PoolModel model, int host, List<(int Vm, int Unit, Placed Placed)> moves)
    {
        var idle = model.Fleet.Host(host).IdleWatts;
        var joules = moves.Sum(m => MoveCost.Of(model, m.Vm).Joules);
        var saved = idle * model.Policy.ExpectedStay.TotalSeconds;
        return moves.Count == 0 || idle <= 0 || saved >= joules
            ? null
            : new Refusal(model.Hosts[host].Name.Value, $"Emptying it costs {joules / 1000:0} kJ of migration and saves {saved / 1000:0} kJ over the expected stay; it is not worth it.")
            {
                Blockade = new Blockade([Constraint.NotWorthIt], true, []),
            };
    }

    private static void Take(PoolModel model, Wish wish, int emptied, List<(int Vm, int Unit, Placed Placed)> moves)
    {
        var name = model.Hosts[emptied].Name;
        foreach (var (vm, unit, placed) in moves)
        {
            wish.Moves.Add(new Draft(
                vm,
                model.Fleet.Vm(vm).Host,
                placed.To,
                unit,
                model.Fleet.Host(emptied).IdleWatts / moves.Count,
                "watts",
                () => Explain(model, vm, name, placed),
                () => placed.Alternatives(model)));
        }

        wish.Off.Add((emptied, moves.Count == 0 ? "No VM runs on it." : $"All {moves.Count} VMs fit elsewhere."));
    }

    private static string Explain(PoolModel model, int vm, HostName emptied, Placed placed)
    {
        var v = model.Vms[vm];
        return $"Empties {emptied}: {v.Name} ({v.MemoryMiB} MiB, {v.CpuCores:0.00} cores) fills {model.Hosts[placed.To].Name}, free memory {placed.FreeBefore} to {placed.FreeBefore - placed.Need} MiB, load {placed.LoadAfter:0.00} then.";
    }

    internal static IEnumerable<int> VmsOn(DenseFleet fleet, int host)
    {
        for (var v = fleet.FirstOn(host); v >= 0; v = fleet.NextOn(v))
        {
            yield return v;
        }
    }
}
