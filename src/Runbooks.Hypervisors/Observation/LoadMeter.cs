using Runbooks.Hypervisors.Contract;

namespace Runbooks.Hypervisors.Observation;

/// <summary>Loads as differences of counters.</summary>
/// <remarks>A counter that went back means that the machine or the guest began anew; then there is no load yet.</remarks>
public static class LoadMeter
{
    /// <summary>Observations that are closer than this say too little; the older one stays the base.</summary>
    public static TimeSpan ShortestInterval { get; } = TimeSpan.FromMilliseconds(500);

    /// <summary>The share of its CPUs that a host used between two observations, 0 to 1; null when they cannot be compared.</summary>
    public static double? OfHost(HostObservation before, HostObservation now)
    {
        var busy = now.CpuBusy - before.CpuBusy;
        var total = now.CpuTotal - before.CpuTotal;
        return total <= TimeSpan.Zero || busy < TimeSpan.Zero ? null : Math.Min(1, busy / total);
    }

    /// <summary>The share of its vCPUs that a VM used between two observations on one host, 0 to 1; null when they cannot be compared.</summary>
    public static double? OfVm(VmObservation before, VmObservation now)
    {
        var used = now.CpuTime - before.CpuTime;
        var passed = now.At - before.At;
        return before.Uuid != now.Uuid || passed <= TimeSpan.Zero || used < TimeSpan.Zero || now.Vcpus < 1
            ? null
            : Math.Min(1, used / (passed * now.Vcpus));
    }
}
