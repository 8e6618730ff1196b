using System.Text.Json.Nodes;
using Runbooks.Fleet.Model;
using Runbooks.Hypervisors.Observation;

namespace Runbooks.Server.Views;

/// <summary>The fleet as the API and the console show it. Loads are shares, 0 to 1; memory is MiB.</summary>
public sealed record FleetView(
    string Name,
    string Driver,
    DateTimeOffset? TakenAt,
    FleetTotals Totals,
    PolicyView Policy,
    IReadOnlyList<HostView> Hosts,
    IReadOnlyList<ReservationView> Reservations,
    IReadOnlyList<FleetProblemView> Problems);

/// <param name="AverageLoad">CPU cores that VMs use over cores that are on; null while nothing has been measured.</param>
public sealed record FleetTotals(int Hosts, int HostsOn, int HostsOff, int Vms, int VmsRunning, int VmsMigrating, double? AverageLoad);

/// <summary>The thresholds and limits in force.</summary>
public sealed record PolicyView(double LoadMin, double LoadMax, double LowBelow, double HighFrom, int MinActiveHosts, double MemoryHeadroom, double VcpuRatio);

/// <param name="Load">What its VMs use of its CPUs: what the thresholds are compared with.</param>
/// <param name="CpuLoad">What the host itself reports of its CPUs.</param>
/// <param name="VmMemoryMiB">Memory that its running VMs hold.</param>
/// <param name="ReservedMiB">Memory held for VMs on their way to it.</param>
public sealed record HostView(
    string Name,
    string Pool,
    int Priority,
    PowerState Power,
    HostMode Mode,
    string? ModeReason,
    string? ModeHolder,
    bool Reachable,
    int Cpus,
    int MemoryMiB,
    double? Load,
    double? CpuLoad,
    int VmMemoryMiB,
    int ReservedMiB,
    string? Problem,
    IReadOnlyList<VmView> Vms);

public sealed record VmView(
    string Name,
    Guid Uuid,
    string Host,
    VmState State,
    int Vcpus,
    int MemoryMiB,
    double? CpuLoad,
    int? MemoryUsedMiB,
    LoadClass? Class,
    VmMoveView? Migration);

/// <summary>A VM on its way.</summary>
/// <param name="Stage">The stage of the migration, as the runbook names it; null when the run is not known here.</param>
/// <param name="Progress">What the step reported last: round, sentBytes, remainingBytes and others.</param>
public sealed record VmMoveView(string From, string To, string RunId, string? Stage, JsonObject? Progress);

public sealed record ReservationView(string Vm, string Source, string Destination, int MemoryMiB, int Vcpus, string RunId, DateTimeOffset CreatedAt);

public sealed record FleetProblemView(ProblemSeverity Severity, string? Host, string? Vm, string Message);
