using System.Collections.Immutable;
using System.Globalization;

namespace Runbooks.Fleet.Energy;

/// <summary>
/// What a host model draws at a load, from measured points at equal steps of load (SPECpower has eleven: 0, 10, …, 100 %),
/// and linear in between. A host that is off draws nothing.
/// </summary>
public sealed class PowerCurve
{
    private readonly double[] watts;
    private readonly double[] slopes;

    /// <param name="watts">Watts at equal steps of load from 0 to 1; two points or more, none negative.</param>
    /// <exception cref="FormatException">There are fewer than two points, or a point is negative or not a number.</exception>
    public PowerCurve(IEnumerable<double> watts)
    {
        this.watts = [.. watts];
        if (this.watts.Length < 2)
        {
            throw new FormatException($"A power table needs the watts at 0 % and at 100 % load at least; this one has {this.watts.Length} figures.");
        }

        var wrong = Array.FindIndex(this.watts, w => !double.IsFinite(w) || w < 0);
        if (wrong >= 0)
        {
            throw new FormatException(string.Create(CultureInfo.InvariantCulture, $"Point {wrong + 1} of a power table is {this.watts[wrong]}; give watts, 0 or more."));
        }

        slopes = [.. Enumerable.Range(0, this.watts.Length - 1).Select(i => (this.watts[i + 1] - this.watts[i]) / (LoadAt(i + 1) - LoadAt(i)))];
    }

    /// <summary>The points, watts.</summary>
    public ImmutableArray<double> Points => [.. watts];

    /// <summary>Watts of a host that is on and does nothing.</summary>
    public double Idle => watts[0];

    /// <summary>Watts at full load.</summary>
    public double Full => watts[^1];

    /// <summary>Watts at a load; loads outside 0 to 1 count as 0 and 1.</summary>
    public double At(double load)
    {
        if (!(load > 0))
        {
            return watts[0];
        }

        var below = (int)(load * slopes.Length);
        if (below >= slopes.Length)
        {
            return watts[^1];
        }

        // The product can be rounded across a point.
        below += load < LoadAt(below) ? -1 : load >= LoadAt(below + 1) ? 1 : 0;
        return below >= slopes.Length ? watts[^1] : (slopes[below] * (load - LoadAt(below))) + watts[below];
    }

    private double LoadAt(int point) => point == watts.Length - 1 ? 1 : point * (1.0 / (watts.Length - 1));
}
