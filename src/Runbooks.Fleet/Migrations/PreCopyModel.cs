namespace Runbooks.Fleet.Migrations;

/// <summary>
/// What a migration takes by calculation alone: the geometric model of pre-copy (mechanism: Clark et al., NSDI 2005; form:
/// Liu et al., HPDC 2011, and Akoush et al., MASCOTS 2010), and its relatives for the other modes. <c>docs/migration.md</c>
/// has the formulas.
/// </summary>
/// <remarks>
/// It knows nothing of a hypervisor's habits or of the hosts' load; <see cref="MigrationTimeModel"/> learns those as factors
/// on what comes out here. Pure, and bounded by <see cref="MigrationCase.MaxRounds"/>.
/// </remarks>
public sealed class PreCopyModel : IMigrationForecaster
{
    /// <summary>From the order until the first page is sent: connecting, and the destination's QEMU. Seen: 0.3 s on quiet hosts, 2 s on busy ones.</summary>
    public static readonly TimeSpan SetUp = TimeSpan.FromSeconds(0.6);

    /// <summary>Standing still that no page accounts for: the devices' state, and the guest's resumption. Seen: 0.03 to 0.06 s.</summary>
    public static readonly TimeSpan Resume = TimeSpan.FromSeconds(0.04);

    /// <summary>From few enough pages until that was seen and the guest is let stop, on a busy machine; rounds go on meanwhile.</summary>
    private const double NoticeSeconds = 0.8;

    /// <summary>Share of a changed page that is sent when it is sent as a difference. Loads differ widely; 1 is an incompressible one.</summary>
    public const double DifferenceShare = 0.5;

    /// <summary>
    /// A copy is called converging only when it also would with this many times the writes: measured rates are that uncertain,
    /// and an unforeseen failure to converge costs more than a needless precaution.
    /// </summary>
    private const double Caution = 1.1;

    /// <summary>The same where a second was too long to see the rate, because the working set was written in less.</summary>
    private const double HiddenCaution = 2.2;

    MigrationForecast IMigrationForecaster.Predict(MigrationCase migration) => Predict(migration);

    /// <exception cref="ArgumentException">Memory or bandwidth are not above 0, or another figure is negative.</exception>
    public static MigrationForecast Predict(MigrationCase migration)
    {
        Check(migration);
        return migration.Mode switch
        {
            MigrationMode.PostCopy => PostCopy(migration),
            MigrationMode.Hybrid => Hybrid(migration),
            MigrationMode.Stopped => Stopped(migration),
            MigrationMode.Compressed => PreCopy(migration, DifferenceShare),
            _ => PreCopy(migration, 1),
        };
    }

    /// <summary>Writes in relation to what is sent, λ = D/B: the copy shrinks from round to round only below 1.</summary>
    public static double Load(MigrationCase migration)
    {
        ArgumentNullException.ThrowIfNull(migration);
        return (migration.DirtyMiBs ?? 0) * (migration.Mode == MigrationMode.Compressed ? DifferenceShare : 1) / migration.BandwidthMiBs;
    }

    /// <summary>V_0, what the first round sends, MiB.</summary>
    public static double FirstRoundMiB(MigrationCase migration)
    {
        ArgumentNullException.ThrowIfNull(migration);
        return Math.Min(migration.TouchedMiB ?? migration.MemoryMiB, migration.MemoryMiB);
    }

    /// <summary>V_th, what may be left when the guest is stopped, MiB: the fixed threshold, or what the allowed downtime carries.</summary>
    public static double StopThresholdMiB(MigrationCase migration)
    {
        ArgumentNullException.ThrowIfNull(migration);
        return Math.Max(migration.DirtyThresholdMiB, migration.BandwidthMiBs * migration.MaxDowntime.TotalSeconds);
    }

    private static MigrationForecast PreCopy(MigrationCase migration, double share)
    {
        var curve = Curve(migration, 1);
        var likely = Rounds(migration, curve, share);
        return likely.Converges && !Rounds(migration, Curve(migration, curve.HidesItsRate ? HiddenCaution : Caution), share).Converges ? likely with { Converges = false } : likely;
    }

    /// <param name="migration">The case.</param>
    /// <param name="dirty">What the guest writes.</param>
    /// <param name="share">What a page that was sent before costs now, 1 or less.</param>
    private static MigrationForecast Rounds(MigrationCase migration, DirtyCurve dirty, double share)
    {
        var (bandwidth, threshold) = (migration.BandwidthMiBs, StopThresholdMiB(migration));
        var (most, limit) = (migration.MaxDataFactor * migration.MemoryMiB, (migration.MaxTime - SetUp).TotalSeconds * bandwidth);
        var (round, sent) = (FirstRoundMiB(migration), 0.0);
        for (var n = 1; ; n++)
        {
            sent += round;
            var next = dirty.After(round / bandwidth) * share;
            var few = next <= threshold;
            if (few || n >= migration.MaxRounds || sent + next > most || sent + next > limit)
            {
                // Where data or time run out in the middle of a round, that much of it is sent.
                var all = few || n >= migration.MaxRounds ? sent + next : Math.Clamp(Math.Min(most, limit), sent, sent + next);
                return Forecast(all / bandwidth, (few ? Left(next, dirty, bandwidth, share) : next) / bandwidth, all, n, few);
            }

            round = next;
        }
    }

    /// <summary>What remains, MiB, when rounds have gone on until it was noticed that few enough pages remain.</summary>
    private static double Left(double round, DirtyCurve dirty, double bandwidth, double share)
    {
        for (var passed = 0.0; passed < NoticeSeconds && round > 0.01;)
        {
            passed += round / bandwidth;
            round = Math.Min(round, dirty.After(round / bandwidth) * share);
        }

        return round;
    }

    /// <summary>T = M/B + T_r; each page once, whatever the guest writes.</summary>
    private static MigrationForecast PostCopy(MigrationCase migration)
    {
        var memory = FirstRoundMiB(migration);
        return Forecast(memory / migration.BandwidthMiBs, 0, memory, 0, converges: true);
    }

    /// <summary>One round, then post-copy of what was written meanwhile.</summary>
    private static MigrationForecast Hybrid(MigrationCase migration)
    {
        var memory = FirstRoundMiB(migration);
        var all = memory + Curve(migration, 1).After(memory / migration.BandwidthMiBs);
        return Forecast(all / migration.BandwidthMiBs, 0, all, 1, converges: true);
    }

    private static MigrationForecast Stopped(MigrationCase migration)
    {
        var memory = FirstRoundMiB(migration);
        return Forecast(memory / migration.BandwidthMiBs, memory / migration.BandwidthMiBs, memory, 1, converges: true);
    }

    private static DirtyCurve Curve(MigrationCase migration, double times) =>
        new((migration.DirtyMiBs ?? 0) * times, Math.Min(migration.WorkingSetMiB ?? double.PositiveInfinity, FirstRoundMiB(migration)));

    private static MigrationForecast Forecast(double sendingSeconds, double stoppedSeconds, double sentMiB, int rounds, bool converges) => new(
        SetUp + Seconds(sendingSeconds) + Resume, Resume + Seconds(stoppedSeconds), sentMiB, rounds, converges);

    /// <summary>A year stands for ever: a <see cref="TimeSpan"/> has an end.</summary>
    private static TimeSpan Seconds(double seconds) => TimeSpan.FromSeconds(Math.Min(seconds, TimeSpan.SecondsPerDay * 365.0));

    private static void Check(MigrationCase migration)
    {
        ArgumentNullException.ThrowIfNull(migration);
        if (migration is not { MemoryMiB: > 0 and < double.PositiveInfinity, BandwidthMiBs: > 0 and < double.PositiveInfinity }
            || migration is { TouchedMiB: not (null or >= 0) } or { DirtyMiBs: not (null or >= 0) } or { WorkingSetMiB: not (null or >= 0) } or { FreeCpuShare: not (null or (>= 0 and <= 1)) }
            || migration.MaxRounds < 1 || !(migration.MaxDataFactor > 0) || !(migration.DirtyThresholdMiB >= 0) || migration.MaxDowntime < TimeSpan.Zero || migration.MaxTime <= TimeSpan.Zero)
        {
            throw new ArgumentException(
                $"A migration can't be foretold from {migration}: memory, bandwidth, rounds, data factor and time limit are above 0, the free CPU share is from 0 to 1, and nothing else is below 0.", nameof(migration));
        }
    }
}
