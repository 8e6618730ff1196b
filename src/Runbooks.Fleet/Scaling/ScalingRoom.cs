using Runbooks.Fleet.Model;

namespace Runbooks.Fleet.Scaling;

/// <summary>A host, and what of it is given away.</summary>
/// <param name="Host">The host.</param>
/// <param name="Cpus">Physical CPUs.</param>
/// <param name="MemoryMiB">Memory that VMs may have, MiB.</param>
/// <param name="VmVcpus">vCPUs of the VMs that run there.</param>
/// <param name="VmMemoryMiB">Memory that VMs there hold, MiB.</param>
/// <param name="ReservedVcpus">vCPUs held for VMs that are about to arrive or to grow there.</param>
/// <param name="ReservedMemoryMiB">Memory held for them, MiB.</param>
public sealed record HostCapacity(HostName Host, int Cpus, int MemoryMiB, int VmVcpus, int VmMemoryMiB, int ReservedVcpus, int ReservedMemoryMiB);

/// <summary>Whether a host has what a VM is to get.</summary>
public static class ScalingRoom
{
    /// <summary>Why the host has no room; null when it has. Becoming smaller always fits.</summary>
    /// <param name="host">The host, without what is held for this change itself.</param>
    /// <param name="vm">The VM.</param>
    /// <param name="from">What the VM has of the host.</param>
    /// <param name="to">What it is to have of it.</param>
    /// <param name="vcpuRatio">Most vCPUs per physical CPU.</param>
    public static string? WhyNot(HostCapacity host, VmName vm, VmScale from, VmScale to, double vcpuRatio)
    {
        ArgumentNullException.ThrowIfNull(host);
        ArgumentNullException.ThrowIfNull(from);
        ArgumentNullException.ThrowIfNull(to);
        var (memory, vcpus) = (to.MemoryMiB - from.MemoryMiB, to.Vcpus - from.Vcpus);
        var free = host.MemoryMiB - host.VmMemoryMiB - host.ReservedMemoryMiB;
        if (memory > 0 && memory > free)
        {
            return $"Host {host.Host} has {Math.Max(0, free)} MiB left of {host.MemoryMiB} ({host.VmMemoryMiB} in VMs, {host.ReservedMemoryMiB} reserved), and VM {vm} is to get {memory} MiB more.";
        }

        // More vCPUs than CPUs make a guest wait for itself: two of them that need each other can't run at once.
        if (vcpus > 0 && to.Vcpus > host.Cpus)
        {
            return $"Host {host.Host} has {host.Cpus} CPUs, and VM {vm} is to have {to.Vcpus} vCPUs.";
        }

        var most = (int)Math.Floor(host.Cpus * vcpuRatio);
        return vcpus > 0 && host.VmVcpus + host.ReservedVcpus + vcpus > most
            ? $"Host {host.Host} carries {host.VmVcpus} vCPUs and {host.ReservedVcpus} reserved ones of {most} ({vcpuRatio:0.##} per CPU), and VM {vm} is to get {vcpus} more."
            : null;
    }
}
