using Runbooks.Fleet.Model;

namespace Runbooks.Hypervisors.Libvirt;

/// <summary>Whether libvirt's check for shared storage is asked for before a migration.</summary>
public enum StorageCheck
{
    /// <summary>libvirt refuses to migrate a VM whose disks the destination might not see.</summary>
    Strict,

    /// <summary>libvirt's <c>--unsafe</c>: for storage that is shared but does not look so to libvirt.</summary>
    Unsafe,
}

/// <summary>How one libvirt host is reached and what is said of it.</summary>
/// <param name="Name">Its name in the fleet.</param>
/// <param name="SshTarget">What OpenSSH's client is given: a name of its configuration, or user@address.</param>
/// <param name="MigrationUri">libvirt's URI of this host as another host reaches it, such as <c>qemu+ssh://root@host1/system</c>.</param>
/// <param name="StorageCheck">Whether migrations from here check for shared storage.</param>
/// <param name="MemoryMiB">Memory to plan with instead of what the host reports, MiB; null to believe the host.</param>
/// <param name="Cpus">CPUs to plan with instead of what the host reports; null to believe the host.</param>
public sealed record LibvirtHost(
    HostName Name,
    string SshTarget,
    string MigrationUri,
    StorageCheck StorageCheck = StorageCheck.Strict,
    int? MemoryMiB = null,
    int? Cpus = null)
{
    /// <summary>libvirt's word for what runs a VM that is defined here: <c>kvm</c> or <c>qemu</c>; null: <c>kvm</c> where the host offers it.</summary>
    public string? DomainType { get; init; }
}
