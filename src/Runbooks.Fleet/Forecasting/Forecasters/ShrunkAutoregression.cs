namespace Runbooks.Fleet.Forecasting.Forecasters;

/// <summary>
/// First-order autoregression on the last loads: the distance from their mean shrinks each step by the factor with which
/// it did so within the window.
/// </summary>
/// <remarks>
/// The factor is the usual estimate of the autocorrelation, which errs towards 0 on a short window, and it is kept between
/// 0 and 1: a load that alternates is forecast by its mean, and none is ever extrapolated away from it.
/// </remarks>
internal sealed class ShrunkAutoregression(int window) : Forecaster
{
    public override double Ahead(LoadHistory history, int steps)
    {
        var n = Math.Min(window, history.Count);
        var mean = history.Mean(n);
        double variance = 0, covariance = 0, later = 0;
        for (var i = 0; i < n; i++)
        {
            var off = history.Ago(i) - mean;
            variance += off * off;
            covariance += i > 0 ? off * later : 0;
            later = off;
        }

        var kept = variance > 0 ? Math.Clamp(covariance / variance, 0, 1) : 0;
        return mean + (Math.Pow(kept, steps) * (history.Ago(0) - mean));
    }
}
