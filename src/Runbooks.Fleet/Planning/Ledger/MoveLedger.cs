using System.Collections.Immutable;
using Runbooks.Fleet.Model;

namespace Runbooks.Fleet.Planning.Ledger;

/// <summary>What one move promised, and what it brought.</summary>
/// <param name="Vm">The VM.</param>
/// <param name="From">The host that it left.</param>
/// <param name="To">The host that it came to.</param>
/// <param name="EndedAt">When the move ended.</param>
/// <param name="GainIn">What gains are counted in.</param>
/// <param name="PromisedGain">The gain in the plan.</param>
/// <param name="PromisedSeconds">The time in the plan, seconds.</param>
public sealed record LedgerEntry(VmName Vm, HostName From, HostName To, DateTimeOffset EndedAt, string GainIn, double PromisedGain, double PromisedSeconds)
{
    /// <summary>The gain that was measured over the stay; null as long as it was not.</summary>
    public double? MeasuredGain { get; init; }

    /// <summary>The time that it took, seconds; null when not known.</summary>
    public double? MeasuredSeconds { get; init; }
}

/// <summary>Gains of one kind, promised and measured.</summary>
/// <param name="GainIn">What they are counted in.</param>
/// <param name="Moves">Moves whose gain was measured.</param>
/// <param name="Promised">What they promised together.</param>
/// <param name="Measured">What they brought together.</param>
/// <param name="Useless">Moves that brought nothing or less.</param>
public sealed record LedgerSum(string GainIn, int Moves, double Promised, double Measured, int Useless)
{
    /// <summary>Measured over promised; null when nothing was promised.</summary>
    public double? Kept => Promised > 0 ? Measured / Promised : null;
}

/// <summary>All moves of the past, to learn whether plans keep what they promise.</summary>
public sealed record MoveLedger(ImmutableArray<LedgerEntry> Entries)
{
    public static MoveLedger Empty { get; } = new([]);

    public MoveLedger Add(LedgerEntry entry) => new(Entries.Add(entry));

    /// <summary>Notes what the last move of a VM brought. A VM that has no open entry changes nothing.</summary>
    public MoveLedger Measure(VmName vm, double gain, double? seconds = null)
    {
        for (var i = Entries.Length - 1; i >= 0; i--)
        {
            if (Entries[i].Vm == vm && Entries[i].MeasuredGain is null)
            {
                return new MoveLedger(Entries.SetItem(i, Entries[i] with { MeasuredGain = gain, MeasuredSeconds = seconds ?? Entries[i].MeasuredSeconds }));
            }
        }

        return this;
    }

    /// <summary>Promised against measured, one line for each kind of gain, by its name.</summary>
    public ImmutableArray<LedgerSum> Sums() =>
        [.. Entries
            .Where(e => e.MeasuredGain is not null)
            .GroupBy(e => e.GainIn, StringComparer.Ordinal)
            .OrderBy(g => g.Key, StringComparer.Ordinal)
            .Select(g => new LedgerSum(g.Key, g.Count(), g.Sum(e => e.PromisedGain), g.Sum(e => e.MeasuredGain!.Value), g.Count(e => e.MeasuredGain <= 0)))];
}
