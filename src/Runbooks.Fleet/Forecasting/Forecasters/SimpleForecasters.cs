namespace Runbooks.Fleet.Forecasting.Forecasters;

/// <summary>The load stays as it is.</summary>
internal sealed class LastValue : Forecaster
{
    public override double Ahead(LoadHistory history, int steps) => history.Ago(0);
}

/// <summary>The mean of the last loads, or of as many as there are.</summary>
internal sealed class MeanOfLast(int window) : Forecaster
{
    public override double Ahead(LoadHistory history, int steps) => history.Mean(window);
}

/// <summary>An exponentially weighted mean; it starts as a plain mean, so that the first load does not stick.</summary>
/// <param name="weight">Weight of the newest load, above 0 and at most 1.</param>
internal sealed class Ewma(double weight) : Forecaster
{
    private double level;
    private int seen;

    public override void Observe(LoadHistory history) =>
        level += (history.Ago(0) - level) * Math.Max(weight, 1.0 / ++seen);

    public override double Ahead(LoadHistory history, int steps) => level;
}

/// <summary>As at the same time one period ago.</summary>
/// <param name="period">Steps of the period, at least 2.</param>
internal sealed class SeasonalNaive(int period) : Forecaster
{
    public override double Ahead(LoadHistory history, int steps) =>
        history.Count >= period ? history.Ago(period - steps) : double.NaN;
}

/// <summary>The least-squares line through the last loads, followed into the future; kept between 0 and 1.</summary>
internal sealed class LineThroughLast(int window) : Forecaster
{
    public override double Ahead(LoadHistory history, int steps)
    {
        var n = Math.Min(window, history.Count);
        if (n < 2)
        {
            return history.Ago(0);
        }

        // x counts from the middle of the window, so that the mean is the line's height there.
        var middle = (n - 1) / 2.0;
        double mean = 0, slope = 0, spread = 0;
        for (var i = 0; i < n; i++)
        {
            var x = middle - i;
            var load = history.Ago(i);
            mean += load / n;
            slope += x * load;
            spread += x * x;
        }

        return Math.Clamp(mean + (slope / spread * (middle + steps)), 0, 1);
    }
}
