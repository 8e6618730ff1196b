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
        var order = KeepOrder.Of(model, wish);
        var need = KeepOrder.Needed(model, order);
        List<Emptied>? emptied = null;
        var kept = Math.Min(need, order.Count);
        for (var attempt = 0; attempt < Tries && kept < order.Count && !model.IsTimeUp; attempt++)
        {
            model.Fleet.UndoTo(0);
            emptied = TryKeep(model, order, kept);
            if (emptied is not null && IsSafe(model))
            {
                break;
            }

            emptied = null;
            kept += attempt < 4 ? 1 : 1 << Math.Min(20, attempt - 3);
        }

        model.Fleet.UndoTo(0);
        if (emptied is null)
        {
            wish.Summary = $"Pool '{model.Pool}': {order.Count} hosts are open and all are needed; nothing to do.";
            return wish;
        }

        foreach (var host in emptied.OrderBy(e => e.Moves.Count).ThenBy(e => e.Host))
        {
            Take(model, wish, host);
        }

        wish.Summary = $"Pool '{model.Pool}': {wish.Off.Count} of {order.Count} open hosts are emptied by {wish.Moves.Count} moves and switched off.";
        return wish;
    }

    private static bool IsSafe(PoolModel model) =>
        model.Policy.HostFailure == HostFailureRule.Off || model.Failure.Failures(model.Before.N1Failures + 1) <= model.Before.N1Failures;

    private static List<Emptied>? TryKeep(PoolModel model, List<int> order, int kept)
    {
        var keep = order.Take(kept).ToHashSet();
        var gone = order.Skip(kept).ToList();
        var fleet = model.Fleet;
        var at = gone.ToDictionary(h => h, h => new Emptied(h, []));
        var packing = new Packing(model, keep);
        foreach (var unit in Packing.Units(model, gone.SelectMany(h => VmsOn(fleet, h))))
        {
            var from = unit.Select(fleet.HostOf).ToArray();
            if (packing.TryPlace(unit) is not { } placed)
            {
                return null;
            }

            for (var i = 0; i < unit.Length; i++)
            {
                if (from[i] != placed.To)
                {
                    (at.GetValueOrDefault(from[i]) ?? at[from.First(at.ContainsKey)]).Moves.Add((unit[i], from[i], unit[0], placed));
                }
            }
        }

        return [.. at.Values];
    }

    private static void Take(PoolModel model, Wish wish, Emptied emptied)
    {
        var name = model.Hosts[emptied.Host].Name;
        ref readonly var host = ref model.Fleet.Host(emptied.Host);
        var joules = emptied.Moves.Sum(m => MoveCost.Of(model, m.Vm).Joules);
        var saved = host.IdleWatts * model.Policy.ExpectedStay.TotalSeconds;
        if (emptied.Moves.Count > 0 && host.IdleWatts > 0 && saved < joules)
        {
            wish.Refusals.Add(new Refusal(name.Value, $"Emptying it costs {joules / 1000:0} kJ of migration and saves {saved / 1000:0} kJ over the expected stay; it is not worth it.")
            {
                Blockade = new Blockade([Constraint.NotWorthIt], true, []),
            });
            return;
        }

        foreach (var (vm, from, unit, placed) in emptied.Moves)
        {
            wish.Moves.Add(new Draft(
                vm,
                from,
                placed.To,
                unit,
                host.IdleWatts / emptied.Moves.Count,
                "watts",
                () => Explain(model, vm, name, placed),
                () => placed.Alternatives(model)));
        }

        wish.Off.Add((emptied.Host, emptied.Moves.Count == 0 ? "No VM runs on it." : $"All {emptied.Moves.Count} VMs fit elsewhere."));
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

    private sealed record Emptied(int Host, List<(int Vm, int From, int Unit, Placed Placed)> Moves);
}
