namespace Runbooks.Fleet.Planning.Core;

/// <summary>
/// N+1: whether the VMs of any one used host would fit on the other used hosts, by memory and vCPUs, were it to fail.
/// </summary>
/// <remarks>
/// VMs are taken largest memory first (equal ones by index), each to the first used host by index that has room. A fleet that passes can
/// certainly be restarted; one that does not might still be by a cleverer packing, and counts as failing. A host is used
/// when a VM is on it: a spare that is off or empty is no promise of capacity.
/// </remarks>
public sealed class HostFailure
{
    private readonly DenseFleet fleet;
    private readonly RoomTree rooms;
    private readonly Comparison<int> largestFirst;
    private readonly List<int> order = [];
    private readonly List<(int Host, long Memory, double Vcpus)> taken = [];

    public HostFailure(DenseFleet fleet)
    {
        ArgumentNullException.ThrowIfNull(fleet);
        this.fleet = fleet;
        rooms = new RoomTree(fleet.HostCount);
        largestFirst = (a, b) =>
        {
            var bySize = fleet.Vm(b).MemoryMiB.CompareTo(fleet.Vm(a).MemoryMiB);
            return bySize != 0 ? bySize : a.CompareTo(b);
        };
    }

    /// <summary>Number of used hosts whose failure the others could not take.</summary>
    /// <param name="enough">Stop counting here.</param>
    public int Failures(int enough = int.MaxValue)
    {
        Refresh();
        var failures = 0;
        for (var h = 0; h < fleet.HostCount && failures < enough; h++)
        {
            if (fleet.CountOn(h) > 0 && !Survives(h))
            {
                failures++;
            }
        }

        return failures;
    }

    /// <summary>Used hosts whose failure the others could not take.</summary>
    public IReadOnlyList<int> FailingHosts()
    {
        Refresh();
        return [.. Enumerable.Range(0, fleet.HostCount).Where(h => fleet.CountOn(h) > 0 && !Survives(h))];
    }

    /// <summary>Reads the room of all hosts anew; call it after moves and before <see cref="Survives"/>.</summary>
    public void Refresh() => rooms.Fill(h => fleet.CountOn(h) > 0 && fleet.Host(h).IsUp ? (fleet.FreeMemory(h), fleet.FreeVcpus(h)) : RoomTree.NoRoom);

    /// <summary>The other used hosts can take all VMs of this one.</summary>
    public bool Survives(int host)
    {
        order.Clear();
        for (var v = fleet.FirstOn(host); v >= 0; v = fleet.NextOn(v))
        {
            order.Add(v);
        }

        order.Sort(largestFirst);
        taken.Clear();
        var own = rooms.At(host);
        rooms.Set(host, RoomTree.NoRoom);
        var survives = true;
        foreach (var vm in order)
        {
            ref readonly var v = ref fleet.Vm(vm);
            var to = rooms.First(v.MemoryMiB, v.Vcpus);
            if (to < 0)
            {
                survives = false;
                break;
            }

            var room = rooms.At(to);
            rooms.Set(to, (room.Memory - v.MemoryMiB, room.Vcpus - v.Vcpus));
            taken.Add((to, room.Memory, room.Vcpus));
        }

        for (var i = taken.Count - 1; i >= 0; i--)
        {
            rooms.Set(taken[i].Host, (taken[i].Memory, taken[i].Vcpus));
        }

        rooms.Set(host, own);
        return survives;
    }
}
