using Runbooks.Fleet.Model;
using Runbooks.Fleet.Planning.Core;

namespace Runbooks.Fleet.Planning.Goals;

/// <summary>Hosts in the order in which a consolidation keeps them.</summary>
/// <param name="Hosts">First those that can't be emptied, then by priority, then by VMs per memory: a host with many VMs costs many moves.</param>
/// <param name="Stuck">How many of them, at the start, can't be emptied.</param>
internal sealed record KeepOrder(IReadOnlyList<int> Hosts, int Stuck)
{
    /// <param name="model">The pool, with VMs where they are at this point of planning.</param>
    /// <param name="open">Hosts to order.</param>
    /// <param name="wish">Takes a refusal for each host that can't be emptied; null when that was said before.</param>
    public static KeepOrder Of(PoolModel model, IEnumerable<int> open, Wish? wish)
    {
        var fleet = model.Fleet;
        var stuck = open.ToDictionary(h => h, h => WhyKept(model, h));
        wish?.Refusals.AddRange(stuck.Values.OfType<Refusal>());
        return new KeepOrder(
            [.. stuck.Keys
                .OrderBy(h => stuck[h] is null)
                .ThenByDescending(h => model.Hosts[h].Priority)
                .ThenByDescending(h => fleet.CountOn(h) / Math.Max(1.0, fleet.Host(h).MemoryMiB))
                .ThenBy(h => fleet.Host(h).IdleWatts / fleet.Host(h).Cores)
                .ThenByDescending(fleet.MemoryOf)
                .ThenBy(h => h)],
            stuck.Values.Count(r => r is not null));
    }

    /// <summary>How many hosts, in this order, carry what all of them carry now and what is to stay free.</summary>
    public int Needed(PoolModel model)
    {
        var fleet = model.Fleet;
        long memory = 0, largest = 0;
        double cores = 0, vcpus = 0;
        foreach (var h in Hosts)
        {
            memory += fleet.MemoryOf(h);
            vcpus += fleet.VcpusOf(h);
            cores += fleet.MeanOf(h);
            largest = Math.Max(largest, fleet.Host(h).MemoryMiB);
        }

        var spare = Math.Max(model.Policy.HostFailure == HostFailureRule.Off ? 0 : largest, memory * model.Policy.GrowthReserve);
        double room = 0, coreRoom = 0, vcpuRoom = 0;
        for (var i = 0; i < Hosts.Count; i++)
        {
            ref readonly var host = ref fleet.Host(Hosts[i]);
            room += host.MemoryMiB;
            coreRoom += fleet.CpuLimit(Hosts[i]);
            vcpuRoom += host.VcpuLimit;
            if (i + 1 >= Math.Max(Stuck, model.Policy.MinActiveHosts) && room >= memory + spare && coreRoom >= cores && vcpuRoom >= vcpus)
            {
                return i + 1;
            }
        }

        return Hosts.Count;
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
