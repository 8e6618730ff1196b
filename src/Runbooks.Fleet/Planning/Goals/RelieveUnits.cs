namespace Runbooks.Fleet.Planning.Goals;

/// <summary>VMs that stay together leave an overloaded host together, when no VM that may leave by itself is left.</summary>
internal static class RelieveUnits
{
    /// <summary>The VMs on a host that must go together and are cheapest to move; null when there are none.</summary>
    public static int[]? Next(PoolModel model, int host, HashSet<int> tried) => Consolidate.VmsOn(model.Fleet, host)
        .Where(v => !tried.Contains(v) && model.Rules.UnitOf(v).Count > 1)
        .Select(v => model.Rules.UnitOf(v).ToArray())
        .Where(u => u.All(model.IsMovable) && u.Sum(v => model.Fleet.Vm(v).CpuMean) > 0)
        .OrderBy(u => u.Sum(v => MoveCost.Of(model, v).Seconds))
        .ThenBy(u => u[0])
        .FirstOrDefault();

    /// <summary>Moves them to the least loaded used host that takes all of them, else to an empty one, else to one that is switched on; or refuses each with the reason.</summary>
    public static void Move(PoolModel model, Wish wish, int[] unit, int host, HashSet<int> tried)
    {
        var fleet = model.Fleet;
        tried.UnionWith(unit);
        var names = string.Join(", ", unit.Select(v => model.Vms[v].Name));
        if (wish.Moves.Count + unit.Length > (model.Request.MaxMoves ?? int.MaxValue))
        {
            Refuse(model, wish, unit, Constraint.Budget, $"{names} must move together, which is more than the limit of moves leaves.");
            return;
        }

        var seconds = unit.Sum(v => MoveCost.Of(model, v).Seconds);
        var taken = Math.Min(Consolidate.VmsOn(fleet, host).Where(unit.Contains).Sum(v => fleet.Vm(v).CpuMean), fleet.Need(host) - fleet.CpuLimit(host));
        var lost = unit.Sum(v => MoveCost.Of(model, v).CoreSeconds);
        if (!new MoveCost(seconds, 0, 0, lost).PaysForRelief(model.Policy, taken))
        {
            Refuse(model, wish, unit, Constraint.NotWorthIt, $"{names} must move together; that takes {seconds:0} s and costs {lost:0} core seconds, for {taken:0.00} cores less on {model.Hosts[host].Name}; it is not worth it.");
            return;
        }

        var from = unit.Select(fleet.HostOf).ToArray();
        var targets = Enumerable.Range(0, fleet.HostCount)
            .Where(h => h != host && fleet.Host(h).IsOpen)
            .OrderBy(h => fleet.CountOn(h) == 0)
            .ThenBy(fleet.Load)
            .ThenBy(h => h);
        var placed = targets.Select(h => new Packing(model, [h]).TryPlace(unit)).FirstOrDefault(p => p is not null)
            ?? Packing.OnSwitchedOn(model, wish, unit, $"No host that is on has room for {names} together.");
        if (placed is null)
        {
            Refuse(model, wish, unit, Constraint.Together, $"{names} must move together, and no other host has room for all of them.");
            return;
        }

        var first = wish.Moves.Count;
        for (var i = 0; i < unit.Length; i++)
        {
            var vm = unit[i];
            if (from[i] != placed.To)
            {
                wish.Moves.Add(new Draft(
                    vm,
                    from[i],
                    placed.To,
                    first,
                    fleet.Vm(vm).CpuMean / fleet.Host(host).Cores,
                    "load",
                    () => $"{model.Hosts[host].Name} is above Load_max {model.Policy.Thresholds.LoadMax:0.00}, and no VM that may leave it alone is enough; {names} go together to {model.Hosts[placed.To].Name}, load {placed.LoadAfter:0.00} then.",
                    () => placed.Alternatives(model)));
            }
        }
    }

    private static void Refuse(PoolModel model, Wish wish, int[] unit, Constraint kind, string why) =>
        wish.Refusals.AddRange(unit.Select(v => new Refusal(model.Vms[v].Name.Value, why) { Blockade = new Blockade([kind], true, []) }));
}
