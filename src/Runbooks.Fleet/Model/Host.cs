namespace Runbooks.Fleet.Model;

/// <summary>Whether a host's machine is on.</summary>
public enum PowerState
{
    /// <summary>Nobody could tell; never treated as off.</summary>
    Unknown,
    On,
    Off,
}

/// <summary>What the fleet may do with a host.</summary>
public enum HostMode
{
    /// <summary>VMs may run, arrive and leave.</summary>
    Active,

    /// <summary>No VM may arrive; those that are there are being moved away by a run.</summary>
    Cordoned,

    /// <summary>An operator has taken the host out; the automation leaves it alone.</summary>
    Maintenance,
}

/// <summary>One hypervisor host as the fleet last saw it.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Pool">The pool in which it may exchange VMs: same hypervisor, compatible CPU, shared storage and networks.</param>
/// <param name="Cpus">Physical CPUs (cores that the hypervisor reports), at least 1.</param>
/// <param name="MemoryMiB">Memory that VMs may use, MiB.</param>
/// <param name="Priority">Order of keeping: the host with the lowest number is emptied first.</param>
/// <param name="Power">Whether the machine is on.</param>
/// <param name="Mode">What the fleet may do with it.</param>
/// <param name="CpuLoad">Share of its CPUs in use, 0 to 1; null when not measured.</param>
/// <param name="Reachable">False when the last observation failed; then what is said of its VMs is old.</param>
/// <param name="Problem">Why it could not be observed, and what to do; null when all is well.</param>
public sealed record Host(
    HostName Name,
    string Pool,
    int Cpus,
    int MemoryMiB,
    int Priority,
    PowerState Power,
    HostMode Mode,
    double? CpuLoad = null,
    bool Reachable = true,
    string? Problem = null)
{
    /// <summary>What is known of it beyond that.</summary>
    public HostTraits Traits { get; init; } = HostTraits.None;
}
