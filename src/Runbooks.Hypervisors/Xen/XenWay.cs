using Runbooks.Hypervisors.Ssh;

namespace Runbooks.Hypervisors.Xen;

/// <summary>The SSH connection that another host opens to a Xen host, with nobody to be asked.</summary>
internal static class XenWay
{
    public static SshWay To(XenHost host) => new(
        host.MigrationHost,
        ["ssh", "-T", "-o", "BatchMode=yes", "-o", "ConnectTimeout=10", "-o", "ServerAliveInterval=5", "-o", "ServerAliveCountMax=6", "-o", "UpdateHostKeys=no", "--", host.MigrationHost]);
}
