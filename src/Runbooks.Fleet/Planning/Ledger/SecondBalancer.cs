using System.Collections.Immutable;
using Runbooks.Fleet.Model;

namespace Runbooks.Fleet.Planning.Ledger;

/// <summary>A VM was seen on another host than before.</summary>
/// <param name="Vm">The VM.</param>
/// <param name="From">The host on which it was seen before.</param>
/// <param name="To">The host on which it is now.</param>
/// <param name="At">When it was seen there first.</param>
/// <param name="By">Who moved it, when the hypervisor or a log says so; null otherwise.</param>
public sealed record SeenMove(VmName Vm, HostName From, HostName To, DateTimeOffset At, string? By = null);

/// <summary>Somebody else moves VMs back.</summary>
/// <param name="Name">Who, as far as known.</param>
/// <param name="Undone">Our moves that were undone.</param>
/// <param name="Sentence">What was found and what to do, for people.</param>
public sealed record SecondBalancerFinding(string Name, ImmutableArray<SeenMove> Undone, string Sentence);

/// <summary>Finds a second balancer: moves that are not ours and take VMs back to where ours took them from.</summary>
public static class SecondBalancer
{
    /// <summary>Name of one that nobody names.</summary>
    public const string Unnamed = "an unnamed balancer";

    /// <param name="ledger">Our moves.</param>
    /// <param name="seen">All changes of hosts that were observed, ours among them.</param>
    /// <param name="window">How long after our move taking it back counts as undoing.</param>
    /// <param name="least">Undone moves from which it is no accident, at least 1.</param>
    public static ImmutableArray<SecondBalancerFinding> Find(MoveLedger ledger, IEnumerable<SeenMove> seen, TimeSpan window, int least = 2)
    {
        ArgumentNullException.ThrowIfNull(ledger);
        var ours = ledger.Entries.ToLookup(e => e.Vm);
        return [.. seen
            .Where(s => !ours[s.Vm].Any(o => o.From == s.From && o.To == s.To && Near(o.EndedAt, s.At, window)))
            .Where(s => ours[s.Vm].Any(o => o.To == s.From && o.From == s.To && s.At >= o.EndedAt && s.At - o.EndedAt <= window))
            .GroupBy(s => s.By ?? Unnamed, StringComparer.Ordinal)
            .Where(g => g.Count() >= least)
            .OrderBy(g => g.Key, StringComparer.Ordinal)
            .Select(g => new SecondBalancerFinding(g.Key, [.. g.OrderBy(s => s.At).ThenBy(s => s.Vm)], Describe(g.Key, [.. g])))];
    }

    private static bool Near(DateTimeOffset a, DateTimeOffset b, TimeSpan window) => (a - b).Duration() <= window;

    private static string Describe(string name, List<SeenMove> undone)
    {
        var first = undone.OrderBy(s => s.At).ThenBy(s => s.Vm).First();
        return $"{name} took {undone.Count} VMs back to where they came from, {first.Vm} from {first.From} to {first.To} at {first.At:u} first. Let one of the two balance: switch the other off, or declare those VMs immovable here.";
    }
}
