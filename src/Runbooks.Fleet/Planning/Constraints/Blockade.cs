using System.Collections.Immutable;
using System.Numerics;
using Runbooks.Fleet.Model;

namespace Runbooks.Fleet.Planning;

/// <summary>The smallest set of constraints that keeps a VM from every host.</summary>
/// <param name="Core">As few constraints as forbid all hosts together: dropping one of them and everything else would allow a host.</param>
/// <param name="AnyOneSuffices">Dropping any single one of them, and nothing else, would allow a host.</param>
/// <param name="WaysOut">The smallest sets of constraints that, dropped together, would allow a host each; the host is named.</param>
public sealed record Blockade(ImmutableArray<Constraint> Core, bool AnyOneSuffices, ImmutableArray<WayOut> WaysOut)
{
    /// <summary>Ways out that are named.</summary>
    private const int Named = 3;

    /// <param name="broken">For each host, the constraints that forbid it. A host with none must not be there.</param>
    /// <returns>Null when there are no hosts.</returns>
    public static Blockade? Of(IEnumerable<(HostName Host, ImmutableArray<Constraint> Broken)> broken)
    {
        var distinct = new Dictionary<ulong, HostName>();
        foreach (var (host, set) in broken)
        {
            _ = distinct.TryAdd(Mask(set), host);
        }

        if (distinct.Count == 0)
        {
            return null;
        }

        // A host that is forbidden by a superset of what forbids another one adds nothing.
        var minimal = distinct
            .Where(a => !distinct.Any(b => b.Key != a.Key && (b.Key & a.Key) == b.Key))
            .OrderBy(a => BitOperations.PopCount(a.Key))
            .ThenBy(a => a.Key)
            .ToList();
        var core = SmallestHit([.. minimal.Select(m => m.Key)]);
        var any = Members(core).All(c => distinct.ContainsKey(Mask([c])));
        return new Blockade(Members(core), any, [.. minimal.Take(Named).Select(m => new WayOut(m.Value, Members(m.Key)))]);
    }

    /// <summary>The blockade in one sentence.</summary>
    public string Sentence()
    {
        var what = string.Join(" and ", Core);
        var out1 = WaysOut.IsEmpty ? string.Empty : $" {WaysOut[0].Host} would do without {string.Join(" and ", WaysOut[0].Without)}.";
        return (AnyOneSuffices, Core.Length) switch
        {
            (true, 1) => $"Blocked by {what} alone.{out1}",
            (true, _) => $"Blocked by {what} together: without any one of them there is a host.{out1}",
            _ => $"Blocked by {what}, and dropping one of them alone is not enough.{out1}",
        };
    }

    /// <summary>The smallest set that shares a member with each of the given sets: few kinds, so all subsets of those that occur are tried by size.</summary>
    private static ulong SmallestHit(IReadOnlyList<ulong> sets)
    {
        var all = Members(sets.Aggregate(0UL, (a, b) => a | b));
        for (var size = 1; size <= all.Length; size++)
        {
            foreach (var candidate in Subsets(all, size, 0, 0))
            {
                if (sets.All(s => (s & candidate) != 0))
                {
                    return candidate;
                }
            }
        }

        return 0;
    }

    private static IEnumerable<ulong> Subsets(ImmutableArray<Constraint> all, int size, int from, ulong so)
    {
        if (size == 0)
        {
            yield return so;
            yield break;
        }

        for (var i = from; i <= all.Length - size; i++)
        {
            foreach (var subset in Subsets(all, size - 1, i + 1, so | Mask([all[i]])))
            {
                yield return subset;
            }
        }
    }

    private static ulong Mask(ImmutableArray<Constraint> set) => set.Aggregate(0UL, (mask, c) => mask | (1UL << (int)c));

    private static ImmutableArray<Constraint> Members(ulong mask) => [.. Enum.GetValues<Constraint>().Where(c => (mask & (1UL << (int)c)) != 0)];
}

/// <summary>What would have to be dropped so that a host becomes possible.</summary>
public sealed record WayOut(HostName Host, ImmutableArray<Constraint> Without);
