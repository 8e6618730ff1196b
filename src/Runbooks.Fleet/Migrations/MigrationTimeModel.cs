namespace Runbooks.Fleet.Migrations;

/// <summary>What one model has learnt and how good it is.</summary>
/// <param name="Hypervisor">As in <see cref="MigrationCase.Hypervisor"/>.</param>
/// <param name="Mode">How memory is sent.</param>
/// <param name="Learnt">Migrations that it has learnt from.</param>
/// <param name="IsUsed">It forecasts; false: too few migrations, and what is calculated is said.</param>
/// <param name="Time">How good its forecasts of time were.</param>
/// <param name="CalculatedTime">How good the calculation alone would have been.</param>
/// <param name="Sent">Of the data sent.</param>
/// <param name="Downtime">Of the downtime.</param>
/// <param name="Failed">Migrations that did not converge.</param>
/// <param name="FailedForetold">Of those, how many were foretold.</param>
/// <param name="FalseAlarms">Migrations that were foretold not to converge, and moved.</param>
public sealed record MigrationModelFigures(
    string Hypervisor,
    MigrationMode Mode,
    int Learnt,
    bool IsUsed,
    ErrorFigures Time,
    ErrorFigures CalculatedTime,
    ErrorFigures Sent,
    ErrorFigures Downtime,
    int Failed,
    int FailedForetold,
    int FalseAlarms);

/// <summary>
/// The model of one hypervisor and one mode: ln T = ln T_usual + c0 + c1 ln M + c2 ln B + c3 ln x - c4 ln(1 - min(λ, 0.95)),
/// likewise for data and downtime. <see cref="PreCopyModel"/> at the usual pace is the prior; the coefficients are learnt from migrations
/// that have ended (recursive least squares, older ones fading).
/// </summary>
internal sealed class MigrationTimeModel(string hypervisor, MigrationMode mode)
{
    private const int Features = 5;

    /// <summary>The coefficient of ln x among the weights.</summary>
    private const int Cpu = 3;

    private readonly UsualPace pace = new();
    private readonly LearntFactor time = new(Features);
    private readonly LearntFactor sent = new(Features);
    private readonly LearntFactor downtime = new(Features);
    private int failed;
    private int failedForetold;
    private int falseAlarms;

    public MigrationForecast Predict(MigrationCase migration)
    {
        var calculated = PreCopyModel.Predict(migration);
        if (!time.IsUsed)
        {
            return calculated with { Model = $"analytical ({time.Learnt} of {LearntFactor.Needed} migrations that the {hypervisor} {mode} model needs)" };
        }

        Span<double> what = stackalloc double[Features];
        Describe(migration, what);
        var (factor, usual) = (time.Predict(what), Usual(calculated));
        return calculated with
        {
            Time = Times(usual, factor.Likely),
            TimeRange = (Times(usual, factor.Low), Times(usual, factor.High)),
            Downtime = Times(calculated.Downtime, downtime.Predict(what).Likely),
            SentMiB = calculated.SentMiB * sent.Predict(what).Likely,
            Model = $"{hypervisor} {mode}, learnt from {time.Learnt} migrations",
        };
    }

    /// <summary>Takes note of a migration. Only one that moved its VM teaches time, data and downtime: others were cut short.</summary>
    public void Learn(MigrationRecord record)
    {
        var calculated = PreCopyModel.Predict(record.Case);
        if (record.Outcome == MigrationOutcome.DidNotConverge)
        {
            failed++;
            failedForetold += calculated.Converges ? 0 : 1;
        }

        if (record.Outcome != MigrationOutcome.Moved)
        {
            return;
        }

        falseAlarms += calculated.Converges ? 0 : 1;
        Span<double> what = stackalloc double[Features];
        Describe(record.Case, what);
        _ = time.Learn(what, Usual(calculated).TotalSeconds, record.Time?.TotalSeconds ?? 0);
        _ = sent.Learn(what, calculated.SentMiB, record.SentMiB ?? 0);
        _ = downtime.Learn(what, calculated.Downtime.TotalSeconds, record.Downtime?.TotalSeconds ?? 0);
        if (record is { Time.TotalSeconds: > 0 and var took, SentMiB: > 0 and var data })
        {
            pace.Learn(data / record.Case.BandwidthMiBs, took);
        }
    }

    public MigrationModelFigures Figures() => new(
        hypervisor, mode, time.Learnt, time.IsUsed, time.Figures(), time.CalculatedFigures(), sent.Figures(), downtime.Figures(), failed, failedForetold, falseAlarms);

    /// <summary>By which power of the free CPU share the time falls; null while that is not known, or when it does not fall.</summary>
    public double? CpuExponent => time.IsUsed && time.Weights[Cpu] < -0.05 ? -time.Weights[Cpu] : null;

    /// <summary>The calculated time at the usual pace of these hosts.</summary>
    private TimeSpan Usual(MigrationForecast calculated) =>
        TimeSpan.FromSeconds(pace.SetUp) + Times(calculated.Time - PreCopyModel.SetUp - PreCopyModel.Resume, pace.Slowness);

    private static void Describe(MigrationCase migration, Span<double> what)
    {
        what[0] = 1;
        what[1] = Math.Log(Math.Max(1, PreCopyModel.FirstRoundMiB(migration)) / 1024);
        what[2] = Math.Log(migration.BandwidthMiBs / 128);
        what[Cpu] = Math.Log(Math.Clamp(migration.FreeCpuShare ?? 1, 0.01, 1));
        what[4] = -Math.Log(1 - Math.Min(PreCopyModel.Load(migration), 0.95));
    }

    private static TimeSpan Times(TimeSpan time, double factor) => TimeSpan.FromSeconds(Math.Min(time.TotalSeconds * factor, TimeSpan.SecondsPerDay * 365.0));
}
