using System.Globalization;

namespace Runbooks.Fleet.Migrations;

/// <summary>How much a VM may be put at risk.</summary>
public enum Criticality
{
    Normal,

    /// <summary>Never by post-copy: a connection that is lost on the way would lose the VM.</summary>
    Critical,
}

/// <summary>What a mode is chosen from.</summary>
/// <param name="Case">The migration; its mode does not matter.</param>
/// <param name="Criticality">How much the VM may be put at risk.</param>
/// <param name="Possible">The modes that both hosts are able to.</param>
/// <param name="Measures">What may be done when the copy does not converge.</param>
public sealed record ModeQuestion(MigrationCase Case, Criticality Criticality, IReadOnlyCollection<MigrationMode> Possible, IReadOnlyList<ConvergenceMeasure> Measures)
{
    /// <summary>The most that the allowed downtime may be raised to, if that is among the measures.</summary>
    public TimeSpan DowntimeCeiling { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Longest time of the copy.</summary>
    public TimeSpan TimeLimit { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>How it is known what the guest writes, for the explanation; null when that needs no words.</summary>
    public string? HowWritesAreKnown { get; init; }
}

/// <summary>A mode with the reason for it; no mode: the migration can't work, and the reason says what it would need.</summary>
/// <param name="Mode">The mode; null when none can work.</param>
/// <param name="Forecast">What is expected of it; of pre-copy when none can work.</param>
/// <param name="Explanation">Why, in sentences with the numbers.</param>
public sealed record ModeAnswer(MigrationMode? Mode, MigrationForecast Forecast, string Explanation);

/// <summary>
/// Chooses how memory is sent: pre-copy where it converges, else what costs the guest and its owner least. The order is that
/// of the risk: compression, a longer downtime that was allowed, post-copy for VMs that are not critical, other measures.
/// </summary>
public static class ModeChoice
{
    /// <summary>One connection of QEMU fills no more of a wire than about this, MiB/s.</summary>
    private const double OneConnectionMiBs = 1_200;

    /// <summary>Below this much memory several connections gain nothing worth their set-up, MiB.</summary>
    private const double ParallelFromMiB = 4_096;

    /// <summary>No host has a wire faster than that, MiB/s; looking for a bandwidth that would do ends there.</summary>
    private const double FastestMiBs = 50_000;

    public static ModeAnswer Choose(ModeQuestion question, IMigrationForecaster forecaster)
    {
        ArgumentNullException.ThrowIfNull(question);
        ArgumentNullException.ThrowIfNull(forecaster);
        var plainMode = question.Possible.Contains(MigrationMode.Parallel) && question.Case is { BandwidthMiBs: > OneConnectionMiBs, MemoryMiB: >= ParallelFromMiB }
            ? MigrationMode.Parallel : MigrationMode.PreCopy;
        var plain = Forecast(question, forecaster, plainMode);
        var given = Given(question);
        if (Works(question, plain))
        {
            var why = plainMode == MigrationMode.Parallel ? $"Several connections: one does not fill {Number(question.Case.BandwidthMiBs)} MiB/s. " : string.Empty;
            return new(plainMode, plain, $"{given} {why}Pre-copy converges in {Rounds(plain)}: {Numbers(plain)}.");
        }

        var doesNot = $"{given} Pre-copy does not end as it should: {Problem(question, plain)}.";
        if (question.Possible.Contains(MigrationMode.Compressed) && Forecast(question, forecaster, MigrationMode.Compressed) is var compressed && Works(question, compressed))
        {
            return new(MigrationMode.Compressed, compressed, $"{doesNot} Sent as differences, its changed pages are few enough after {Rounds(compressed)}: {Numbers(compressed)}.");
        }

        if (question.Measures.Contains(ConvergenceMeasure.RaiseDowntime))
        {
            var raised = forecaster.Predict(question.Case with { Mode = MigrationMode.PreCopy, MaxDowntime = question.DowntimeCeiling });
            if (Works(question, raised))
            {
                return new(MigrationMode.PreCopy, raised with { Converges = false }, $"{doesNot} It does when the guest may stand still for longer, which is allowed up to {Milliseconds(question.DowntimeCeiling)}: {Numbers(raised)}.");
            }
        }

        return PostCopy(question, forecaster, doesNot) ?? ByMeasures(question, plain, doesNot) ?? Hopeless(question, forecaster, plain, doesNot);
    }

    /// <summary>A mode that was asked for is used, unless it is one that can't end well; the explanation says what is expected.</summary>
    public static ModeAnswer Follow(ModeQuestion question, MigrationMode asked, IMigrationForecaster forecaster)
    {
        ArgumentNullException.ThrowIfNull(question);
        ArgumentNullException.ThrowIfNull(forecaster);
        var forecast = Forecast(question, forecaster, asked);
        var given = $"{Given(question)} {asked} was asked for.";
        return forecast.Converges
            ? new(asked, forecast, $"{given} Expected: {Numbers(forecast)}.")
            : Choose(question with { Possible = [asked] }, forecaster) switch
            {
                { Mode: null } hopeless => hopeless,
                var other => new(asked, other.Forecast with { Converges = false }, $"{given} {Problem(question, forecast)}. Measures that are allowed: {string.Join(", ", question.Measures)}."),
            };
    }

    /// <summary>The least bandwidth at which pre-copy converges, MiB/s; null when none does.</summary>
    public static double? NeededMiBs(MigrationCase migration, IMigrationForecaster forecaster)
    {
        ArgumentNullException.ThrowIfNull(migration);
        ArgumentNullException.ThrowIfNull(forecaster);
        bool Enough(double bandwidth) => forecaster.Predict(migration with { Mode = MigrationMode.PreCopy, BandwidthMiBs = bandwidth }).Converges;
        if (!Enough(FastestMiBs))
        {
            return null;
        }

        var (low, high) = (migration.BandwidthMiBs, FastestMiBs);
        while (high - low > Math.Max(1, low * 0.02))
        {
            var middle = (low + high) / 2;
            (low, high) = Enough(middle) ? (low, middle) : (middle, high);
        }

        return Math.Ceiling(high);
    }

    private static ModeAnswer? PostCopy(ModeQuestion question, IMigrationForecaster forecaster, string doesNot)
    {
        if (question.Criticality == Criticality.Critical || !question.Possible.Contains(MigrationMode.PostCopy))
        {
            return null;
        }

        // A pass before it pays when most of what it sends is still good when it ends.
        var firstPass = question.Possible.Contains(MigrationMode.Hybrid) && (question.Case.DirtyMiBs ?? 0) < question.Case.BandwidthMiBs;
        var mode = firstPass ? MigrationMode.Hybrid : MigrationMode.PostCopy;
        var forecast = Forecast(question, forecaster, mode);
        var how = firstPass ? "After one pass the guest goes on at the destination and what it has changed follows" : "The guest goes first and its memory follows";
        return new(mode, forecast, $"{doesNot} The VM is not critical. {how}: {Numbers(forecast)}. If a host or the link fails meanwhile, the VM is lost.");
    }

    private static ModeAnswer? ByMeasures(ModeQuestion question, MigrationForecast plain, string doesNot)
    {
        var rest = question.Measures.Where(m => m switch
        {
            ConvergenceMeasure.MoreBandwidth or ConvergenceMeasure.AutoConverge or ConvergenceMeasure.Suspend => true,
            ConvergenceMeasure.PostCopy => question.Criticality != Criticality.Critical,
            _ => false,
        }).ToArray();
        return rest.Length == 0 ? null : new(MigrationMode.PreCopy, plain with { Converges = false }, $"{doesNot} It is tried all the same, because these measures are allowed: {string.Join(", ", rest)}.");
    }

    private static ModeAnswer Hopeless(ModeQuestion question, IMigrationForecaster forecaster, MigrationForecast plain, string doesNot)
    {
        var critical = question.Criticality == Criticality.Critical ? " It is critical, so post-copy is out of the question." : string.Empty;
        var needed = NeededMiBs(question.Case, forecaster) is { } enough
            ? $"It would take {Number(enough)} MiB/s. Give it more bandwidth, allow more downtime or one of the measures MoreBandwidth, AutoConverge, Suspend, or move it when it writes less."
            : "No bandwidth would do. Allow more downtime or one of the measures AutoConverge, Suspend, or move it when it writes less.";
        return new(null, plain, $"{doesNot}{critical} {needed}");
    }

    private static bool Works(ModeQuestion question, MigrationForecast forecast) => forecast.Converges && forecast.Time <= question.TimeLimit;

    private static MigrationForecast Forecast(ModeQuestion question, IMigrationForecaster forecaster, MigrationMode mode) => forecaster.Predict(question.Case with { Mode = mode });

    private static string Given(ModeQuestion question) => string.Create(
        CultureInfo.InvariantCulture,
        $"{question.Case.MemoryMiB:0} MiB of memory, {Number(question.Case.BandwidthMiBs)} MiB/s, {Writes(question)}.");

    private static string Writes(ModeQuestion question) => question.Case.DirtyMiBs is { } rate
        ? $"the guest writes {Number(rate)} MiB/s{(question.HowWritesAreKnown is { } how ? $" ({how})" : string.Empty)}"
        : "how fast the guest writes was not measured, so it is taken to write little";

    private static string Problem(ModeQuestion question, MigrationForecast f) => f.Converges
        ? $"it takes {Seconds(f.Time)}, more than the {Seconds(question.TimeLimit)} that are allowed"
        : f.Time >= question.TimeLimit ? $"it would not be done within the {Seconds(question.TimeLimit)} that are allowed"
        : $"after {Rounds(f)} the guest would have to stand still for {Milliseconds(f.Downtime)}, and {Milliseconds(question.Case.MaxDowntime)} are allowed";

    private static string Numbers(MigrationForecast f) => $"about {Seconds(f.Time)}, {Milliseconds(f.Downtime)} of standing still, {Number(f.SentMiB)} MiB on the wire";

    private static string Rounds(MigrationForecast f) => f.Rounds == 1 ? "1 round" : $"{f.Rounds} rounds";

    private static string Seconds(TimeSpan time) => string.Create(CultureInfo.InvariantCulture, $"{time.TotalSeconds:0.#} s");

    private static string Milliseconds(TimeSpan time) => string.Create(CultureInfo.InvariantCulture, $"{time.TotalMilliseconds:0} ms");

    private static string Number(double value) => value.ToString(value < 10 ? "0.#" : "0", CultureInfo.InvariantCulture);
}
