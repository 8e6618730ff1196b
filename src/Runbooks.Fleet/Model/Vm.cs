namespace Runbooks.Fleet.Model;

/// <summary>The state of a VM on one host; libvirt's words.</summary>
public enum VmState
{
    Unknown,
    Running,

    /// <summary>Paused: by an operator, or as the half-arrived or half-left twin of a migration.</summary>
    Paused,
    ShutOff,
    Crashed,
}

/// <summary>How much CPU a VM uses of what it has; the boundaries are in <see cref="Policies.Thresholds"/>.</summary>
public enum LoadClass
{
    Low,
    Medium,
    High,
}

/// <summary>One VM as the fleet last saw it.</summary>
/// <param name="Name">Its name, unique in the fleet.</param>
/// <param name="Uuid">libvirt's UUID.</param>
/// <param name="Host">The host that it runs on, or is defined on when it is shut off; default when it is to be placed first.</param>
/// <param name="State">Its state on that host.</param>
/// <param name="Vcpus">Virtual CPUs in use.</param>
/// <param name="MemoryMiB">Memory that the host must hold for it, MiB.</param>
/// <param name="CpuLoad">Share of its vCPUs in use, 0 to 1; null until two samples exist.</param>
/// <param name="MemoryUsedMiB">Memory that the guest says it uses, MiB; null when the guest does not tell.</param>
/// <param name="Class">Its load class; null until its load is known.</param>
public sealed record Vm(
    VmName Name,
    Guid Uuid,
    HostName Host,
    VmState State,
    int Vcpus,
    int MemoryMiB,
    double? CpuLoad = null,
    int? MemoryUsedMiB = null,
    LoadClass? Class = null)
{
    /// <summary>What is known of it beyond that.</summary>
    public VmTraits Traits { get; init; } = VmTraits.None;

    /// <summary>CPU that it uses, in host cores: <c>CpuLoad × Vcpus</c>; a VM not yet measured counts in full.</summary>
    public double CpuCores => State == VmState.Running ? (CpuLoad ?? 1.0) * Vcpus : 0;
}
