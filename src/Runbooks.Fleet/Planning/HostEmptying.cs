using System.Collections.Immutable;
using Runbooks.Fleet.Model;

namespace Runbooks.Fleet.Planning;

/// <summary>Tries to place every running VM of one host on the others.</summary>
internal static class HostEmptying
{
    /// <summary>Reasons are named for this many hosts, the nearest misses; a thousand of them help nobody.</summary>
    private const int NamedMisses = 3;

    /// <param name="source">The host to be emptied.</param>
    /// <param name="pool">The pool; the VMs that are placed are put into it, so it is of use for one try only.</param>
    /// <param name="fleet">The whole fleet.</param>
    /// <param name="reasons">Why not, when the answer is null: one sentence for each VM that stands in the way.</param>
    /// <returns>The moves, or null when one VM or more cannot leave.</returns>
    public static ImmutableArray<Move>? Try(HostBurden source, PoolState pool, FleetSnapshot fleet, out IReadOnlyList<string> reasons)
    {
        var obstacles = source.Vms.Select(vm => WhyNotMoved(vm, fleet)).OfType<string>().ToList();
        reasons = obstacles;
        if (obstacles.Count > 0)
        {
            return null;
        }

        var targets = pool.Usable.Where(h => h.Name != source.Host.Name).Select(h => pool.On(h.Name)).ToList();
        var moves = ImmutableArray.CreateBuilder<Move>();
        var largestFirst = source.Vms
            .Where(v => v.State == VmState.Running)
            .OrderByDescending(v => v.MemoryMiB)
            .ThenByDescending(v => v.CpuCores)
            .ThenBy(v => v.Name);
        foreach (var vm in largestFirst)
        {
            var best = targets
                .Where(t => t.WhyNot(vm) is null)
                .OrderByDescending(t => t.FillWith(vm))
                .ThenByDescending(t => t.Host.Priority)
                .ThenBy(t => t.Host.Name)
                .FirstOrDefault();
            if (best is null)
            {
                obstacles.Add(NoRoom(vm, targets));
                continue;
            }

            moves.Add(new Move(vm.Name, source.Host.Name, best.Host.Name, vm.MemoryMiB, Explain(vm, best)));
            best.Take(vm);
        }

        return obstacles.Count == 0 ? moves.ToImmutable() : null;
    }

    private static string? WhyNotMoved(Vm vm, FleetSnapshot fleet)
    {
        if (fleet.Reservations.FirstOrDefault(r => r.Vm == vm.Name) is { } held)
        {
            return $"VM {vm.Name} is held by {held.Holder} for its move to {held.Destination}.";
        }

        return vm.State switch
        {
            VmState.Running or VmState.ShutOff => null,
            VmState.Paused => $"VM {vm.Name} is paused: by an operator, or in the middle of a migration; it is not touched.",
            VmState.Crashed => $"VM {vm.Name} has crashed; a person should look before its host is switched off.",
            _ => $"The state of VM {vm.Name} is not known.",
        };
    }

    private static string Explain(Vm vm, HostBurden target)
    {
        var measured = vm.CpuLoad is null ? ", not measured yet and counted in full" : string.Empty;
        return $"{vm.Name} ({vm.MemoryMiB} MiB, {vm.CpuCores:0.00} cores{measured}, {vm.Vcpus} vCPUs) fits best on {target.Host.Name}: "
            + $"memory {target.MemoryMiB + vm.MemoryMiB} of {target.MemoryLimitMiB} MiB, load {target.Load:0.00} to {target.LoadWith(vm):0.00}.";
    }

    private static string NoRoom(Vm vm, List<HostBurden> targets)
    {
        var what = $"VM {vm.Name} ({vm.MemoryMiB} MiB, {vm.CpuCores:0.00} cores, {vm.Vcpus} vCPUs) fits on no other host";
        if (targets.Count == 0)
        {
            return $"{what}: there is none that is on, active and reachable.";
        }

        var misses = targets.OrderBy(t => t.FillWith(vm)).ThenBy(t => t.Host.Name).Select(t => t.WhyNot(vm)).ToList();
        var more = misses.Count > NamedMisses ? $"; and {misses.Count - NamedMisses} more" : string.Empty;
        return $"{what}: {string.Join("; ", misses.Take(NamedMisses))}{more}.";
    }
}
