namespace Runbooks.Fleet.Migrations;

/// <summary>A migration before it starts: everything that its time, downtime and data depend on.</summary>
/// <param name="Hypervisor">The hypervisor, for example <c>kvm</c> or <c>xen</c>; models are kept apart by it.</param>
/// <param name="Mode">How memory is sent.</param>
/// <param name="MemoryMiB">The VM's memory, MiB.</param>
/// <param name="BandwidthMiBs">What the path between the hosts has free for it, or its limit if that is less, MiB/s; more than 0.</param>
public sealed record MigrationCase(string Hypervisor, MigrationMode Mode, double MemoryMiB, double BandwidthMiBs)
{
    /// <summary>Memory that the guest has touched and that must be sent, MiB; null when not known: all of it.</summary>
    public double? TouchedMiB { get; init; }

    /// <summary>
    /// What the VM takes of its host's memory now, MiB: touched memory and what the hypervisor itself needs for it; null when
    /// not known. Stands in for <see cref="TouchedMiB"/> once it has been learnt how much of it is the hypervisor's.
    /// </summary>
    public double? ResidentMiB { get; init; }

    /// <summary>The VM came to its host by a migration; false: it was started there. The hypervisor's own part differs.</summary>
    public bool HasMoved { get; init; }

    /// <summary>Memory that the guest writes, MiB/s, over a second; null when not measured.</summary>
    public double? DirtyMiBs { get; init; }

    /// <summary>Memory that those writes go to over and over, MiB; null when not known: all of it.</summary>
    public double? WorkingSetMiB { get; init; }

    /// <summary>Share of the two hosts' CPUs that is free, 0 to 1, the lower of the two; null when not known.</summary>
    public double? FreeCpuShare { get; init; }

    /// <summary>How long the guest may stand still at the end.</summary>
    public TimeSpan MaxDowntime { get; init; } = TimeSpan.FromMilliseconds(300);

    /// <summary>The copy ends after so many rounds.</summary>
    public int MaxRounds { get; init; } = 29;

    /// <summary>The copy ends when so many times the memory was sent.</summary>
    public double MaxDataFactor { get; init; } = 3;

    /// <summary>The copy ends after this time.</summary>
    public TimeSpan MaxTime { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>The copy ends when no more than this remains, MiB.</summary>
    public double DirtyThresholdMiB { get; init; }
}

/// <summary>What a migration is expected to take.</summary>
/// <param name="Time">From its start until the VM runs on the destination and the source is tidied up.</param>
/// <param name="Downtime">How long the guest stands still.</param>
/// <param name="SentMiB">Data on the wire, MiB.</param>
/// <param name="Rounds">Rounds of pre-copy.</param>
/// <param name="Converges">
/// The copy ends because few enough pages remain, within the allowed downtime; false: it would end by another stop
/// condition, or never.
/// </param>
public sealed record MigrationForecast(TimeSpan Time, TimeSpan Downtime, double SentMiB, int Rounds, bool Converges)
{
    /// <summary>The time lies between these two with a probability of 90 %; the same as <see cref="Time"/> while too little is known.</summary>
    public (TimeSpan Low, TimeSpan High) TimeRange { get; init; } = (Time, Time);

    /// <summary>Which model said so, and from how many migrations it has learnt: for people.</summary>
    public string Model { get; init; } = "analytical";
}

/// <summary>Foretells migrations.</summary>
public interface IMigrationForecaster
{
    MigrationForecast Predict(MigrationCase migration);
}
