using System.Collections.Immutable;
using Runbooks.Fleet.Energy;

namespace Runbooks.Fleet.Simulation.Cluster;

/// <summary>A model of host.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Cores">Cores, at least 1.</param>
/// <param name="MipsPerCore">Speed of one core, million instructions per second.</param>
/// <param name="RamMb">Memory for VMs, MB, where memory is not a limit while VMs run: it holds for the first placement alone.</param>
/// <param name="HardRamMb">Memory for VMs, MB, where memory is a limit at all times.</param>
/// <param name="Power">What it draws at a load.</param>
public sealed record HostModel(string Name, int Cores, double MipsPerCore, double RamMb, double HardRamMb, PowerCurve Power)
{
    /// <summary>Speed of all its cores, MIPS.</summary>
    public double Mips => Cores * MipsPerCore;
}

/// <summary>A size of VM: one vCPU of a speed, MIPS, and memory, MB.</summary>
public sealed record VmSize(double Mips, double RamMb);

/// <summary>The machines of a simulation and the physics of migration.</summary>
/// <param name="Hosts">Number of hosts; host i has model i modulo the number of models.</param>
/// <param name="Models">Models of host.</param>
/// <param name="Sizes">Sizes of VM; of n VMs, VM i has size i / ceiling(n / sizes).</param>
/// <param name="StepSeconds">Time between two samples, and between two decisions, seconds.</param>
/// <param name="MigrationMbPerSecond">Memory that one migration sends, MB per second.</param>
/// <param name="Degradation">Share of its CPU that a VM lacks while it migrates, 0 to 1.</param>
/// <param name="DestinationShare">Share of a VM's demand that its destination carries while it migrates, 0 to 1.</param>
/// <param name="EnergyFromSeconds">From when on energy counts, seconds after the first sample.</param>
public sealed record ClusterSetup(
    int Hosts,
    ImmutableArray<HostModel> Models,
    ImmutableArray<VmSize> Sizes,
    double StepSeconds,
    double MigrationMbPerSecond,
    double Degradation,
    double DestinationShare,
    double EnergyFromSeconds)
{
    public HostModel ModelOf(int host) => Models[host % Models.Length];

    public VmSize SizeOf(int vm, int vms) => Sizes[vm / ((vms + Sizes.Length - 1) / Sizes.Length)];
}
