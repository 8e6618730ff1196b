using Runbooks.Fleet.Planning.Core;
using Runbooks.Fleet.Planning.Goals;

namespace Runbooks.Fleet.Planning.Order;

/// <summary>What the moves of one wave hold: capacity at their destinations, and places on hosts, links and in the pool.</summary>
internal sealed class WaveHolds
{
    private readonly PoolModel model;
    private readonly DenseFleet fleet;
    private readonly long[] memory;
    private readonly int[] vcpus;
    private readonly double[] mean;
    private readonly double[] variance;
    private readonly int[] busy;
    private readonly int[] linkOf;
    private readonly int[] onLink;
    private readonly List<int> touched = [];
    private readonly Dictionary<string, List<int>> arriving = new(StringComparer.Ordinal);
    private int inPool;

    public WaveHolds(PoolModel model)
    {
        this.model = model;
        fleet = model.Fleet;
        memory = new long[fleet.HostCount];
        vcpus = new int[fleet.HostCount];
        mean = new double[fleet.HostCount];
        variance = new double[fleet.HostCount];
        busy = new int[fleet.HostCount];
        var links = model.Hosts.Select(h => h.Traits.Link).OfType<string>().Distinct(StringComparer.Ordinal).ToList();
        linkOf = [.. model.Hosts.Select(h => h.Traits.Link is { } l ? links.IndexOf(l) : -1)];
        onLink = new int[links.Count];
    }

    public bool IsPoolFull => inPool >= (model.Policy.Waves.PerPool ?? int.MaxValue);

    public void Clear()
    {
        foreach (var h in touched)
        {
            (memory[h], vcpus[h], mean[h], variance[h], busy[h]) = (0, 0, 0, 0, 0);
        }

        touched.Clear();
        arriving.Clear();
        Array.Clear(onLink);
        inPool = 0;
    }

    /// <summary>Holds what all moves of a unit need; holds nothing when one of them can't start now.</summary>
    public bool TryHold(Draft[] unit)
    {
        // A unit that is larger than a limit would never start beside others: it may go alone.
        var isAlone = unit.Length > 1 && inPool == 0;
        for (var i = 0; i < unit.Length; i++)
        {
            if ((isAlone || HasPlaces(unit[i])) && CanStart(unit[i], unit.Length > 1))
            {
                Hold(unit[i], 1);
                continue;
            }

            for (var j = i - 1; j >= 0; j--)
            {
                Hold(unit[j], -1);
            }

            return false;
        }

        return true;
    }

    private bool HasPlaces(Draft move)
    {
        var (limits, from, to) = (model.Policy.Waves, move.From, move.To);
        return busy[to] < limits.PerHost
            && (from < 0 || busy[from] < limits.PerHost)
            && !IsLinkFull(to, limits)
            && (from < 0 || !IsLinkFull(from, limits));
    }

    private bool CanStart(Draft move, bool isUnit)
    {
        var to = move.To;
        if (fleet.HostOf(move.Vm) != move.From)
        {
            return false;
        }

        ref readonly var vm = ref fleet.Vm(move.Vm);
        ref readonly var host = ref fleet.Host(to);
        return fleet.MemoryOf(to) + memory[to] + vm.MemoryMiB <= host.MemoryMiB
            && fleet.VcpusOf(to) + vcpus[to] + vm.Vcpus <= host.VcpuLimit
            && fleet.Rule.Allows(fleet.NeedOf(fleet.MeanOf(to) + mean[to] + vm.CpuMean, fleet.VarianceOf(to) + variance[to] + vm.CpuVariance), host.Cores)
            && model.Rules.Allow(move.Vm, to, fleet, isWhole: isUnit)
            && !MeetsRival(move);
    }

    /// <summary>A VM that must be apart from this one is on its way to the same host.</summary>
    private bool MeetsRival(Draft move) =>
        model.Vms[move.Vm].Traits.Apart is { } group && arriving.TryGetValue(group, out var hosts) && hosts.Contains(move.To);

    private bool IsLinkFull(int host, WaveLimits limits) => linkOf[host] >= 0 && onLink[linkOf[host]] >= limits.PerLink;

    private void Hold(Draft move, int sign)
    {
        ref readonly var vm = ref fleet.Vm(move.Vm);
        var to = move.To;
        memory[to] += sign * (long)vm.MemoryMiB;
        vcpus[to] += sign * vm.Vcpus;
        mean[to] += sign * vm.CpuMean;
        variance[to] += sign * vm.CpuVariance;
        inPool += sign;
        Take(to, sign);
        if (move.From >= 0)
        {
            Take(move.From, sign);
        }

        var (source, target) = (move.From < 0 ? -1 : linkOf[move.From], linkOf[to]);
        if (target >= 0)
        {
            onLink[target] += sign;
        }

        if (source >= 0 && source != target)
        {
            onLink[source] += sign;
        }

        if (model.Vms[move.Vm].Traits.Apart is { } group)
        {
            Note(group, to, sign);
        }
    }

    private void Take(int host, int sign)
    {
        busy[host] += sign;
        touched.Add(host);
    }

    private void Note(string group, int host, int sign)
    {
        if (!arriving.TryGetValue(group, out var hosts))
        {
            arriving[group] = hosts = [];
        }

        if (sign > 0)
        {
            hosts.Add(host);
        }
        else
        {
            _ = hosts.Remove(host);
        }
    }
}
