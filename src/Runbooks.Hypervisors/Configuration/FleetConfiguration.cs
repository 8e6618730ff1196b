using Runbooks.Hypervisors.Contract;
using Runbooks.Hypervisors.Libvirt;
using Runbooks.Hypervisors.Power;
using Runbooks.Hypervisors.Xen;

namespace Runbooks.Hypervisors.Configuration;

/// <summary>One host of a fleet file.</summary>
/// <param name="Entry">What the fleet knows of it.</param>
/// <param name="Power">How its machine is switched; null when it cannot be.</param>
public sealed record FleetFileHost(HostEntry Entry, PowerCommands? Power)
{
    /// <summary>How its libvirt is reached; null for a host of another hypervisor.</summary>
    public LibvirtHost? Libvirt { get; init; }

    /// <summary>How its Xen is reached; null for a host of another hypervisor.</summary>
    public XenHost? Xen { get; init; }
}

/// <summary>What a valid fleet file says.</summary>
/// <param name="SshConfig">The ssh configuration for every host; null for OpenSSH's usual ones.</param>
/// <param name="Hosts">The hosts, in the file's order.</param>
public sealed record FleetConfiguration(string? SshConfig, IReadOnlyList<FleetFileHost> Hosts);
