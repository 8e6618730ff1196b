namespace Runbooks.Server.Configuration;

/// <summary>How the hosts are reached.</summary>
public enum FleetDriver
{
    /// <summary>A generated fleet, kept in the data folder, whose load follows a day of its own.</summary>
    Simulated,

    /// <summary>Real hosts over SSH, as <see cref="FleetOptions.File"/> names them.</summary>
    Libvirt,
}

/// <summary>Section <c>Fleet</c>.</summary>
public sealed class FleetOptions
{
    public const string Section = "Fleet";

    /// <summary>What the console calls the fleet; null: by the driver.</summary>
    public string? Name { get; set; }

    public FleetDriver Driver { get; set; } = FleetDriver.Simulated;

    /// <summary>The fleet.json that names the hosts; required by the libvirt driver.</summary>
    public string? File { get; set; }

    /// <summary>
    /// How often all hosts are looked at. Default 1 s when simulated, where a look costs nothing, and 5 s on real hosts,
    /// where a look is one command per host. From 200 ms to 5 min.
    /// </summary>
    public TimeSpan? SampleEvery { get; set; }

    public TimeSpan Interval => SampleEvery ?? (Driver == FleetDriver.Simulated ? TimeSpan.FromSeconds(1) : TimeSpan.FromSeconds(5));

    public string DisplayName => Name ?? (Driver == FleetDriver.Simulated ? "Simulated fleet" : "Fleet");

    public void Check(List<string> problems)
    {
        ArgumentNullException.ThrowIfNull(problems);
        if (Driver == FleetDriver.Libvirt && string.IsNullOrWhiteSpace(File))
        {
            problems.Add("Fleet:Driver is libvirt and Fleet:File is not set; name the fleet.json that lists the hosts.");
        }

        if (Interval < TimeSpan.FromMilliseconds(200) || Interval > TimeSpan.FromMinutes(5))
        {
            problems.Add($"Fleet:SampleEvery is {Interval}; it can be from 00:00:00.2 to 00:05:00.");
        }
    }
}

/// <summary>How the simulated fleet behaves. Section <c>Simulation</c>. Used when the fleet is first made; later it goes on as it was.</summary>
public sealed class SimulationOptions
{
    public const string Section = "Simulation";

    /// <summary>Simulated seconds of the day in one second. Default 144: a day passes in ten minutes.</summary>
    public double Speed { get; set; } = 144;

    /// <summary>Everything about the generated fleet and its loads follows from this number.</summary>
    public int Seed { get; set; } = 1;

    /// <summary>What one migration gets of the wire, MiB per second. Default 5,000: a move takes seconds, as short against a day of ten minutes as a real move is against a real day.</summary>
    public double LinkMiBs { get; set; } = 5_000;

    public void Check(List<string> problems)
    {
        ArgumentNullException.ThrowIfNull(problems);
        if (Speed is not (>= 0 and <= 100_000))
        {
            problems.Add($"Simulation:Speed is {Speed}; it can be from 0 (the day stands still) to 100000.");
        }

        if (LinkMiBs is not (>= 1 and <= 1_000_000))
        {
            problems.Add($"Simulation:LinkMiBs is {LinkMiBs}; it can be from 1 to 1000000 MiB per second.");
        }
    }
}
