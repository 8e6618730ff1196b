using Runbooks.Fleet.Simulation.Cluster;

namespace Runbooks.Fleet.Simulation.Policies;

/// <summary>The first placements, by size alone: VMs at full load and with all their memory.</summary>
internal static class FirstPlacement
{
    /// <summary>The first host with room.</summary>
    public static int[] FirstFit(ClusterView cluster)
    {
        var room = new Room(cluster);
        return [.. Enumerable.Range(0, cluster.Vms).Select(v => room.Take(v, Enumerable.Range(0, cluster.Hosts).FirstOrDefault(h => room.Fits(v, h), -1)))];
    }

    /// <summary>The host whose power grows least, counted from idle; a host in use must carry the VM with less than a share of its CPU.</summary>
    public static int[] LeastPower(ClusterView cluster, double share)
    {
        var room = new Room(cluster);
        return [.. Enumerable.Range(0, cluster.Vms).Select(v => room.Take(v, Best(v)))];

        int Best(int vm)
        {
            var (best, least) = (-1, double.PositiveInfinity);
            for (var h = 0; h < cluster.Hosts; h++)
            {
                if (!room.Fits(vm, h) || (room.Mips[h] > 0 && cluster.VmMips[vm] / cluster.Mips[h] > share))
                {
                    continue;
                }

                var power = cluster.Models[h].Power;
                var grows = power.At((room.Mips[h] + cluster.VmMips[vm]) / cluster.Mips[h]) - power.Idle;
                (best, least) = grows < least ? (h, grows) : (best, least);
            }

            return best;
        }
    }

    /// <summary>
    /// Small VMs fill the hosts with the least power for their CPU, one after another; large ones that fit on few models
    /// take such hosts from the other end. So the hosts that will be kept begin with as many VMs as they can, and fewer have
    /// to move once loads are known.
    /// </summary>
    public static int[] SmallTogether(ClusterView cluster)
    {
        var room = new Room(cluster);
        var placed = new int[cluster.Vms];
        int[] hosts = [.. Enumerable.Range(0, cluster.Hosts).OrderBy(h => cluster.Models[h].Power.Full / cluster.Mips[h])];
        var slowest = cluster.CoreMips.Min();
        foreach (var vm in Enumerable.Range(0, cluster.Vms).Where(v => cluster.VmMips[v] > slowest).OrderByDescending(v => cluster.VmMips[v]))
        {
            // From the end of those that are fast enough: the others never fit.
            placed[vm] = room.Take(vm, hosts.LastOrDefault(h => room.Fits(vm, h), -1));
        }

        int[] small = [.. Enumerable.Range(0, cluster.Vms).Where(v => cluster.VmMips[v] <= slowest).OrderBy(v => cluster.VmMips[v])];
        var mixed = cluster.HardRamMb is null ? 0 : Mixed(cluster, hosts, small, room);
        foreach (var vm in mixed > 0 ? small.Reverse() : small)
        {
            // Among the hosts that are to share them evenly, the one with the most room; beyond those the first.
            var to = hosts.Take(mixed).Where(h => room.Fits(vm, h)).OrderBy(h => room.Mips[h] / cluster.Mips[h]).FirstOrDefault(-1);
            placed[vm] = room.Take(vm, to >= 0 ? to : hosts.FirstOrDefault(h => room.Fits(vm, h), -1));
        }

        return placed;
    }

    /// <summary>How many of the hosts carry the small VMs at full load.</summary>
    private static int Mixed(ClusterView cluster, int[] hosts, int[] small, Room room)
    {
        var (count, left) = (0, small.Sum(v => cluster.VmMips[v]));
        while (left > 0 && count < hosts.Length)
        {
            left -= cluster.Mips[hosts[count++]];
        }

        return hosts.Take(count).All(h => room.Mips[h] == 0) ? count : 0;
    }

    /// <summary>What is taken of each host.</summary>
    private sealed class Room(ClusterView cluster)
    {
        private readonly double[] ram = new double[cluster.Hosts];

        public double[] Mips { get; } = new double[cluster.Hosts];

        public bool Fits(int vm, int host) =>
            cluster.CoreMips[host] >= cluster.VmMips[vm]
            && Mips[host] + cluster.VmMips[vm] <= cluster.Mips[host]
            && ram[host] + cluster.VmRamMb[vm] <= cluster.FirstRamMb[host];

        public int Take(int vm, int host)
        {
            if (host < 0)
            {
                throw new SimulationException($"VM {vm + 1} ({cluster.VmMips[vm]:0} MIPS, {cluster.VmRamMb[vm]:0} MB) fits on none of the {cluster.Hosts} hosts beside the VMs before it; give the set-up more or larger hosts.");
            }

            Mips[host] += cluster.VmMips[vm];
            ram[host] += cluster.VmRamMb[vm];
            return host;
        }
    }
}
