using System.Runtime.InteropServices;
using Runbooks.Fleet.Energy;

namespace Runbooks.Fleet.Planning.Core;

/// <summary>A host as the planner's core sees it.</summary>
/// <param name="Cores">Physical cores, above 0.</param>
/// <param name="MemoryMiB">Memory that VMs may take together, MiB.</param>
/// <param name="VcpuLimit">vCPUs that its VMs may have together; infinite for no limit.</param>
/// <param name="IdleWatts">Power when it is on and does nothing, watts.</param>
/// <param name="PeakWatts">Power at full load, watts; in between it grows in proportion, unless a table says otherwise.</param>
/// <param name="IsOpen">VMs may arrive: it is on, reachable, active.</param>
/// <param name="IsUp">It is on and answers, so that its free room may be counted on when another host fails.</param>
/// <param name="OtherMemoryMiB">Memory held by what the planner may not move, MiB.</param>
/// <param name="OtherCores">Cores used by what the planner may not move.</param>
/// <param name="OtherVcpus">vCPUs of what the planner may not move.</param>
/// <param name="Power">Measured power at each load; null where only idle and peak are known.</param>
[StructLayout(LayoutKind.Auto)]
public readonly record struct DenseHost(
    double Cores,
    long MemoryMiB,
    double VcpuLimit = double.PositiveInfinity,
    double IdleWatts = 0,
    double PeakWatts = 0,
    bool IsOpen = true,
    bool IsUp = true,
    long OtherMemoryMiB = 0,
    double OtherCores = 0,
    int OtherVcpus = 0,
    PowerCurve? Power = null);

/// <summary>A VM as the planner's core sees it.</summary>
/// <param name="Host">Index of the host that it is on; -1 for none.</param>
/// <param name="CpuMean">Cores that it uses on average, 0 or more.</param>
/// <param name="CpuVariance">Variance of that use, cores squared, 0 or more.</param>
/// <param name="MemoryMiB">Memory that its host must hold, MiB.</param>
/// <param name="Vcpus">Its vCPUs.</param>
/// <param name="Class">Its load class: 0 low, 1 medium, 2 high.</param>
[StructLayout(LayoutKind.Auto)]
public readonly record struct DenseVm(int Host, double CpuMean, double CpuVariance, int MemoryMiB, int Vcpus, byte Class = 0);

/// <summary>How much of a host's CPU the VMs may be expected to need.</summary>
/// <param name="CpuShare">Share of the cores that the need may reach, above 0; 1 is all of them.</param>
/// <param name="Sigmas">How many standard deviations above the mean are counted as need, 0 or more.</param>
[StructLayout(LayoutKind.Auto)]
public readonly record struct CpuRule(double CpuShare, double Sigmas)
{
    /// <summary>By how much a sum of needs may differ with the order of its parts, cores.</summary>
    private const double Rounding = 1e-7;

    /// <summary>A need is within the share. One that is exactly the share is, in whatever order it was added up.</summary>
    public bool Allows(double need, double cores) => need <= (cores * CpuShare) + Rounding;
}

/// <summary>Which limit of a host a VM breaks. Several at once are possible.</summary>
[Flags]
public enum Limits
{
    None = 0,
    Memory = 1,
    Vcpus = 2,
    Cpu = 4,
    Closed = 8,
}

/// <summary>What one move changed, to take it back to the last bit.</summary>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct MoveTrace(int Vm, int From, int To, int Next, double FromMean, double FromVariance, double ToMean, double ToVariance);
