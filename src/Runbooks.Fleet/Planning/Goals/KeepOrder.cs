using Runbooks.Fleet.Model;
using Runbooks.Fleet.Planning.Core;

namespace Runbooks.Fleet.Planning.Goals;

/// <summary>Which hosts a consolidation keeps first, and how many.</summary>
internal static class KeepOrder
{
    /// <summary>
    /// Open hosts: first those that can't be emptied, then by priority, then by VMs per memory: a host with many VMs costs
    /// many moves.
    /// </summary>
    public static List<int> Of(PoolModel model, Wish wish)
    {
        var fleet = model.Fleet;
        var open = Enumerable.Range(0, fleet.HostCount).Where(h => fleet.Host(h).IsOpen).ToList();
        var stuck = open.ToDictionary(h => h, h => WhyKept(model, h));
        foreach (var (host, refusal) in stuck.Where(s => s.Value is not null))
        {
            wish.Refusals.Add(refusal!);
        }

        return [.. open
            .OrderBy(h => stuck[h] is null)
            .ThenByDescending(h => model.Hosts[h].Priority)
            .ThenByDescending(h => fleet.CountOn(h) / Math.Max(1.0, fleet.Host(h).MemoryMiB))
            .ThenBy(h => fleet.Host(h).IdleWatts / fleet.Host(h).Cores)
            .ThenByDescending(fleet.MemoryOf)
            .ThenBy(h => h)];
    }

    /// <summary>How many hosts, in this order, carry what the open hosts carry now and what is to stay free.</summary>
    public static int Needed(PoolModel model, List<int> order)
    {
        var fleet = model.Fleet;
        long memory = 0, largest = 0;
        double cores = 0, vcpus = 0;
        foreach (var h in order)
        {
            memory += fleet.MemoryOf(h);
            vcpus += fleet.VcpusOf(h);
            cores += fleet.MeanOf(h);
            largest = Math.Max(largest, fleet.Host(h).MemoryMiB);
        }

        var spare = Math.Max(model.Policy.HostFailure == HostFailureRule.Off ? 0 : largest, memory * model.Policy.GrowthReserve);
        double room = 0, coreRoom = 0, vcpuRoom = 0;
        for (var i = 0; i < order.Count; i++)
        {
            ref readonly var host = ref fleet.Host(order[i]);
            room += host.MemoryMiB;
            coreRoom += fleet.CpuLimit(order[i]);
            vcpuRoom += host.VcpuLimit;
            if (i + 1 >= model.Policy.MinActiveHosts && room >= memory + spare && coreRoom >= cores && vcpuRoom >= vcpus)
            {
                return i + 1;
            }
        }

        return order.Count;
    }

    private static Refusal? WhyKept(PoolModel model, int host)
    {
        var h = model.Hosts[host];
        if (h.Traits.SwitchedOnAt is { } at && model.Snapshot.TakenAt - at < model.Policy.CoolDown)
        {
            return new Refusal(h.Name.Value, $"It was switched on at {at:u}; it stays on for {model.Policy.CoolDown.TotalMinutes:0} minutes.")
            {
                Blockade = new Blockade([Constraint.CoolDown], true, []),
            };
        }

        foreach (var vm in Consolidate.VmsOn(model.Fleet, host))
        {
            if (!model.IsMovable(vm))
            {
                return model.Fixed(vm);
            }
        }

        return model.Fleet.Host(host).OtherMemoryMiB > 0
            ? new Refusal(h.Name.Value, "A VM is on its way to it.") { Blockade = new Blockade([Constraint.Immovable], true, []) }
            : null;
    }
}
