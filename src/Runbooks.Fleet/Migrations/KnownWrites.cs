using System.Globalization;
using Runbooks.Fleet.Model;

namespace Runbooks.Fleet.Migrations;

/// <summary>How fast a guest writes, as far as that is known before its migration.</summary>
/// <param name="MiBs">MiB/s, 0 or more.</param>
/// <param name="WorkingSetMiB">Memory that those writes go to over and over, MiB; null when not known.</param>
/// <param name="How">How that is known, for people.</param>
public sealed record KnownWrites(double MiBs, double? WorkingSetMiB, string How)
{
    /// <summary>What a guest wrote longer ago says nothing about now.</summary>
    public static readonly TimeSpan Fresh = TimeSpan.FromHours(1);

    /// <summary>A shorter copy has ended by the time that measuring would take.</summary>
    private static readonly TimeSpan WorthOne = TimeSpan.FromSeconds(10);

    /// <summary>Two windows take four seconds: a tenth of this.</summary>
    private static readonly TimeSpan WorthTwo = TimeSpan.FromSeconds(40);

    private static readonly TimeSpan Short = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Long = TimeSpan.FromSeconds(3);

    /// <summary>
    /// What the guest wrote during its last migration, if that is fresh: what was sent beyond the first round had been written
    /// meanwhile. Null when there was none that tells.
    /// </summary>
    /// <param name="records">Migrations of any VMs.</param>
    /// <param name="vm">The VM.</param>
    /// <param name="now">The time.</param>
    public static KnownWrites? OfEarlier(IEnumerable<MigrationRecord> records, VmName vm, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(records);
        var last = records.Where(r => r.Vm == vm && r.EndedAt <= now && now - r.EndedAt <= Fresh && Seconds(r) > 0).MaxBy(r => r.EndedAt);
        return last is null
            ? null
            : new KnownWrites(
                Math.Max(0, last.SentMiB!.Value - last.FirstRoundMiB!.Value) / Seconds(last),
                null,
                string.Create(CultureInfo.InvariantCulture, $"seen when it was moved {Math.Ceiling((now - last.EndedAt).TotalMinutes):0} min ago"));
    }

    /// <param name="windows">Seconds (above 0) and distinct MiB/s of each; at least one.</param>
    public static KnownWrites OfWindows(params IReadOnlyList<(double Seconds, double MiBs)> windows)
    {
        var curve = DirtyCurve.Of(windows);
        var how = string.Create(CultureInfo.InvariantCulture, $"measured for {string.Join(" s and ", windows.Select(w => $"{w.Seconds:0.#}"))} s");
        return new KnownWrites(curve.MiBs, double.IsPositiveInfinity(curve.WorkingSetMiB) ? null : curve.WorkingSetMiB, how);
    }

    /// <summary>
    /// How long to measure before a copy, so that measuring adds a tenth at most; empty: not at all. A copy that is feared not
    /// to converge is worth a second in any case.
    /// </summary>
    /// <param name="foretold">The copy, as far as it is foretold without measuring.</param>
    /// <param name="isKnown">How fast the guest writes is known already.</param>
    public static IReadOnlyList<TimeSpan> Windows(MigrationForecast foretold, bool isKnown)
    {
        ArgumentNullException.ThrowIfNull(foretold);
        return foretold.Time >= WorthTwo ? [Short, Long]
            : !foretold.Converges || (foretold.Time >= WorthOne && !isKnown) ? [Short]
            : [];
    }

    /// <summary>
    /// How long it was copied; 0 when the record does not tell what was written: other modes send pages twice or half, and a
    /// copy that was not foretold to converge may have been helped by slowing the guest down.
    /// </summary>
    private static double Seconds(MigrationRecord record) =>
        record is { Outcome: MigrationOutcome.Moved, Case.Mode: MigrationMode.PreCopy or MigrationMode.Parallel, Time: { } time, SentMiB: not null, FirstRoundMiB: not null, Forecast: null or { Converges: true } }
            ? (time - PreCopyModel.SetUp).TotalSeconds
            : 0;
}
