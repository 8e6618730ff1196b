using System.Collections.Immutable;

namespace Runbooks.Fleet.Model;

/// <summary>What is known of a host beyond its size. Everything is optional; what is not said limits nothing.</summary>
public sealed record HostTraits
{
    public static HostTraits None { get; } = new();

    /// <summary>Its hypervisor, for example <c>kvm</c>; null when not known.</summary>
    public string? Hypervisor { get; init; }

    /// <summary>CPU models and baselines that it can offer to guests; default when not known.</summary>
    public ImmutableArray<string> CpuModels { get; init; }

    /// <summary>Storage that it reaches; default when not known.</summary>
    public ImmutableArray<string> Storage { get; init; }

    /// <summary>Networks that it offers; default when not known.</summary>
    public ImmutableArray<string> Networks { get; init; }

    public ImmutableArray<string> Tags { get; init; }

    /// <summary>The link through which its migrations go, when several hosts share one; null when it has its own.</summary>
    public string? Link { get; init; }

    /// <summary>Power when it is on and does nothing, watts; null when not known.</summary>
    public double? IdleWatts { get; init; }

    /// <summary>Power at full load, watts; null when not known.</summary>
    public double? PeakWatts { get; init; }

    /// <summary>
    /// The model whose measured power table tells its power; null when not known. Where the planner has no table of that
    /// name, power lies on the line from <see cref="IdleWatts"/> to <see cref="PeakWatts"/>.
    /// </summary>
    public string? PowerModel { get; init; }

    /// <summary>When it was last switched on; null when not known.</summary>
    public DateTimeOffset? SwitchedOnAt { get; init; }
}

/// <summary>What is known of a VM beyond its size. Everything is optional; what is not said limits nothing.</summary>
public sealed record VmTraits
{
    public static VmTraits None { get; } = new();

    /// <summary>The hypervisor that it was made for; null for any.</summary>
    public string? Hypervisor { get; init; }

    /// <summary>CPU model or baseline that its guest sees; null for any.</summary>
    public string? CpuModel { get; init; }

    /// <summary>Storage that its host must reach.</summary>
    public ImmutableArray<string> Storage { get; init; }

    /// <summary>Networks that its host must offer.</summary>
    public ImmutableArray<string> Networks { get; init; }

    /// <summary>VMs with the same value run on one host; null for none.</summary>
    public string? Together { get; init; }

    /// <summary>VMs with the same value never share a host; null for none.</summary>
    public string? Apart { get; init; }

    /// <summary>The only hosts on which it may run; default for all.</summary>
    public ImmutableArray<HostName> Pinned { get; init; }

    /// <summary>Hosts on which it may not run.</summary>
    public ImmutableArray<HostName> Excluded { get; init; }

    /// <summary>Why it may not be moved at all; null when it may.</summary>
    public string? Immovable { get; init; }

    /// <summary>When it came to its host; null when not known.</summary>
    public DateTimeOffset? MovedAt { get; init; }

    /// <summary>Tags of hosts that it should run on, when there is a choice.</summary>
    public ImmutableArray<string> Prefers { get; init; }

    /// <summary>Memory that it writes, MiB per second; null when not measured.</summary>
    public double? DirtyMiBs { get; init; }

    /// <summary>Variance of the cores that it uses, cores squared; null when not known.</summary>
    public double? CpuVariance { get; init; }

    /// <summary>vCPUs to which it can grow in place; null when it can't.</summary>
    public int? MaxVcpus { get; init; }
}
