namespace Runbooks.Fleet.Forecasting.Classes;

/// <summary>What one VM did at one class boundary so far.</summary>
internal sealed class BoundaryRecord(double boundary)
{
    public const int Memories = 3;
    private const int LongestWait = 60;

    /// <summary>Lags, in steps, at which loads repeat: short ones, and the half hours and hours of five-minute steps.</summary>
    private static readonly int[] Lags = [2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 18, 24, 36, 48, 72];
    private static readonly double[] ShareWeights = [0.2, 0.08, 0.03, 0.01];
    private static readonly double[] Remembered = [0.999, 0.97, 0.85];

    private readonly double[] share = new double[ShareWeights.Length];
    private readonly double[] repeats = new double[Lags.Length];

    // Before anything is known: two visits below the boundary, and a tenth of a crossing.
    private readonly double[] visits = [2, 2, 2];
    private readonly double[] crossings = [0.15, 0.15, 0.15];
    private int seen;

    public double Boundary => boundary;

    /// <summary>Steps since the load was last at or above the boundary; 60 at most.</summary>
    public int Since { get; private set; } = LongestWait;

    /// <summary>How often the outcomes were above or below what was said, lately and for long: -1 to 1.</summary>
    public double LateSurprise { get; private set; }

    public double LongSurprise { get; private set; }

    /// <summary>Share of the steps below the boundary after which it was crossed, over a long, a medium or a short memory.</summary>
    public double CrossingRate(int memory) => crossings[memory] / visits[memory];

    /// <summary>Share of the steps at or above the boundary, from the shortest memory (0) to the longest (3).</summary>
    public double Share(int memory) => share[memory];

    public void Observe(LoadHistory history)
    {
        var above = history.Ago(0) >= boundary ? 1.0 : 0;
        seen++;
        for (var k = 0; k < share.Length; k++)
        {
            share[k] += (above - share[k]) * Math.Max(ShareWeights[k], 1.0 / (seen + 1));
        }

        if (history.Count > 1 && history.Ago(1) < boundary)
        {
            for (var k = 0; k < Memories; k++)
            {
                visits[k] = (visits[k] * Remembered[k]) + 1;
                crossings[k] = (crossings[k] * Remembered[k]) + above;
            }
        }

        Since = above > 0 ? 0 : Math.Min(LongestWait, Since + 1);
        for (var k = 0; k < Lags.Length; k++)
        {
            if (history.Count > Lags[k] && history.Ago(Lags[k]) >= boundary)
            {
                repeats[k] += (above - repeats[k]) * 0.1;
            }
        }
    }

    public void Surprise(double surprise)
    {
        LateSurprise += (surprise - LateSurprise) * 0.1;
        LongSurprise += (surprise - LongSurprise) * 0.03;
    }

    /// <summary>
    /// How surely the load comes back at the lag that has been surest: among the lags that would bring it above the
    /// boundary the given number of steps from now, and among the others.
    /// </summary>
    public (double Speaking, double Silent) Repeats(LoadHistory history, int ahead)
    {
        double speaking = 0, silent = 0;
        for (var k = 0; k < Lags.Length; k++)
        {
            var ago = Lags[k] - ahead;
            if (ago < 0 || ago >= history.Count)
            {
                continue;
            }

            if (history.Ago(ago) >= boundary)
            {
                speaking = Math.Max(speaking, repeats[k]);
            }
            else
            {
                silent = Math.Max(silent, repeats[k]);
            }
        }

        return (speaking, silent);
    }
}
