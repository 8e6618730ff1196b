using System.Collections.Immutable;
using Runbooks.Fleet.History;
using Runbooks.Fleet.Model;
using Runbooks.Hypervisors.Contract;

namespace Runbooks.Hypervisors.Observation;

/// <summary>How much a problem matters.</summary>
public enum ProblemSeverity
{
    /// <summary>Something to tidy up; nothing is at risk.</summary>
    Notice,

    /// <summary>The fleet cannot be seen or used in part; a person or a run should look.</summary>
    Warning,

    /// <summary>Data is at risk now.</summary>
    Alarm,
}

/// <summary>Something about the fleet that is not as it should be.</summary>
/// <param name="Severity">How much it matters.</param>
/// <param name="Host">The host that it is about, if one.</param>
/// <param name="Vm">The VM that it is about, if one.</param>
/// <param name="Message">What was found and what to do, for people.</param>
public sealed record FleetProblem(ProblemSeverity Severity, HostName? Host, VmName? Vm, string Message);

/// <summary>The outcome of one look at the whole fleet.</summary>
/// <param name="Snapshot">What planners decide from; each VM once.</param>
/// <param name="Problems">What was found wrong on the way, the gravest first.</param>
/// <param name="HostSamples">Loads of hosts that were measured in this look.</param>
/// <param name="VmSamples">Loads of VMs that were measured in this look.</param>
public sealed record FleetReading(
    FleetSnapshot Snapshot,
    ImmutableArray<FleetProblem> Problems,
    ImmutableArray<HostSample> HostSamples,
    ImmutableArray<VmSample> VmSamples);

/// <summary>What one host answered, or why it did not.</summary>
/// <param name="Entry">What the configuration says of it.</param>
/// <param name="Power">Whether it is on.</param>
/// <param name="Observation">What it answered; null when it is off or did not answer.</param>
/// <param name="Fault">Why it did not answer although it is not known to be off.</param>
public sealed record HostReading(HostEntry Entry, PowerState Power, HostObservation? Observation, HypervisorFault? Fault);

/// <summary>What must be remembered from one look to the next.</summary>
/// <param name="Hosts">The last answer of each host.</param>
/// <param name="VmLoads">The last measured load of each VM, wherever it ran: it is what is known of a VM that has just arrived.</param>
public sealed record FleetMemory(
    ImmutableDictionary<HostName, HostMemory> Hosts,
    ImmutableDictionary<VmName, double> VmLoads)
{
    public static FleetMemory Empty { get; } = new(ImmutableDictionary<HostName, HostMemory>.Empty, ImmutableDictionary<VmName, double>.Empty);
}

/// <summary>What is remembered of one host.</summary>
/// <param name="Power">Its power when last seen.</param>
/// <param name="Counters">The observation from which the next load is counted; null after it was off.</param>
/// <param name="Seen">Its last answer.</param>
/// <param name="CpuLoad">Its last measured load.</param>
public sealed record HostMemory(PowerState Power, HostObservation? Counters, HostObservation? Seen, double? CpuLoad);
