namespace Runbooks.Fleet.Planning;

/// <summary>What can forbid a VM a host, or a move at all.</summary>
public enum Constraint
{
    Memory,
    Vcpus,
    CpuLoad,

    /// <summary>The host is off, does not answer, or is being emptied.</summary>
    HostClosed,
    Maintenance,
    Hypervisor,
    CpuBaseline,
    Storage,
    Network,
    Together,
    Apart,
    Pinned,
    Excluded,

    /// <summary>The VM is held by a run, is not running, or was declared immovable.</summary>
    Immovable,
    MinResidence,
    CoolDown,

    /// <summary>Any one used host may fail.</summary>
    HostFailure,
    MinActiveHosts,

    /// <summary>The move costs more than it brings over the expected stay.</summary>
    NotWorthIt,

    /// <summary>Moves that wait for each other, and no host to park one of them.</summary>
    Cycle,

    /// <summary>The limit of moves or of time of the request.</summary>
    Budget,
}
