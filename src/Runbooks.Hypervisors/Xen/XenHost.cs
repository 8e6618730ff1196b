using Runbooks.Fleet.Model;

namespace Runbooks.Hypervisors.Xen;

/// <summary>How one Xen host is reached and what is said of it.</summary>
/// <param name="Name">Its name in the fleet.</param>
/// <param name="SshTarget">What OpenSSH's client is given: a name of its configuration, or user@address.</param>
/// <param name="MigrationHost">What another Xen host's ssh is given to reach this one, such as <c>root@xen1</c>.</param>
/// <param name="Definitions">The folder on the host that holds its VMs' definitions, one <c>NAME.cfg</c> each.</param>
/// <param name="MemoryMiB">Memory to plan with instead of what the host reports, MiB; null to believe the host.</param>
/// <param name="Cpus">CPUs to plan with instead of what the host reports; null to believe the host.</param>
public sealed record XenHost(
    HostName Name,
    string SshTarget,
    string MigrationHost,
    string Definitions = XenHost.UsualDefinitions,
    int? MemoryMiB = null,
    int? Cpus = null)
{
    /// <summary>xl itself keeps no definitions: a VM is defined on a host when this folder has its file.</summary>
    public const string UsualDefinitions = "/etc/xen/runbooks";
}
