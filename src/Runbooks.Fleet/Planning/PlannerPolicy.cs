using System.Collections.Immutable;
using Runbooks.Fleet.Energy;
using Runbooks.Fleet.Planning.Core;
using Runbooks.Fleet.Policies;

namespace Runbooks.Fleet.Planning;

/// <summary>How strictly a plan keeps the promise that any one used host may fail.</summary>
public enum HostFailureRule
{
    /// <summary>It does not count.</summary>
    Off,

    /// <summary>No wave may leave more hosts whose failure can't be taken than there were before.</summary>
    Keep,

    /// <summary>As <see cref="Keep"/>, also when a host is evacuated or relieved; what remains broken is said.</summary>
    Require,
}

/// <summary>What planners may do, and what counts how much.</summary>
public sealed record PlannerPolicy
{
    public Thresholds Thresholds { get; init; } = new();

    /// <summary>Share of a host's memory that is kept free of VMs. Default 0.10.</summary>
    public double MemoryHeadroom { get; init; } = 0.10;

    /// <summary>Most vCPUs per physical CPU on a host. Default 8.</summary>
    public double VcpuRatio { get; init; } = 8;

    /// <summary>Deviations above the mean that are counted as a VM's need, where its variance is known. Default 1.</summary>
    public double Sigmas { get; init; } = 1;

    /// <summary>Hosts that stay on whatever the load, per pool. Default 1.</summary>
    public int MinActiveHosts { get; init; } = 1;

    public HostFailureRule HostFailure { get; init; } = HostFailureRule.Keep;

    /// <summary>Share of the memory in use that a consolidation leaves free beyond what is needed, for growth. Default 0.035.</summary>
    public double GrowthReserve { get; init; } = 0.035;

    /// <summary>A VM stays at least this long on a host. Default 30 minutes.</summary>
    public TimeSpan MinResidence { get; init; } = TimeSpan.FromMinutes(30);

    /// <summary>A host that was switched on is not switched off within this time. Default 30 minutes.</summary>
    public TimeSpan CoolDown { get; init; } = TimeSpan.FromMinutes(30);

    /// <summary>How long a new placement is expected to last; gains are counted over it. Default 2 hours.</summary>
    public TimeSpan ExpectedStay { get; init; } = TimeSpan.FromHours(2);

    public WaveLimits Waves { get; init; } = new();

    /// <summary>Power tables by host model. Default: the published ones.</summary>
    public IReadOnlyDictionary<string, PowerCurve> PowerTables { get; init; } = Energy.PowerTables.Published;

    public MigrationModel Migration { get; init; } = new();

    /// <summary>Least gain of one balancing move in the units of the score, squared shares: less is not worth a migration that sends <see cref="MinGainMiB"/>. Default 0.001.</summary>
    public double MinGain { get; init; } = 0.001;

    /// <summary>A balancing move that sends more than this must gain more, in proportion, MiB. Default 16,384.</summary>
    public double MinGainMiB { get; init; } = 16_384;

    /// <summary>Tries to reach a balance with fewer moves. Default 2,500.</summary>
    public int PolishTries { get; init; } = 2_500;

    /// <summary>Where those tries are made is left to chance; the same seed makes the same.</summary>
    public int Seed { get; init; } = 1;

    /// <summary>What counts when loads are made even.</summary>
    public ScoreWeights Balance { get; init; } = new() { CpuSpread = 1, MemorySpread = 0.5, ClassSpread = 0.01 };

    /// <summary>Hypervisors between which VMs may be moved, beside each to itself.</summary>
    public ImmutableArray<(string From, string To)> HypervisorPairs { get; init; } = [];

    public CpuRule CpuRule => new(Thresholds.LoadMax, Sigmas);
}

/// <summary>How many moves may run at once.</summary>
public sealed record WaveLimits
{
    /// <summary>Moves that one host takes part in, giving or taking. Default 4.</summary>
    public int PerHost { get; init; } = 4;

    /// <summary>Moves over one shared link. Default 8.</summary>
    public int PerLink { get; init; } = 8;

    /// <summary>Moves in one pool; null for no limit, the default.</summary>
    public int? PerPool { get; init; }
}
