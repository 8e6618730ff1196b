namespace Runbooks.Fleet.Migrations;

/// <summary>
/// The geometric model of pre-copy, and what follows from it for the other modes: round 0 sends all memory, each later round
/// what was written during the one before, at most the working set.
/// </summary>
public sealed class PreCopyModel : IMigrationForecaster
{
    /// <summary>Connecting, preparing the destination and tidying up, beside the copy itself.</summary>
    private const double FixedSeconds = 0.5;

    /// <summary>Handing over the devices and starting the CPUs, while the guest stands still.</summary>
    private const double HandOverSeconds = 0.05;

    /// <summary>Pages that were sent before are about half as long when they are sent as differences.</summary>
    private const double CompressedShare = 0.5;

    public MigrationForecast Predict(MigrationCase migration)
    {
        ArgumentNullException.ThrowIfNull(migration);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(migration.BandwidthMiBs);
        var memory = migration.TouchedMiB ?? migration.MemoryMiB;
        var (bandwidth, dirty) = (migration.BandwidthMiBs, migration.DirtyMiBs ?? 0);
        var workingSet = Math.Min(migration.WorkingSetMiB ?? memory, memory);
        return migration.Mode switch
        {
            MigrationMode.PostCopy => Ends(memory, HandOverSeconds, 1),
            MigrationMode.Hybrid => Ends(memory + Math.Min(workingSet, dirty * memory / bandwidth), HandOverSeconds, 1),
            MigrationMode.Stopped => Ends(memory, (memory / bandwidth) + HandOverSeconds, 1),
            MigrationMode.Compressed => Rounds(migration, memory, dirty, workingSet, CompressedShare),
            _ => Rounds(migration, memory, dirty, workingSet, 1),
        };

        MigrationForecast Ends(double sent, double downtime, int rounds) =>
            new(TimeSpan.FromSeconds((sent / bandwidth) + FixedSeconds), TimeSpan.FromSeconds(downtime), sent, rounds, Converges: true);
    }

    private static MigrationForecast Rounds(MigrationCase migration, double memory, double dirty, double workingSet, double share)
    {
        var bandwidth = migration.BandwidthMiBs;
        var threshold = Math.Max(migration.DirtyThresholdMiB, bandwidth * Math.Max(0, migration.MaxDowntime.TotalSeconds - HandOverSeconds));
        var (sent, seconds, round, volume) = (0.0, 0.0, 0, memory);
        while (true)
        {
            round++;
            sent += volume;
            seconds += volume / bandwidth;
            var next = Math.Min(workingSet, dirty * volume / bandwidth) * share;
            var few = next <= threshold;
            if (few || round >= migration.MaxRounds || sent + next > migration.MaxDataFactor * memory)
            {
                var downtime = (next / bandwidth) + HandOverSeconds;
                return new(TimeSpan.FromSeconds(seconds + downtime + FixedSeconds), TimeSpan.FromSeconds(downtime), sent + next, round, few);
            }

            volume = next;
        }
    }
}
