using Runbooks.Fleet.Model;
using Runbooks.Fleet.Planning.Core;

namespace Runbooks.Fleet.Planning.Goals;

/// <summary>Finds, again and again, the move that lowers the score of evenness most.</summary>
/// <remarks>
/// Gains only fall while the fleet gets more even, except for VMs of a host that took one; so the gain that a VM had last
/// is a bound, and only the VM with the highest bound has to be looked at again. That keeps a step cheap in large fleets.
/// </remarks>
internal sealed class Spread
{
    private readonly PoolModel model;
    private readonly DenseFleet fleet;
    private readonly FleetScore score;
    private readonly LoadOrder byLoad;
    private readonly SpreadHosts takers;
    private readonly bool[] moved;
    private readonly PriorityQueue<int, (double, int)> queue = new();
    private readonly LoadSums sums;

    /// <param name="model">The pool.</param>
    /// <param name="hosts">Hosts over which load is to be even.</param>
    /// <param name="weights">What is to be even.</param>
    /// <param name="takers">The only hosts that take VMs; null for all of <paramref name="hosts"/>.</param>
    public Spread(PoolModel model, IReadOnlyList<int> hosts, ScoreWeights weights, IReadOnlyList<int>? takers = null)
    {
        this.model = model;
        fleet = model.Fleet;
        var counts = new bool[fleet.HostCount];
        foreach (var h in hosts)
        {
            counts[h] = true;
        }

        score = new FleetScore(fleet, weights, counts);
        byLoad = new LoadOrder(fleet, takers ?? hosts, fleet.Load);
        this.takers = new SpreadHosts(model, score, takers ?? hosts, byLoad, isOneTerm: weights is { MemorySpread: 0, ClassSpread: 0 });
        moved = new bool[fleet.VmCount];
        sums = new LoadSums(model);
    }

    /// <summary>Mean and deviation of the CPU shares of the hosts that count.</summary>
    internal LoadSums Sums => sums;

    internal double Sd => sums.Sd;

    public void Run(Wish wish, double? targetSd, int most)
    {
        var start = fleet.Mark;
        var chosen = new List<SpreadMove>();
        var fewest = targetSd is { } wanted && takers.IsOneTerm ? Begin(chosen, wanted, most) : 0;

        for (var steps = -1; steps != 0;)
        {
            // A host that gave much may take by now what nobody wanted before: every VM is asked until none moves.
            OfferAll();
            steps = Extend(chosen, targetSd, most);
        }

        if (targetSd is { } target && Sd <= target)
        {
            chosen = new SpreadPolish(this, model).Fewer(chosen, target, fewest);
        }

        Rewind(start);
        foreach (var move in chosen)
        {
            wish.Moves.Add(Make(move, wish.Moves.Count));
        }
    }

    /// <summary>Moves what has to leave its host for the target, the largest first, each to the least loaded host that takes it.</summary>
    /// <returns>How many that are: no list that is much shorter is to be found.</returns>
    private int Begin(List<SpreadMove> chosen, double target, int most)
    {
        var leaving = Sd <= target ? [] : new PricedStart(model, this).Leaving(target);
        foreach (var vm in leaving)
        {
            if (chosen.Count < most && takers.Best(vm) is { } best)
            {
                Choose(chosen, vm, best.To);
            }
        }

        return leaving.Count;
    }

    /// <summary>Adds the best moves until the target is met or nothing is worth a move; a VM that moves already may go elsewhere instead.</summary>
    /// <returns>Number of changes.</returns>
    private int Extend(List<SpreadMove> chosen, double? targetSd, int most)
    {
        var steps = 0;
        while ((targetSd is null || Sd > targetSd) && queue.TryDequeue(out var vm, out _) && !model.IsTimeUp)
        {
            if ((chosen.Count >= most && !moved[vm]) || takers.Best(vm) is not { } best)
            {
                continue;
            }

            if (queue.TryPeek(out _, out var next) && -next.Item1 > best.Gain)
            {
                queue.Enqueue(vm, (-best.Gain, vm));
                continue;
            }

            steps++;
            Choose(chosen, vm, best.To);

            // Only what stands on the fuller host now may gain more than it was thought to.
            for (var v = fleet.FirstOn(best.To); v >= 0; v = fleet.NextOn(v))
            {
                Offer(v);
            }
        }

        return steps;
    }

    private void Choose(List<SpreadMove> chosen, int vm, int to)
    {
        var known = moved[vm] ? chosen.FindIndex(m => m.Vm == vm) : -1;
        if (known < 0)
        {
            chosen.Add(new SpreadMove(vm, fleet.HostOf(vm), to));
            moved[vm] = true;
        }
        else if (chosen[known].From == to)
        {
            chosen.RemoveAt(known);
            moved[vm] = false;
        }
        else
        {
            chosen[known] = chosen[known] with { To = to };
        }

        Shift(vm, to);
    }

    /// <summary>Asks every VM anew what its move would bring.</summary>
    private void OfferAll()
    {
        queue.Clear();
        for (var v = 0; v < fleet.VmCount; v++)
        {
            Offer(v);
        }
    }

    /// <summary>By how much the score falls when a VM goes to a host.</summary>
    internal double Gain(int vm, int to) => score.Gain(vm, to);

    /// <summary>Says whether a VM is among the chosen moves.</summary>
    internal void SetMoved(int vm, bool isMoved) => moved[vm] = isMoved;

    internal bool IsMoved(int vm) => moved[vm];

    /// <summary>A VM that is on a host and may leave it by itself.</summary>
    internal bool IsFree(int vm) => model.IsMovable(vm) && fleet.HostOf(vm) >= 0 && model.Rules.UnitOf(vm).Count == 1;

    /// <summary>Number of hosts that take VMs.</summary>
    internal int Hosts => byLoad.Count;

    /// <summary>The host at a place in the order of load, least first.</summary>
    internal int ByLoad(int place) => byLoad[place];

    /// <summary>Moves a VM and keeps sums and orders right.</summary>
    internal void Shift(int vm, int to)
    {
        var from = fleet.HostOf(vm);
        sums.Count(from, -1);
        sums.Count(to, -1);
        fleet.Move(vm, to);
        Settle(from);
        Settle(to);
    }

    private void Settle(int host)
    {
        sums.Count(host, 1);
        byLoad.Changed(host);
        takers.Changed(host);
    }

    /// <summary>Back to the placement that a mark stands for.</summary>
    private void Rewind(int mark)
    {
        fleet.UndoTo(mark);
        sums.Clear();
        for (var h = 0; h < fleet.HostCount; h++)
        {
            Settle(h);
        }
    }

    private Draft Make(SpreadMove move, int unit)
    {
        var (vm, from, to) = move;
        var (hot, cold, sd) = (fleet.Load(from), fleet.Load(to), Sd);
        var best = takers.Best(vm) ?? new SpreadChoice(-1, 0, -1, 0, -1, []);
        var gain = score.Gain(vm, to);
        Shift(vm, to);
        var (hotAfter, coldAfter, sdAfter) = (fleet.Load(from), fleet.Load(to), Sd);
        return new Draft(
            vm,
            from,
            to,
            unit,
            gain,
            "score",
            () => $"{model.Vms[vm].Name} ({model.Vms[vm].CpuCores:0.00} cores) evens out load: {model.Hosts[from].Name} {hot:0.00} to {hotAfter:0.00}, {model.Hosts[to].Name} {cold:0.00} to {coldAfter:0.00}; deviation {sd:0.0000} to {sdAfter:0.0000}.",
            () => best.Others(model, vm, to, gain));
    }

    private void Offer(int vm)
    {
        if (!IsFree(vm) || byLoad.Count == 0)
        {
            return;
        }

        var bound = takers.Bound(vm);
        if (bound >= takers.Least(vm))
        {
            queue.Enqueue(vm, (-bound, vm));
        }
    }
}
