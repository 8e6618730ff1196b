using System.Numerics;

namespace Runbooks.Fleet.Forecasting.Quantiles;

/// <summary>Keeps of the last 48 checked forecasts of one VM on which side of its quantiles the load lay.</summary>
internal sealed class CalibrationRecord
{
    private const int Window = 48;
    private const ulong Kept = (1UL << Window) - 1;

    /// <summary>Of 4 loads, 3 above the 95 % (or below the 5 %) quantile come by chance once in 2,000 times.</summary>
    private const int InARow = 4;
    private const int AlarmInARow = 3;

    /// <summary>Of 48 loads, 13 beyond a quantile with a tenth beyond it come by chance less than once in 1,000 times.</summary>
    private const int Alarm = 13;

    /// <summary>A load beyond a quantile by less than a percent is no news to anybody.</summary>
    private const double Calm = 0.01;

    /// <summary>
    /// One load alone is a change when it is beyond the outermost quantile by more than all of them span, and this. After
    /// two steps the forecasts have had the time to follow, or the load is back.
    /// </summary>
    private const double Jump = 0.05;
    private const ulong TwoSteps = 3;

    private ulong aboveFar;
    private ulong belowFar;
    private ulong jumped;
    private ulong above;
    private ulong below;
    private int checks;
    private int unmeasured;

    public void Observe(double load, ReadOnlySpan<float> quantiles)
    {
        checks = Math.Min(Window, checks + 1);
        unmeasured = 0;
        Shift(ref aboveFar, load > quantiles[QuantileLevels.NinetyFifth] + Calm);
        Shift(ref belowFar, load < quantiles[0] - Calm);
        Shift(ref jumped, Beyond(load, quantiles) > quantiles[^1] - quantiles[0] + Jump);
        Shift(ref above, load > quantiles[QuantileLevels.Ninetieth]);
        Shift(ref below, load < quantiles[QuantileLevels.Tenth]);
    }

    public void NotMeasured() => unmeasured++;

    public void Measured() => unmeasured = 0;

    /// <param name="needed">Checks before the forecasts are relied on.</param>
    public Calibration Say(int needed)
    {
        var (problem, reason) = Judge(needed);
        return new Calibration(
            problem,
            checks,
            checks == 0 ? double.NaN : 1 - ((double)BitOperations.PopCount(above) / checks),
            checks == 0 ? double.NaN : (double)BitOperations.PopCount(below) / checks,
            reason);
    }

    public bool Usable(int needed) => Find(needed) == CalibrationProblem.None;

    private CalibrationProblem Find(int needed) =>
        unmeasured > 0 ? CalibrationProblem.NotMeasured
        : (jumped & TwoSteps) != 0 || Latest(aboveFar) >= AlarmInARow || Latest(belowFar) >= AlarmInARow ? CalibrationProblem.Changed
        : checks < needed ? CalibrationProblem.TooFewChecks
        : BitOperations.PopCount(above) >= Alarm || BitOperations.PopCount(below) >= Alarm ? CalibrationProblem.Off
        : CalibrationProblem.None;

    private (CalibrationProblem Problem, string? Reason) Judge(int needed)
    {
        var problem = Find(needed);
        return (problem, problem switch
        {
            CalibrationProblem.NotMeasured => $"not measured for the last {unmeasured} steps",
            CalibrationProblem.Changed when (jumped & TwoSteps) != 0 =>
                $"{((jumped & 1) != 0 ? "the last load" : "the load before the last")} lay far outside of all quantiles: the load has changed",
            CalibrationProblem.Changed => Latest(aboveFar) >= AlarmInARow
                ? $"{Latest(aboveFar)} of the last {InARow} loads lay above the 95 % quantile: the load has changed"
                : $"{Latest(belowFar)} of the last {InARow} loads lay below the 5 % quantile: the load has changed",
            CalibrationProblem.TooFewChecks => $"{checks} forecasts checked so far, {needed} are needed",
            CalibrationProblem.Off => BitOperations.PopCount(above) >= Alarm
                ? $"{BitOperations.PopCount(above)} of the last {checks} loads lay above the 90 % quantile, about {checks / 10.0:0} should"
                : $"{BitOperations.PopCount(below)} of the last {checks} loads lay below the 10 % quantile, about {checks / 10.0:0} should",
            _ => null,
        });
    }

    private static double Beyond(double load, ReadOnlySpan<float> quantiles) => Math.Max(load - quantiles[^1], quantiles[0] - load);

    private static int Latest(ulong bits) => BitOperations.PopCount(bits & ((1UL << InARow) - 1));

    private static void Shift(ref ulong bits, bool hit) => bits = ((bits << 1) | (hit ? 1UL : 0)) & Kept;
}
