using Runbooks.Fleet.Planning.Core;
using Runbooks.Fleet.Planning.Goals;

namespace Runbooks.Fleet.Planning.Order;

/// <summary>
/// Puts moves into waves. A destination holds a VM's capacity from the start of its wave, its source gives it back at the
/// end; so each wave fits whatever order its moves end in.
/// </summary>
/// <remarks>
/// After each wave any one used host may fail, or no more of them are beyond help than before, as the policy asks.
/// Moves that wait for each other are freed by parking one VM on a host with room; where there is none, a move is
/// refused and the cycle named.
/// </remarks>
internal sealed class WaveOrder(PoolModel model)
{
    private readonly DenseFleet fleet = model.Fleet;
    private readonly WaveHolds holds = new(model);
    private readonly HashSet<int> parked = [];
    private readonly List<(Draft Move, int Wave)> done = [];
    private readonly List<Refusal> refusals = [];

    /// <summary>Singles that are tried when no part of a wave keeps the promise for a failing host.</summary>
    private const int Singles = 64;

    private int allowedFailures = int.MaxValue;

    /// <summary>Applies the moves to the model's fleet, wave by wave, as far as they can be carried out.</summary>
    public (IReadOnlyList<(Draft Move, int Wave)> Moves, IReadOnlyList<Refusal> Refusals) Arrange(IEnumerable<Draft> wanted, bool mindsFailure)
    {
        var remaining = wanted.GroupBy(d => d.Unit).Select(g => g.ToArray()).ToList();
        if (mindsFailure && remaining.Count > 0)
        {
            allowedFailures = model.Failure.Failures();
        }

        for (var wave = 1; remaining.Count > 0; wave++)
        {
            var started = Start(remaining);
            if (started.Count == 0 && !Unblock(remaining, started))
            {
                wave--;
                continue;
            }

            var ended = mindsFailure ? EndSafely(remaining, started) : End(started, started.Count);
            if (ended.Count == 0)
            {
                foreach (var unit in remaining)
                {
                    refusals.AddRange(unit.Select(NotSafe));
                }

                break;
            }

            var gone = ended.ToHashSet();
            done.AddRange(ended.SelectMany(u => u).Select(d => (d, wave)));
            _ = remaining.RemoveAll(gone.Contains);
        }

        return (done, refusals);
    }

    private List<Draft[]> Start(List<Draft[]> remaining)
    {
        holds.Clear();
        var started = new List<Draft[]>();
        foreach (var unit in remaining)
        {
            if (holds.IsPoolFull)
            {
                break;
            }

            if (holds.TryHold(unit))
            {
                started.Add(unit);
            }
        }

        return started;
    }

    private List<Draft[]> End(List<Draft[]> started, int count)
    {
        foreach (var move in started.Take(count).SelectMany(u => u))
        {
            fleet.Move(move.Vm, move.To);
        }

        return count == started.Count ? started : started[..count];
    }

    /// <summary>Ends as much of a wave as keeps the promise; nothing when not even a single unit does.</summary>
    private List<Draft[]> EndSafely(List<Draft[]> remaining, List<Draft[]> started)
    {
        var mark = fleet.Mark;
        for (var count = started.Count; count > 0; count /= 2)
        {
            var ended = End(started, count);
            if (IsSafe())
            {
                return ended;
            }

            fleet.UndoTo(mark);
        }

        foreach (var unit in remaining.Take(Singles))
        {
            holds.Clear();
            if (holds.TryHold(unit))
            {
                var ended = End([unit], 1);
                if (IsSafe())
                {
                    return ended;
                }

                fleet.UndoTo(mark);
            }
        }

        return [];
    }

    private bool IsSafe()
    {
        var failures = model.Failure.Failures(allowedFailures == int.MaxValue ? int.MaxValue : allowedFailures + 1);
        if (failures > allowedFailures)
        {
            return false;
        }

        allowedFailures = failures;
        return true;
    }

    /// <summary>Nothing can start: parks one VM (true, with the move started), or drops one unit (false).</summary>
    private bool Unblock(List<Draft[]> remaining, List<Draft[]> started)
    {
        holds.Clear();
        var single = remaining
            .Where(u => u.Length == 1 && !parked.Contains(u[0].Vm) && fleet.HostOf(u[0].Vm) == u[0].From && u[0].From >= 0)
            .OrderBy(u => fleet.Vm(u[0].Vm).MemoryMiB)
            .ThenBy(u => u[0].Vm);
        foreach (var unit in single)
        {
            var move = unit[0];
            for (var h = 0; h < fleet.HostCount; h++)
            {
                if (h == move.To || !model.May(move.Vm, h))
                {
                    continue;
                }

                var cycle = Cycles.Describe(model, remaining);
                var parking = move with
                {
                    To = h,
                    Reason = () => $"{model.Vms[move.Vm].Name} waits on {model.Hosts[h].Name} until {model.Hosts[move.To].Name} has room: {cycle}",
                };
                if (holds.TryHold([parking]))
                {
                    _ = parked.Add(move.Vm);
                    remaining[remaining.IndexOf(unit)] = [move with { From = h }];
                    started.Add([parking]);
                    return true;
                }
            }
        }

        var dropped = remaining[^1];
        remaining.RemoveAt(remaining.Count - 1);
        var named = Cycles.Describe(model, [.. remaining, dropped]);
        refusals.AddRange(dropped.Select(d => new Refusal(model.Vms[d.Vm].Name.Value, $"Its move to {model.Hosts[d.To].Name} can't start, and no host has room to park a VM: {named}")
        {
            Blockade = new Blockade([Constraint.Cycle], true, []),
        }));
        return false;
    }

    private Refusal NotSafe(Draft d) => new(
        model.Vms[d.Vm].Name.Value,
        $"With it on {model.Hosts[d.To].Name} more hosts than {allowedFailures} could fail without the others having room for their VMs; it stays on {(d.From < 0 ? "no host" : model.Hosts[d.From].Name.Value)}.")
    {
        Blockade = new Blockade([Constraint.HostFailure], true, []),
    };
}
