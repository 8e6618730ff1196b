using Runbooks.Fleet.Planning.Core;

namespace Runbooks.Fleet.Planning.Goals;

/// <summary>Empties one host for maintenance. A VM that can't leave is left out with its reason; the others go.</summary>
internal static class Evacuate
{
    public static Wish Run(PoolModel model)
    {
        var wish = new Wish();
        var host = model.IndexOf(model.Request.Host!.Value);
        model.Fleet.SetOpen(host, isOpen: false);
        Away(model, wish, host, $"{model.Hosts[host].Name} is evacuated", mayLeave: model.IsMovable);
        var left = model.Fleet.CountOn(host);
        wish.Summary = left == 0
            ? $"{model.Hosts[host].Name} is empty after {wish.Moves.Count} moves."
            : $"{wish.Moves.Count} VMs leave {model.Hosts[host].Name}, {left} can't; each refusal says why.";
        return wish;
    }

    /// <summary>Places all VMs of a host elsewhere: on used hosts first, then on empty ones, then on one that is switched on.</summary>
    internal static void Away(PoolModel model, Wish wish, int host, string why, Func<int, bool> mayLeave)
    {
        var fleet = model.Fleet;
        var leaving = new List<int>();
        foreach (var vm in Consolidate.VmsOn(fleet, host))
        {
            if (mayLeave(vm))
            {
                leaving.Add(vm);
            }
            else
            {
                wish.Refusals.Add(model.Fixed(vm));
            }
        }

        foreach (var unit in Packing.Units(model, leaving))
        {
            if (wish.Moves.Count + unit.Length > (model.Request.MaxMoves ?? int.MaxValue) || model.IsTimeUp)
            {
                wish.Refusals.AddRange(unit.Select(v => new Refusal(model.Vms[v].Name.Value, "The limit of moves or of time is reached.") { Blockade = new Blockade([Constraint.Budget], true, []) }));
                continue;
            }

            if (unit.FirstOrDefault(v => !mayLeave(v), -1) is var stuck and >= 0)
            {
                wish.Refusals.AddRange(unit.Where(v => v != stuck).Select(v => new Refusal(model.Vms[v].Name.Value, $"It runs together with {model.Vms[stuck].Name}, which can't move.") { Blockade = new Blockade([Constraint.Together], true, []) }));
                continue;
            }

            var from = unit.Select(fleet.HostOf).ToArray();
            if (Put(model, wish, unit) is not { } placed)
            {
                wish.Refusals.AddRange(unit.Select(v => model.NoHostFor(v, why)));
                continue;
            }

            for (var i = 0; i < unit.Length; i++)
            {
                var vm = unit[i];
                if (from[i] != placed.To)
                {
                    wish.Moves.Add(new Draft(
                        vm,
                        from[i],
                        placed.To,
                        unit[0],
                        1,
                        "VMs away",
                        () => $"{why}: {model.Vms[vm].Name} ({model.Vms[vm].MemoryMiB} MiB) goes to {model.Hosts[placed.To].Name}, free memory {placed.FreeBefore} to {placed.FreeBefore - placed.Need} MiB, load {placed.LoadAfter:0.00} then.",
                        () => placed.Alternatives(model)));
                }
            }
        }
    }

    private static Placed? Put(PoolModel model, Wish wish, int[] unit)
    {
        var fleet = model.Fleet;
        var open = Enumerable.Range(0, fleet.HostCount).Where(h => fleet.Host(h).IsOpen).ToList();
        return new Packing(model, open.Where(h => fleet.CountOn(h) > 0)).TryPlace(unit)
            ?? new Packing(model, open.Where(h => fleet.CountOn(h) == 0)).TryPlace(unit)
            ?? Packing.OnSwitchedOn(model, wish, unit, $"No host that is on has room for {model.Vms[unit[0]].Name}.");
    }
}
