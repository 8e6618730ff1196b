namespace Runbooks.Fleet.Planning;

/// <summary>What one live migration is expected to take: memory is sent in rounds, each what was written during the one before.</summary>
public sealed record MigrationModel
{
    /// <summary>Bandwidth of one migration, MiB per second. Default 275: a quarter of a 10 Gbit/s link.</summary>
    public double MiBs { get; init; } = 275;

    /// <summary>Longest pause for the last round, seconds. Default 0.3.</summary>
    public double DowntimeSeconds { get; init; } = 0.3;

    /// <summary>Rounds after which the last one is forced. Default 30.</summary>
    public int MaxRounds { get; init; } = 30;

    /// <summary>Energy of sending one MiB, joules, at both ends together. Default 0.54.</summary>
    public double JoulesPerMiB { get; init; } = 0.54;

    /// <summary>Share of its CPU that a VM loses while it moves. Default 0.10.</summary>
    public double Degradation { get; init; } = 0.10;

    /// <summary>Seconds and MiB of moving this much memory while the guest writes.</summary>
    /// <param name="memoryMiB">Memory to send, MiB.</param>
    /// <param name="dirtyMiBs">Memory that the guest writes, MiB per second.</param>
    public (double Seconds, double MiB) Estimate(int memoryMiB, double dirtyMiBs)
    {
        var (round, sent) = ((double)memoryMiB, 0.0);
        for (var i = 0; i < MaxRounds && round > DowntimeSeconds * MiBs; i++)
        {
            sent += round;
            round = Math.Min(memoryMiB, dirtyMiBs * round / MiBs);
        }

        sent += round;
        return (sent / MiBs, sent);
    }
}
