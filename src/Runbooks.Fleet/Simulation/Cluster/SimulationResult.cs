namespace Runbooks.Fleet.Simulation.Cluster;

/// <summary>The figures of one simulated day.</summary>
/// <param name="EnergyKwh">Energy of all hosts, kWh.</param>
/// <param name="Migrations">Migrations ordered.</param>
/// <param name="SlatahPct">Share of the hosts' active time in which the demand was above their CPU, per cent.</param>
/// <param name="PdmPct">CPU that VMs lacked while they migrated, per cent of what was asked for.</param>
/// <param name="UnservedCpuPct">CPU that VMs lacked for any reason, per cent of what was asked for.</param>
/// <param name="MeanActive">Hosts with VMs at the end of a step, mean over the day.</param>
/// <param name="HostOn">Times that a host without VMs got some.</param>
/// <param name="HostOff">Times that a host lost its last VM.</param>
/// <param name="DecideMs">Mean time of a decision, milliseconds.</param>
/// <param name="MostMovesInStep">Most migrations ordered in one step.</param>
/// <param name="SwitchOnKwh">Part of the energy that went into switching hosts on, kWh.</param>
public sealed record SimulationResult(
    double EnergyKwh,
    int Migrations,
    double SlatahPct,
    double PdmPct,
    double UnservedCpuPct,
    double MeanActive,
    int HostOn,
    int HostOff,
    double DecideMs,
    int MostMovesInStep,
    double SwitchOnKwh);
