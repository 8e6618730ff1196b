using Runbooks.Fleet.Planning;
using Runbooks.Fleet.Policies;

namespace Runbooks.Server.Configuration;

/// <summary>What the automation may do. Section <c>Policy</c>; the defaults are those of <see cref="ConsolidationPolicy"/>.</summary>
public sealed class PolicyOptions
{
    public const string Section = "Policy";

    private static readonly ConsolidationPolicy Usual = new();

    /// <summary>Average load below which hosts are emptied and switched off, 0 to 1.</summary>
    public double LoadMin { get; set; } = Usual.Thresholds.LoadMin;

    /// <summary>Load that no host may exceed, 0 to 1.</summary>
    public double LoadMax { get; set; } = Usual.Thresholds.LoadMax;

    /// <summary>A VM below this load is of class low, 0 to 1.</summary>
    public double LowBelow { get; set; } = Usual.Thresholds.LowBelow;

    /// <summary>A VM at or above this load is of class high, 0 to 1.</summary>
    public double HighFrom { get; set; } = Usual.Thresholds.HighFrom;

    /// <summary>Hosts per pool that stay on whatever the load.</summary>
    public int MinActiveHosts { get; set; } = Usual.MinActiveHosts;

    /// <summary>Share of a host's memory that is kept free, 0 to 0.9.</summary>
    public double MemoryHeadroom { get; set; } = Usual.MemoryHeadroom;

    /// <summary>Most vCPUs per physical CPU.</summary>
    public double VcpuRatio { get; set; } = Usual.VcpuRatio;

    public Thresholds Thresholds => new() { LoadMin = LoadMin, LoadMax = LoadMax, LowBelow = LowBelow, HighFrom = HighFrom };

    public ConsolidationPolicy Consolidation => new()
    {
        Thresholds = Thresholds,
        MinActiveHosts = MinActiveHosts,
        MemoryHeadroom = MemoryHeadroom,
        VcpuRatio = VcpuRatio,
    };

    public void Check(List<string> problems)
    {
        ArgumentNullException.ThrowIfNull(problems);
        Order(problems, nameof(LoadMin), LoadMin, nameof(LoadMax), LoadMax);
        Order(problems, nameof(LowBelow), LowBelow, nameof(HighFrom), HighFrom);
        if (MinActiveHosts < 1)
        {
            problems.Add($"Policy:MinActiveHosts is {MinActiveHosts}; at least one host has to stay on.");
        }

        if (MemoryHeadroom is not (>= 0 and <= 0.9))
        {
            problems.Add($"Policy:MemoryHeadroom is {MemoryHeadroom}; it is a share from 0 to 0.9.");
        }

        if (VcpuRatio is not (>= 0.1 and <= 100))
        {
            problems.Add($"Policy:VcpuRatio is {VcpuRatio}; it can be from 0.1 to 100 vCPUs per CPU.");
        }
    }

    private static void Order(List<string> problems, string lowName, double low, string highName, double high)
    {
        if (!(low >= 0 && low < high && high <= 1))
        {
            problems.Add($"Policy:{lowName} is {low} and Policy:{highName} is {high}; both are shares from 0 to 1, and the first is below the second.");
        }
    }
}
