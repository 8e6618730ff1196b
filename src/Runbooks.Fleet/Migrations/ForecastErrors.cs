namespace Runbooks.Fleet.Migrations;

/// <summary>How good a model's forecasts were, each made before its migration was known.</summary>
/// <param name="Count">Forecasts that are counted here: the newest 500 at most.</param>
/// <param name="R2">Share of the variation of the logarithm that was foretold, at most 1; null with fewer than two different migrations.</param>
/// <param name="MedianErrorPct">Half of the forecasts missed by less, percent of what was measured; null without forecasts.</param>
/// <param name="P90ErrorPct">Nine in ten missed by less, percent.</param>
/// <param name="MeanErrorPct">Mean absolute miss (MAPE), percent.</param>
/// <param name="CoveragePct">Share of the migrations within the range that was to hold 90 %, percent; null while no range was given.</param>
public sealed record ErrorFigures(int Count, double? R2, double? MedianErrorPct, double? P90ErrorPct, double? MeanErrorPct, double? CoveragePct);

/// <summary>The misses of a model's newest forecasts.</summary>
internal sealed class ForecastErrors
{
    private const int Kept = 500;

    private readonly Queue<(double LogMiss, double LogMeasured, bool? Within)> misses = new();

    public int Count => misses.Count;

    /// <param name="foretold">Above 0.</param>
    /// <param name="measured">Above 0.</param>
    /// <param name="within">Whether it lay in the range that was given; null when none was.</param>
    public void Add(double foretold, double measured, bool? within)
    {
        misses.Enqueue((Math.Log(measured / foretold), Math.Log(measured), within));
        if (misses.Count > Kept)
        {
            _ = misses.Dequeue();
        }
    }

    /// <summary>Half of the newest 100 missed by less, in logarithms; infinite before the first.</summary>
    public double RecentMiss() =>
        misses.Count == 0 ? double.PositiveInfinity : Quantile([.. misses.TakeLast(100).Select(m => Math.Abs(m.LogMiss)).Order()], 0.5);

    /// <summary>Factors between which nine in ten of the measured values lay around the foretold ones.</summary>
    public (double Low, double High) Range()
    {
        // With few misses their extremes say too little: a little is added at both ends, less the more there are.
        double[] sorted = [.. misses.Select(m => m.LogMiss).Order()];
        var margin = 0.2 / Math.Sqrt(Math.Max(1, sorted.Length));
        return (Math.Exp(Quantile(sorted, 0.05) - margin), Math.Exp(Quantile(sorted, 0.95) + margin));
    }

    public ErrorFigures Figures()
    {
        if (misses.Count == 0)
        {
            return new ErrorFigures(0, null, null, null, null, null);
        }

        double[] errors = [.. misses.Select(m => 100 * Math.Abs(Math.Exp(-m.LogMiss) - 1)).Order()];
        var mean = misses.Average(m => m.LogMeasured);
        var variation = misses.Sum(m => (m.LogMeasured - mean) * (m.LogMeasured - mean));
        var given = misses.Where(m => m.Within is not null).ToList();
        return new ErrorFigures(
            misses.Count,
            variation > 1e-9 ? 1 - (misses.Sum(m => m.LogMiss * m.LogMiss) / variation) : null,
            Quantile(errors, 0.5),
            Quantile(errors, 0.9),
            errors.Average(),
            given.Count > 0 ? 100.0 * given.Count(m => m.Within == true) / given.Count : null);
    }

    /// <summary>Between the two nearest; NaN of nothing.</summary>
    public static double Quantile(IReadOnlyList<double> sorted, double level)
    {
        if (sorted.Count == 0)
        {
            return double.NaN;
        }

        var place = level * (sorted.Count - 1);
        var (low, high) = ((int)Math.Floor(place), (int)Math.Ceiling(place));
        return sorted[low] + ((place - low) * (sorted[high] - sorted[low]));
    }
}
