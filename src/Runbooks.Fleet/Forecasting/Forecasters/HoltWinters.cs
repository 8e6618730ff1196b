namespace Runbooks.Fleet.Forecasting.Forecasters;

/// <summary>
/// Additive Holt-Winters: level, damped trend, and from the second day on the shape of the day. Before that it is Holt's
/// method without seasons.
/// </summary>
/// <param name="period">Steps of a day, at least 2.</param>
internal sealed class HoltWinters(int period) : Forecaster
{
    private const double LevelWeight = 0.2;
    private const double TrendWeight = 0.02;
    private const double SeasonWeight = 0.2;

    /// <summary>What remains of the trend after each step: noise at five minutes is no trend for long.</summary>
    private const double Damping = 0.8;

    private double level;
    private double trend;
    private float[]? season;
    private int phase;
    private int seen;

    public override void Observe(LoadHistory history)
    {
        var load = history.Ago(0);
        if (seen++ == 0)
        {
            level = load;
            return;
        }

        var usual = season is null ? 0 : season[phase];
        var before = level;
        level += (Damping * trend) + (LevelWeight * (load - usual - level - (Damping * trend)));
        trend = (Damping * trend) + (TrendWeight * (level - before - (Damping * trend)));
        if (season is not null)
        {
            season[phase] += (float)(SeasonWeight * (load - level - usual));
            phase = (phase + 1) % period;
        }
        else if (history.Count >= period)
        {
            BeginSeason(history);
        }
    }

    public override double Ahead(LoadHistory history, int steps)
    {
        double ahead = 0, damping = 1;
        for (var i = 0; i < steps; i++)
        {
            damping *= Damping;
            ahead += damping * trend;
        }

        var usual = season is null ? 0 : season[(phase + steps - 1) % period];
        return Math.Clamp(level + ahead + usual, 0, 1);
    }

    /// <summary>The first day's distances from its mean. The next load belongs to the first of them.</summary>
    private void BeginSeason(LoadHistory history)
    {
        season = new float[period];
        var mean = history.Mean(period);
        for (var i = 0; i < period; i++)
        {
            season[i] = (float)(history.Ago(period - 1 - i) - mean);
        }

        level = mean;
        trend = 0;
        phase = 0;
    }
}
