using Runbooks.Fleet.Planning.Core;

namespace Runbooks.Fleet.Planning.Goals;

/// <summary>The hosts that take VMs when load is made even, in orders in which the best for a VM is soon found.</summary>
internal sealed class SpreadHosts
{
    /// <summary>Hosts with the least load, and with the least memory, at which a VM is tried.</summary>
    private const int Nearest = 6;

    /// <summary>Hosts that are passed over because they can't take a VM before it is given up for now.</summary>
    private const int Patience = 64;

    private readonly PoolModel model;
    private readonly DenseFleet fleet;
    private readonly FleetScore score;
    private readonly LoadOrder byLoad;
    private readonly LoadOrder[] bySize;
    private readonly LoadOrder? byMemory;
    private readonly double[] least;

    /// <param name="model">The pool.</param>
    /// <param name="score">What is to get lower.</param>
    /// <param name="hosts">The hosts.</param>
    /// <param name="byLoad">The same in the order of load; whoever owns it keeps it right.</param>
    /// <param name="isOneTerm">Only CPU is to be even.</param>
    public SpreadHosts(PoolModel model, FleetScore score, IReadOnlyList<int> hosts, LoadOrder byLoad, bool isOneTerm)
    {
        this.model = model;
        this.score = score;
        this.byLoad = byLoad;
        fleet = model.Fleet;
        least = new double[fleet.VmCount];
        bySize = isOneTerm
            ? [.. hosts.GroupBy(h => fleet.Host(h).Cores).Select(g => new LoadOrder(fleet, [.. g], fleet.Load))]
            : [];
        byMemory = isOneTerm ? null : new LoadOrder(fleet, hosts, h => fleet.MemoryOf(h) / Math.Max(1.0, fleet.Host(h).MemoryMiB));
    }

    public bool IsOneTerm => byMemory is null;

    /// <summary>Brings a host that gave or took to its places.</summary>
    public void Changed(int host)
    {
        byMemory?.Changed(host);
        foreach (var order in bySize)
        {
            order.Changed(host);
        }
    }

    /// <summary>No host that a VM is not on brings more than this.</summary>
    public double Bound(int vm)
    {
        // With several terms, a bound would cost more than a look.
        if (byMemory is not null)
        {
            return Best(vm)?.Gain ?? double.NegativeInfinity;
        }

        // With one, the least loaded host of each size is the best of that size.
        var bound = double.NegativeInfinity;
        foreach (var order in bySize)
        {
            var place = order[0] == fleet.HostOf(vm) ? 1 : 0;
            bound = place < order.Count ? Math.Max(bound, score.Gain(vm, order[place])) : bound;
        }

        return bound;
    }

    /// <summary>What a VM's move must gain. A target is an order: then only the number of moves counts.</summary>
    public double Least(int vm)
    {
        if (byMemory is null)
        {
            return model.Policy.MinGain;
        }

        return least[vm] > 0 ? least[vm] : least[vm] = MoveCost.Of(model, vm).LeastGain(model.Policy);
    }

    /// <summary>The best host for a VM that is worth the move; null when there is none.</summary>
    public SpreadChoice? Best(int vm)
    {
        var choice = new SpreadChoice(-1, Least(vm), -1, 0, -1, []);
        if (byMemory is not null)
        {
            Look(vm, byLoad, Nearest, ref choice);
            Look(vm, byMemory, Nearest, ref choice);
            return choice.To < 0 ? null : choice;
        }

        foreach (var order in bySize)
        {
            Look(vm, order, 2, ref choice);
        }

        return choice.To < 0 ? null : choice;
    }

    private void Look(int vm, LoadOrder order, int enough, ref SpreadChoice choice)
    {
        var from = fleet.HostOf(vm);
        var passed = 0;
        for (var place = 0; place < order.Count && enough > 0 && passed < Patience; place++)
        {
            var host = order[place];
            if (host == from || host == choice.To)
            {
                continue;
            }

            if (!model.May(vm, host))
            {
                passed++;
                choice = choice.Passed < 0 && choice.To < 0 ? choice with { Passed = host, PassedBroken = model.Broken(vm, host) } : choice;
                continue;
            }

            enough--;
            var gain = score.Gain(vm, host);
            if (gain > choice.Gain)
            {
                choice = choice with { To = host, Gain = gain, Second = choice.To, SecondGain = choice.Gain };
            }
            else if (choice.Second < 0 || gain > choice.SecondGain)
            {
                choice = choice with { Second = host, SecondGain = gain };
            }
        }
    }
}
