namespace Runbooks.Fleet.Migrations;

/// <summary>
/// Learns by which factor a measured figure differs from the calculated one, in logarithms, and how far it is off itself.
/// While too little is known the factor is 1, and so it is while the calculation alone has missed by less lately.
/// </summary>
/// <param name="features">Number of features of a migration.</param>
internal sealed class LearntFactor(int features)
{
    /// <summary>Migrations before the learnt factor is used.</summary>
    public const int Needed = 30;

    /// <summary>Figures further apart than this factor are not compared: something else has happened than what was calculated.</summary>
    private const double Absurd = 8;

    private readonly ResidualRegression regression = new(features);
    private readonly ForecastErrors errors = new();
    private readonly ForecastErrors regressionErrors = new();
    private readonly ForecastErrors calculatedErrors = new();

    /// <summary>Migrations that it has learnt from.</summary>
    public int Learnt { get; private set; }

    public bool IsUsed => Learnt >= Needed;

    public IReadOnlyList<double> Weights => regression.Weights;

    /// <summary>The factor that is likely, and those between which nine in ten lie; all 1 while too little is known.</summary>
    public (double Likely, double Low, double High) Predict(ReadOnlySpan<double> what)
    {
        if (!IsUsed)
        {
            return (1, 1, 1);
        }

        var likely = regressionErrors.RecentMiss() < calculatedErrors.RecentMiss() ? Math.Exp(regression.Predict(what)) : 1;
        var (low, high) = errors.Range();
        return (likely, likely * Math.Min(low, 1), likely * Math.Max(high, 1));
    }

    /// <summary>Judges the forecast that would have been made, then learns.</summary>
    /// <returns>False when the figures can't be compared; nothing was learnt.</returns>
    public bool Learn(ReadOnlySpan<double> what, double calculated, double measured)
    {
        if (!(calculated > 0) || !(measured > 0) || measured > calculated * Absurd || calculated > measured * Absurd)
        {
            return false;
        }

        var (likely, low, high) = Predict(what);
        errors.Add(calculated * likely, measured, IsUsed ? measured >= calculated * low && measured <= calculated * high : null);
        calculatedErrors.Add(calculated, measured, null);
        regressionErrors.Add(calculated * Math.Exp(regression.Predict(what)), measured, null);
        regression.Learn(what, Math.Log(measured / calculated));
        Learnt++;
        return true;
    }

    public ErrorFigures Figures() => errors.Figures();

    public ErrorFigures CalculatedFigures() => calculatedErrors.Figures();
}
