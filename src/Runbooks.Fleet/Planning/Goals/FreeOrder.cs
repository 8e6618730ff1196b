using Runbooks.Fleet.Planning.Core;

namespace Runbooks.Fleet.Planning.Goals;

/// <summary>Hosts in the order of their free memory, least first, kept so while VMs are placed.</summary>
internal sealed class FreeOrder
{
    private readonly DenseFleet fleet;
    private readonly int[] order;
    private readonly long[] free;

    public FreeOrder(DenseFleet fleet, IEnumerable<int> hosts)
    {
        this.fleet = fleet;
        order = [.. hosts.OrderBy(fleet.FreeMemory).ThenBy(h => h)];
        free = [.. order.Select(fleet.FreeMemory)];
    }

    public int Count => order.Length;

    public int this[int place] => order[place];

    /// <summary>The first place at which a host has at least this much free memory, MiB.</summary>
    public int FirstWith(long memoryMiB)
    {
        var (low, high) = (0, order.Length);
        while (low < high)
        {
            var middle = (low + high) / 2;
            (low, high) = free[middle] < memoryMiB ? (middle + 1, high) : (low, middle);
        }

        return low;
    }

    /// <summary>Brings a host that has taken something to its new place.</summary>
    public void Sank(int place)
    {
        var (host, now) = (order[place], fleet.FreeMemory(order[place]));
        var to = place;
        while (to > 0 && (free[to - 1] > now || (free[to - 1] == now && order[to - 1] > host)))
        {
            to--;
        }

        Array.Copy(order, to, order, to + 1, place - to);
        Array.Copy(free, to, free, to + 1, place - to);
        (order[to], free[to]) = (host, now);
    }
}
