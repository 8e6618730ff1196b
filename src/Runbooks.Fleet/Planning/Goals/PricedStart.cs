using Runbooks.Fleet.Planning.Core;

namespace Runbooks.Fleet.Planning.Goals;

/// <summary>
/// The VMs that have to leave their hosts for a wanted evenness, chosen by a price on load: what a host gains by giving a
/// VM away, less what the takers pay for its cores. At the right price the takers take just what the givers give.
/// </summary>
/// <remarks>
/// It is the relaxed problem in which load that has left its host can be divided among takers at will. Its number of moves
/// is a lower bound for whole VMs (of one size of host), so a list that starts from it needs little mending.
/// </remarks>
internal sealed class PricedStart(PoolModel model, Spread spread)
{
    /// <summary>Halvings of the range of prices; the last is below any load that matters.</summary>
    private const int Halvings = 40;

    private readonly DenseFleet fleet = model.Fleet;
    private readonly PriorityQueue<int, (double, int)> givers = new();
    private readonly List<int> leaving = [];
    private readonly bool[] leaves = new bool[model.Fleet.VmCount];
    private readonly double[] left = new double[model.Fleet.HostCount];

    /// <summary>VMs that leave, those with the most CPU first.</summary>
    /// <param name="target">Wanted deviation of the hosts' CPU shares.</param>
    public IReadOnlyList<int> Leaving(double target)
    {
        var least = Enumerable.Range(0, spread.Hosts).Select(i => fleet.Host(spread.ByLoad(i)).Cores).DefaultIfEmpty(1).Min();
        var high = 2 * Enumerable.Range(0, fleet.HostCount).Select(h => fleet.Load(h) - spread.Sums.Mean).DefaultIfEmpty(0).Max() / least;
        var low = -2 * spread.Sums.Mean / least;
        for (var i = 0; i < Halvings && !model.IsTimeUp; i++)
        {
            var price = (low + high) / 2;
            (low, high) = Surplus(price, target) > 0 ? (price, high) : (low, price);
        }

        _ = Surplus(high, target);
        return [.. leaving.OrderByDescending(v => fleet.Vm(v).CpuMean).ThenBy(v => v)];
    }

    /// <summary>Cores that leave at a price, less those that takers would fill up with at it.</summary>
    private double Surplus(double price, double target)
    {
        givers.Clear();
        leaving.Clear();
        Array.Clear(leaves);
        var (sum, surplus) = (0.0, 0.0);
        for (var h = 0; h < fleet.HostCount; h++)
        {
            if (!spread.Sums.Counts(h))
            {
                continue;
            }

            var away = fleet.Load(h) - spread.Sums.Mean;
            left[h] = away;
            var level = price * fleet.Host(h).Cores / 2;
            if (away < level && fleet.Host(h).IsOpen)
            {
                sum += (level * level) - (2 * level * (level - away));
                surplus -= (level - away) * fleet.Host(h).Cores;
            }
            else
            {
                sum += away * away;
                Offer(h, price);
            }
        }

        var most = spread.Sums.Hosts * target * target;
        while (sum > most && givers.TryDequeue(out var vm, out var gain))
        {
            var h = fleet.HostOf(vm);
            sum += gain.Item1;
            surplus += fleet.Vm(vm).CpuMean;
            left[h] -= fleet.Vm(vm).CpuMean / fleet.Host(h).Cores;
            leaves[vm] = true;
            leaving.Add(vm);
            Offer(h, price);
        }

        return surplus;
    }

    /// <summary>Queues the VM whose leaving brings its host most at a price, if one brings anything.</summary>
    private void Offer(int host, double price)
    {
        var (best, most) = (-1, 0.0);
        var cores = fleet.Host(host).Cores;
        for (var v = fleet.FirstOn(host); v >= 0; v = fleet.NextOn(v))
        {
            var share = fleet.Vm(v).CpuMean / cores;
            var gain = (share * ((2 * left[host]) - share)) - (price * fleet.Vm(v).CpuMean);
            if (gain > most && !leaves[v] && spread.IsFree(v))
            {
                (best, most) = (v, gain);
            }
        }

        if (best >= 0)
        {
            givers.Enqueue(best, (-most, best));
        }
    }
}
