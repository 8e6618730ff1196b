using Runbooks.Fleet.Migrations;

namespace Runbooks.Server.Views;

/// <summary>What was foretold of a migration.</summary>
/// <param name="TimeSeconds">Likely time.</param>
/// <param name="LowSeconds">Nine in ten take at least this and at most <paramref name="HighSeconds"/>; the same as the likely time while too little is known.</param>
/// <param name="HighSeconds">See there.</param>
/// <param name="DowntimeMs">How long the guest stands still.</param>
/// <param name="SentMiB">Data on the wire.</param>
/// <param name="Rounds">Rounds of pre-copy.</param>
/// <param name="Converges">The copy ends within the allowed downtime.</param>
/// <param name="Model">Which model said so.</param>
public sealed record ForecastView(double TimeSeconds, double LowSeconds, double HighSeconds, double DowntimeMs, double SentMiB, int Rounds, bool Converges, string Model)
{
    internal static ForecastView Of(MigrationForecast forecast) => new(
        Math.Round(forecast.Time.TotalSeconds, 3),
        Math.Round(forecast.TimeRange.Low.TotalSeconds, 3),
        Math.Round(forecast.TimeRange.High.TotalSeconds, 3),
        Math.Round(forecast.Downtime.TotalMilliseconds, 1),
        Math.Round(forecast.SentMiB, 2),
        forecast.Rounds,
        forecast.Converges,
        forecast.Model);
}

/// <summary>A migration that has ended. What is null was not measured, or not foretold.</summary>
/// <param name="Run">The run that did it.</param>
/// <param name="Vm">The VM.</param>
/// <param name="From">The host that it left.</param>
/// <param name="To">The host that it went to.</param>
/// <param name="EndedAt">When it ended.</param>
/// <param name="Outcome">How it ended.</param>
/// <param name="Hypervisor">The hypervisor.</param>
/// <param name="Mode">How memory was sent.</param>
/// <param name="MemoryMiB">The VM's memory.</param>
/// <param name="BandwidthMiBs">What was free for it, MiB/s.</param>
/// <param name="DirtyMiBs">What the guest wrote, MiB/s.</param>
/// <param name="Foretold">What was foretold.</param>
/// <param name="TimeSeconds">What the hypervisor took.</param>
/// <param name="DowntimeMs">How long the guest stood still.</param>
/// <param name="SentMiB">Data on the wire.</param>
/// <param name="Rounds">Rounds of pre-copy.</param>
/// <param name="TimeErrorPct">How far the foretold time was off, percent of the measured; positive: it was foretold too long.</param>
/// <param name="OwnSeconds">What the run took beyond the hypervisor's time.</param>
public sealed record MigrationView(
    string Run,
    string Vm,
    string From,
    string To,
    DateTimeOffset EndedAt,
    MigrationOutcome Outcome,
    string Hypervisor,
    MigrationMode Mode,
    double MemoryMiB,
    double BandwidthMiBs,
    double? DirtyMiBs,
    ForecastView? Foretold,
    double? TimeSeconds,
    double? DowntimeMs,
    double? SentMiB,
    int? Rounds,
    double? TimeErrorPct,
    double? OwnSeconds)
{
    internal static MigrationView Of(MigrationRecord record) => new(
        record.Run,
        record.Vm.Value,
        record.Source.Value,
        record.Destination.Value,
        record.EndedAt,
        record.Outcome,
        record.Case.Hypervisor,
        record.Case.Mode,
        record.Case.MemoryMiB,
        Math.Round(record.Case.BandwidthMiBs, 2),
        record.Case.DirtyMiBs,
        record.Forecast is { } forecast ? ForecastView.Of(forecast) : null,
        record.Time?.TotalSeconds,
        record.Downtime?.TotalMilliseconds,
        record.SentMiB is { } sent ? Math.Round(sent, 2) : null,
        record.Rounds,
        record is { Outcome: MigrationOutcome.Moved, Time: { TotalSeconds: > 0 } time, Forecast: { } foretold } ? Math.Round(100 * ((foretold.Time / time) - 1), 1) : null,
        record is { RunTime: { } run, Time: { } own } && run >= own ? (run - own).TotalSeconds : null);
}

/// <summary>Answer to a question about a migration that has not begun.</summary>
/// <param name="Forecast">What it is expected to take.</param>
/// <param name="Required">What a deadline needs; null when none was asked for.</param>
public sealed record ForecastAnswer(ForecastView Forecast, MigrationRequirement? Required);
