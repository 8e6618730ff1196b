namespace Runbooks.Fleet.Planning;

/// <summary>A placement in numbers. Hosts that were on before the plan count, in both its pictures, so that they compare.</summary>
/// <param name="HostsUsed">Hosts with at least one VM.</param>
/// <param name="CpuSd">Population standard deviation of the hosts' CPU shares, empty hosts included.</param>
/// <param name="CpuMax">Highest CPU share of a host; 1 is all its cores.</param>
/// <param name="MemMax">Highest share of the memory for VMs that is held on a host.</param>
/// <param name="N1Failures">Used hosts whose VMs would not fit on the other used hosts.</param>
/// <param name="EnergyW">Power of the hosts that are on, watts; 0 when no host's power is known.</param>
public sealed record FleetFigures(int HostsUsed, double CpuSd, double CpuMax, double MemMax, int N1Failures, double EnergyW)
{
    /// <summary>Hosts over which the deviation is taken.</summary>
    public int Hosts { get; init; }

    /// <summary>Mean of their CPU shares.</summary>
    public double CpuMean { get; init; }

    /// <summary>The figures of several pools together. A host's VMs may go to its own pool only, so failures add up.</summary>
    internal static FleetFigures Join(IReadOnlyCollection<FleetFigures> pools)
    {
        var hosts = pools.Sum(p => p.Hosts);
        var mean = hosts == 0 ? 0 : pools.Sum(p => p.CpuMean * p.Hosts) / hosts;
        var squares = pools.Sum(p => p.Hosts * ((p.CpuSd * p.CpuSd) + (p.CpuMean * p.CpuMean)));
        return new FleetFigures(
            pools.Sum(p => p.HostsUsed),
            hosts == 0 ? 0 : Math.Sqrt(Math.Max(0, (squares / hosts) - (mean * mean))),
            pools.Max(p => p.CpuMax),
            pools.Max(p => p.MemMax),
            pools.Sum(p => p.N1Failures),
            pools.Sum(p => p.EnergyW))
        {
            Hosts = hosts,
            CpuMean = mean,
        };
    }
}
