using System.Globalization;
using Runbooks.Hypervisors.Contract;

namespace Runbooks.Hypervisors.Linux.Checks;

/// <summary>The load of a link, from two looks at its counters.</summary>
internal static class LinkSample
{
    /// <summary>The least time between two samples of a counter that makes a rate, s; the host's clock counts in hundredths.</summary>
    private const double Shortest = 0.05;

    private const double MiB = 1024 * 1024;

    /// <param name="first">The link with its speed in megabits, and its counters.</param>
    /// <param name="second">Its counters again.</param>
    /// <returns>Null when there is no link, or it was looked at for too short a time.</returns>
    public static HostLink? Read(IReadOnlyList<string> first, IReadOnlyList<string> second)
    {
        if (first is not [var head, var before, ..] || second is not [var after, ..] || head.Split(' ') is not [var name, var speed]
            || Numbers(before) is not [var t0, var sent0, var received0] || Numbers(after) is not [var t1, var sent1, var received1] || t1 - t0 < Shortest)
        {
            return null;
        }

        var megabits = Numbers(speed) is [> 0 and var known] ? known : (double?)null;
        return new HostLink(name, megabits * 1_000_000 / 8 / MiB, (sent1 - sent0) / (t1 - t0) / MiB, (received1 - received0) / (t1 - t0) / MiB);
    }

    private static double[] Numbers(string line) =>
        [.. line.Split(' ').Select(w => double.TryParse(w, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) ? number : double.NaN)];
}
