namespace Runbooks.Fleet.Forecasting.Quantiles;

/// <summary>Why forecasts of a VM should not be relied on.</summary>
public enum CalibrationProblem
{
    None,

    /// <summary>Too few forecasts have been checked against what came.</summary>
    TooFewChecks,

    /// <summary>The VM was not measured lately; nothing is known of its load.</summary>
    NotMeasured,

    /// <summary>A load lay far outside of the quantiles, or several in a row outside: the VM does something new.</summary>
    Changed,

    /// <summary>More loads lay outside of the quantiles for a while than should.</summary>
    Off,
}

/// <summary>How well a VM's quantiles have held, and whether to rely on them. When not, react to what is measured.</summary>
/// <param name="Problem">Why they should not be relied on.</param>
/// <param name="Checks">Forecasts checked so far, the last 48 at most.</param>
/// <param name="BelowNinety">Share of the checked loads that did not exceed their 90 % quantile, 0 to 1; NaN before the first.</param>
/// <param name="BelowTen">Share of the checked loads below their 10 % quantile, 0 to 1; NaN before the first.</param>
/// <param name="Reason">The problem as a sentence with its figures; null when there is none.</param>
public sealed record Calibration(CalibrationProblem Problem, int Checks, double BelowNinety, double BelowTen, string? Reason)
{
    public bool Usable => Problem == CalibrationProblem.None;
}
