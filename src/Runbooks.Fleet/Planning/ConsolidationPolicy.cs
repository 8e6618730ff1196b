using Runbooks.Fleet.Policies;

namespace Runbooks.Fleet.Planning;

/// <summary>What a consolidation may do.</summary>
public sealed record ConsolidationPolicy
{
    public Thresholds Thresholds { get; init; } = new();

    /// <summary>Only hosts of this pool; null means every pool by itself.</summary>
    public string? Pool { get; init; }

    /// <summary>Hosts that stay on whatever the load, per pool. Default 1.</summary>
    public int MinActiveHosts { get; init; } = 1;

    /// <summary>Share of a host's memory that is kept free of VMs. Default 0.10.</summary>
    public double MemoryHeadroom { get; init; } = 0.10;

    /// <summary>Most vCPUs per physical CPU on a host. Default 8.</summary>
    public double VcpuRatio { get; init; } = 8;
}
