namespace Runbooks.Fleet.Scaling;

/// <summary>A size of a VM.</summary>
/// <param name="Vcpus">vCPUs.</param>
/// <param name="MemoryMiB">Memory, MiB.</param>
public sealed record VmScale(int Vcpus, int MemoryMiB)
{
    /// <summary>Nothing: the share of a VM in a host that it is not on.</summary>
    public static VmScale None { get; } = new(0, 0);

    public override string ToString() => $"{Vcpus} vCPUs and {MemoryMiB} MiB";
}

/// <summary>How big a VM is, may become, and must be.</summary>
/// <param name="Now">Its size.</param>
/// <param name="Most">The size that it can have without being stopped.</param>
/// <param name="MemoryUsedMiB">Memory that its guest can't give back, MiB; null when the guest does not tell.</param>
public sealed record ScalableVm(VmScale Now, VmScale Most, int? MemoryUsedMiB);

/// <summary>What is wished of a VM's size.</summary>
/// <param name="Vcpus">vCPUs; null or 0: as many as now.</param>
/// <param name="MemoryMiB">Memory, MiB; null or 0: as much as now.</param>
public sealed record ScalingWish(int? Vcpus, int? MemoryMiB)
{
    /// <summary>Fewest vCPUs that are allowed; null or 0: 1.</summary>
    public int? MinVcpus { get; init; }

    /// <summary>Most vCPUs that are allowed; null or 0: as many as the VM can have.</summary>
    public int? MaxVcpus { get; init; }

    /// <summary>Least memory that is allowed, MiB; null or 0: what the guest needs.</summary>
    public int? MinMemoryMiB { get; init; }

    /// <summary>Most memory that is allowed, MiB; null or 0: as much as the VM can have.</summary>
    public int? MaxMemoryMiB { get; init; }

    /// <summary>Why memory is taken from a guest that does not say how much it uses; null or empty: it is not.</summary>
    public string? ShrinkAnywayBecause { get; init; }
}

/// <summary>What becomes of a wish.</summary>
public abstract record ScalingAnswer
{
    private ScalingAnswer()
    {
    }

    /// <summary>The VM gets another size.</summary>
    public sealed record Change(VmScale From, VmScale To) : ScalingAnswer;

    /// <summary>The VM has that size.</summary>
    public sealed record Nothing(VmScale Now) : ScalingAnswer;

    /// <summary>It may not get it; the reason says what to do.</summary>
    public sealed record Refused(string Reason) : ScalingAnswer;
}
