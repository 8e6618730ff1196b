using Runbooks.Fleet.Simulation.Cluster;

namespace Runbooks.Fleet.Simulation.Policies;

/// <summary>One decision of a <see cref="PaperPolicy"/>.</summary>
internal sealed class PaperStep
{
    private const double Rounding = 1 + 1e-9;

    private readonly ClusterView cluster;
    private readonly double[] foretold, demand, planned, plannedForetold, plannedRam, powerNow, limits;
    private readonly bool strict;
    private readonly int[] target;
    private readonly Dictionary<int, List<int>> arriving = [];
    private readonly List<int> ordered = [];
    private int counted;

    /// <param name="cluster">The state.</param>
    /// <param name="foretold">Demand of each VM that counts against the limit, MIPS.</param>
    /// <param name="limits">The limit of each host, MIPS.</param>
    /// <param name="strict">Whether a host at the limit is over it.</param>
    public PaperStep(ClusterView cluster, double[] foretold, double[] limits, bool strict)
    {
        this.cluster = cluster;
        this.foretold = foretold;
        this.strict = strict;
        demand = cluster.Demand(cluster.Now).ToArray();
        planned = cluster.Sum(demand);
        plannedForetold = cluster.Sum(foretold);
        plannedRam = cluster.RamUsed();
        powerNow = [.. planned.Select((mips, h) => cluster.Models[h].Power.At(mips / cluster.Mips[h]))];
        this.limits = limits;
        target = [.. Enumerable.Range(0, cluster.Vms).Select(cluster.HostOf)];
    }

    public Decision Decide()
    {
        var load = planned.Select((mips, h) => Math.Min(mips / cluster.Mips[h], 1)).ToArray();
        var over = Enumerable.Range(0, cluster.Hosts).Select(h => planned[h] > 0 && IsOver(h, plannedForetold[h])).ToArray();
        Relieve(over);
        EmptyTheLeastUsed(load, over);
        var moves = ordered.Where(v => target[v] != cluster.HostOf(v)).Select(v => new SimulatedMove(v, target[v]));
        return new Decision([.. moves], counted);
    }

    private void Relieve(bool[] over)
    {
        var given = new List<int>();
        for (var h = 0; h < over.Length; h++)
        {
            if (!over[h])
            {
                continue;
            }

            // Stable: of VMs with the same memory the one that came first goes first.
            foreach (var vm in cluster.VmsOf(h).OrderBy(v => cluster.VmRamMb[v]))
            {
                given.Add(vm);
                Add(vm, h, -1);
                if (!IsOver(h, plannedForetold[h]))
                {
                    break;
                }
            }
        }

        foreach (var vm in given.OrderByDescending(v => demand[v]))
        {
            var to = Find(vm, over);
            if (to >= 0)
            {
                Order(vm, to);
            }

            Add(vm, to >= 0 ? to : cluster.HostOf(vm), 1);
        }
    }

    private void EmptyTheLeastUsed(double[] load, bool[] over)
    {
        var closed = Enumerable.Range(0, over.Length).Select(h => over[h] || load[h] == 0).ToArray();
        var order = new PriorityQueue<int, (double, int)>();
        var done = new bool[over.Length];
        for (var h = 0; h < over.Length; h++)
        {
            done[h] = closed[h] || load[h] >= 1;
            if (!done[h])
            {
                order.Enqueue(h, (load[h], h));
            }
        }

        while (order.TryDequeue(out var host, out _))
        {
            if (done[host])
            {
                continue;
            }

            closed[host] = true;
            foreach (var to in Empty(host, closed))
            {
                done[to] = true;
            }
        }
    }

    /// <summary>Moves all VMs of a host or none. Its own load stays counted: the experiment does not reuse the host in this step.</summary>
    private List<int> Empty(int host, bool[] closed)
    {
        var leaving = cluster.VmsOf(host).Where(v => target[v] == host)
            .Concat(arriving.GetValueOrDefault(host, []).Where(v => target[v] == host && cluster.HostOf(v) != host));
        var found = new List<(int Vm, int To)>();
        foreach (var vm in leaving.OrderByDescending(v => demand[v]).ToArray())
        {
            var to = Find(vm, closed);
            if (to < 0)
            {
                found.ForEach(f => Add(f.Vm, f.To, -1));
                return [];
            }

            Add(vm, to, 1);
            found.Add((vm, to));
        }

        found.ForEach(f => Order(f.Vm, f.To));
        return [.. found.Select(f => f.To)];
    }

    private int Find(int vm, bool[] closed)
    {
        var (best, least) = (-1, double.PositiveInfinity);
        for (var h = 0; h < closed.Length; h++)
        {
            var mips = planned[h] + demand[vm];
            if (closed[h] || cluster.CoreMips[h] < demand[vm] || mips > cluster.Mips[h]
                || (planned[h] != 0 && IsOver(h, plannedForetold[h] + foretold[vm]))
                || (cluster.HardRamMb is { } ram && plannedRam[h] + cluster.VmRamMb[vm] > ram))
            {
                continue;
            }

            var grows = cluster.Models[h].Power.At(mips / cluster.Mips[h]) - powerNow[h];
            (best, least) = grows < least ? (h, grows) : (best, least);
        }

        return best;
    }

    private void Order(int vm, int to)
    {
        // The order counts: a host gives away the VM that came first among those with the same memory.
        if (target[vm] == cluster.HostOf(vm))
        {
            ordered.Add(vm);
        }

        target[vm] = to;
        counted++;
        if (!arriving.TryGetValue(to, out var list))
        {
            arriving[to] = list = [];
        }

        list.Add(vm);
    }

    private void Add(int vm, int host, int sign)
    {
        planned[host] += sign * demand[vm];
        plannedForetold[host] += sign * foretold[vm];
        plannedRam[host] += sign * cluster.VmRamMb[vm];
    }

    private bool IsOver(int host, double mips) => strict ? mips >= limits[host] : mips > limits[host] * Rounding;
}
