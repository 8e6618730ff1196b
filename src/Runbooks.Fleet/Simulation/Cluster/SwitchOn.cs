using System.Runtime.InteropServices;

namespace Runbooks.Fleet.Simulation.Cluster;

/// <summary>What it takes to switch a host on.</summary>
/// <param name="Seconds">Time until VMs can come, seconds, 0 or more; the host draws idle power meanwhile.</param>
/// <param name="Joules">Energy beside that, joules, 0 or more.</param>
[StructLayout(LayoutKind.Auto)]
public readonly record struct SwitchOn(double Seconds, double Joules)
{
    /// <summary>Hosts are there at once and for nothing, as in the published experiment.</summary>
    public static SwitchOn Free => default;
}
