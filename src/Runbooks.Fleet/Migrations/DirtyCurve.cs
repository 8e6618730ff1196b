namespace Runbooks.Fleet.Migrations;

/// <summary>How much distinct memory a guest writes in a time: it grows with the time, and never beyond the working set.</summary>
/// <param name="MiBs">Written at first, MiB/s, 0 or more.</param>
/// <param name="WorkingSetMiB">All that is ever written, MiB, 0 or more; infinite when nothing bounds it.</param>
public sealed record DirtyCurve(double MiBs, double WorkingSetMiB)
{
    /// <summary>A longer window that shows less than this share of what the shorter one promised has met the working set; what is less clear is noise.</summary>
    private const double Bent = 0.75;

    /// <summary>Distinct memory written in <paramref name="seconds"/>, MiB.</summary>
    public double After(double seconds) => Math.Min(WorkingSetMiB, MiBs * seconds);

    /// <summary>
    /// The working set was written in the first second already: the rate is at least what is said here, and may be much higher.
    /// </summary>
    public bool HidesItsRate => MiBs > 0 && WorkingSetMiB <= MiBs * 1.25;

    /// <summary>
    /// Rate and working set from measured windows. The curve is concave: where a longer window shows clearly less per second
    /// than the shortest, the working set was written over and over, and its size is what the longest window saw.
    /// </summary>
    /// <param name="windows">Seconds (above 0) and distinct MiB/s of each; at least one.</param>
    public static DirtyCurve Of(params IReadOnlyList<(double Seconds, double MiBs)> windows)
    {
        ArgumentNullException.ThrowIfNull(windows);
        if (windows.Count == 0 || windows.Any(w => !(w.Seconds > 0) || !(w.MiBs >= 0)))
        {
            throw new ArgumentException("A dirty rate needs at least one window, each longer than 0 s and with 0 MiB/s or more.", nameof(windows));
        }

        var shortest = windows.MinBy(w => w.Seconds);
        var longest = windows.MaxBy(w => w.Seconds);
        return longest.Seconds > shortest.Seconds && longest.MiBs < Bent * shortest.MiBs
            ? new DirtyCurve(shortest.MiBs, Math.Max(longest.MiBs * longest.Seconds, shortest.MiBs * shortest.Seconds))
            : new DirtyCurve(windows.Sum(w => w.MiBs * w.Seconds) / windows.Sum(w => w.Seconds), double.PositiveInfinity);
    }
}
