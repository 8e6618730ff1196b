using Runbooks.Fleet.Forecasting.Classes;
using Runbooks.Fleet.Forecasting.Forecasters;
using Runbooks.Fleet.Forecasting.Quantiles;
using Runbooks.Fleet.Model;

namespace Runbooks.Fleet.Forecasting;

/// <summary>What is forecast for one VM.</summary>
/// <param name="Vm">The VM.</param>
/// <param name="Measured">Its newest load, a share, 0 to 1; what had been expected when it was not measured.</param>
/// <param name="Expected">The load expected at the horizon; the newest load when the forecasts are not to be relied on.</param>
/// <param name="Quantiles">The load's quantiles at <see cref="QuantileLevels.All"/>, rising, 0 to 1.</param>
/// <param name="By">The forecaster that was chosen for this VM.</param>
/// <param name="Calibration">How well the quantiles have held.</param>
/// <param name="RiseProbability">Probability that its load class is higher than now within the horizon, 0 to 1.</param>
/// <param name="RiseForetold">Whether that is enough to act; never when the forecasts are not to be relied on.</param>
/// <param name="Class">The class that it has now, with dead band, minimum stay and what is foretold.</param>
public sealed record VmForecast(
    VmName Vm,
    double Measured,
    double Expected,
    IReadOnlyList<double> Quantiles,
    ForecasterKind By,
    Calibration Calibration,
    double RiseProbability,
    bool RiseForetold,
    KeptClass Class)
{
    /// <summary>True when the caller should react to what is measured, and not act on these forecasts.</summary>
    public bool Reacts => !Calibration.Usable;
}
