using Runbooks.Fleet.Planning.Core;

namespace Runbooks.Fleet.Planning.Goals;

/// <summary>
/// Reaches the same evenness with fewer moves: drops one, takes a few neighbouring moves back, puts the best ones in their
/// place, and keeps what is more even; when the target is met again, one more is dropped.
/// </summary>
/// <remarks>Chance chooses where to try; it comes from the policy's seed, so the same fleet gives the same list.</remarks>
internal sealed class SpreadPolish(Spread spread, PoolModel model)
{
    /// <summary>Hosts at either end of the load that are looked at beside those of the moves taken back.</summary>
    private const int Ends = 4;

    /// <summary>Moves that are looked through for some that share a host with the first.</summary>
    private const int Neighbours = 256;

    private readonly DenseFleet fleet = model.Fleet;
    private readonly Random chance = new(model.Policy.Seed);
    private readonly List<SpreadMove> moves = [];
    private readonly List<SpreadMove> ruined = [];
    private readonly List<SpreadMove> added = [];
    private readonly HashSet<int> sources = [];
    private readonly HashSet<int> targets = [];

    /// <param name="first">Moves that reach the target.</param>
    /// <param name="target">Wanted deviation of CPU shares.</param>
    /// <param name="fewest">A list as short as this is good enough.</param>
    public List<SpreadMove> Fewer(List<SpreadMove> first, double target, int fewest)
    {
        moves.AddRange(first);
        var best = new List<SpreadMove>(first);
        var tries = model.Policy.PolishTries;
        for (var i = 0; i < tries && moves.Count > 1 && !model.IsTimeUp; i++)
        {
            while (spread.Sd <= target && moves.Count > 1)
            {
                best = [.. moves];
                if (moves.Count <= fewest || !DropLeast())
                {
                    return best;
                }
            }

            Try();
        }

        return spread.Sd <= target ? moves : best;
    }

    /// <summary>Takes back the move that matters least by now; false when none can be taken back.</summary>
    private bool DropLeast()
    {
        var least = -1;
        var gain = double.NegativeInfinity;
        for (var i = 0; i < moves.Count; i++)
        {
            if (spread.Gain(moves[i].Vm, moves[i].From) is var g && g > gain && CanReturn(moves[i]))
            {
                (least, gain) = (i, g);
            }
        }

        if (least < 0)
        {
            return false;
        }

        _ = TakeBack(moves[least]);
        Remove(least);
        return true;
    }

    private void Try()
    {
        var before = spread.Sd;
        Ruin();
        for (var i = ruined.Count; i > 0 && Best() is { } move; i--)
        {
            Make(move);
            added.Add(move);
        }

        if (added.Count == ruined.Count && spread.Sd <= before)
        {
            moves.AddRange(added);
            return;
        }

        for (var i = added.Count - 1; i >= 0; i--)
        {
            spread.SetMoved(added[i].Vm, false);
            spread.Shift(added[i].Vm, added[i].From);
        }

        foreach (var move in ruined)
        {
            Make(move);
        }

        moves.AddRange(ruined);
    }

    /// <summary>Takes back one move by chance, and some that share a host with it, else others by chance.</summary>
    private void Ruin()
    {
        ruined.Clear();
        added.Clear();
        sources.Clear();
        targets.Clear();
        var size = Math.Min(moves.Count, 2 + chance.Next(4));
        var seed = moves[chance.Next(moves.Count)];
        var start = chance.Next(moves.Count);
        for (var k = 0; k < Math.Min(moves.Count, Neighbours) && ruined.Count < size - 1;)
        {
            var i = (start + k) % moves.Count;
            var move = moves[i];
            if ((move.From == seed.From || move.To == seed.To) && TakeBack(move))
            {
                Note(i);
                start = moves.Count == 0 ? 0 : start % moves.Count;
            }
            else
            {
                k++;
            }
        }

        while (ruined.Count < size && moves.Count > 0)
        {
            var i = chance.Next(moves.Count);
            if (!TakeBack(moves[i]))
            {
                break;
            }

            Note(i);
        }

        for (var i = 0; i < Math.Min(Ends, spread.Hosts); i++)
        {
            _ = targets.Add(spread.ByLoad(i));
            _ = sources.Add(spread.ByLoad(spread.Hosts - 1 - i));
        }

        // A host of the warmer half by chance: what is best is not always at the end.
        _ = sources.Add(spread.ByLoad((spread.Hosts / 2) + chance.Next((spread.Hosts + 1) / 2)));
    }

    private void Note(int i)
    {
        _ = sources.Add(moves[i].From);
        _ = targets.Add(moves[i].To);
        ruined.Add(moves[i]);
        Remove(i);
    }

    private void Remove(int i)
    {
        moves[i] = moves[^1];
        moves.RemoveAt(moves.Count - 1);
    }

    /// <summary>The best single move between the hosts that are looked at; null when none makes load more even.</summary>
    private SpreadMove? Best()
    {
        SpreadMove? best = null;
        var bestGain = 0.0;
        foreach (var from in sources)
        {
            var a = fleet.Load(from) - spread.Sums.Mean;
            var source = fleet.Host(from).Cores;
            foreach (var to in targets)
            {
                var b = fleet.Load(to) - spread.Sums.Mean;
                var target = fleet.Host(to).Cores;
                var slope = (a / source) - (b / target);

                // No VM, of whatever size, can bring more between these two than a square of what lies between them.
                if (a <= b || from == to || slope * slope <= bestGain * ((1 / (source * source)) + (1 / (target * target))))
                {
                    continue;
                }

                for (var v = fleet.FirstOn(from); v >= 0; v = fleet.NextOn(v))
                {
                    var c = fleet.Vm(v).CpuMean;
                    var (x, y) = (a - (c / source), b + (c / target));
                    var gain = (a * a) + (b * b) - (x * x) - (y * y);
                    if (gain > bestGain && !spread.IsMoved(v) && spread.IsFree(v) && model.May(v, to))
                    {
                        (best, bestGain) = (new SpreadMove(v, from, to), gain);
                    }
                }
            }
        }

        return best;
    }

    private void Make(SpreadMove move)
    {
        spread.SetMoved(move.Vm, true);
        spread.Shift(move.Vm, move.To);
    }

    /// <summary>Where it came from it had a place, whatever the load; only what came there since can be in the way.</summary>
    private bool CanReturn(SpreadMove move) =>
        (fleet.Broken(move.Vm, move.From) & (Limits.Memory | Limits.Vcpus)) == Limits.None && model.Rules.Allow(move.Vm, move.From, fleet);

    private bool TakeBack(SpreadMove move)
    {
        if (!CanReturn(move))
        {
            return false;
        }

        spread.SetMoved(move.Vm, false);
        spread.Shift(move.Vm, move.From);
        return true;
    }
}
