using Runbooks.Fleet.Model;
using Runbooks.Hypervisors.Contract;
using Runbooks.Hypervisors.Conversion;
using Runbooks.Hypervisors.Disks;
using Runbooks.Hypervisors.Libvirt;
using Runbooks.Hypervisors.Linux.Checks;
using Runbooks.Hypervisors.Power;
using Runbooks.Hypervisors.Ssh;
using Runbooks.Hypervisors.Xen;

namespace Runbooks.Hypervisors.Configuration;

/// <summary>The hosts of a fleet file, whatever their hypervisors, over connections that they share with nobody else.</summary>
public sealed class RemoteDirectory : IHypervisorDirectory, IAsyncDisposable
{
    private readonly SshConnections connections;
    private readonly Dictionary<HostName, (FleetFileHost Host, IHypervisor Hypervisor, IHostPower Power)> hosts;

    public RemoteDirectory(FleetConfiguration configuration, TimeProvider time)
    {
        ArgumentNullException.ThrowIfNull(configuration);
        connections = new SshConnections(configuration.SshConfig, time);
        Hosts = [.. configuration.Hosts.Select(h => h.Entry)];
        hosts = configuration.Hosts.ToDictionary(
            h => h.Entry.Name,
            h => (
                h,
                Make(h, time),
                h.Power is null ? (IHostPower)new NoPower(h.Entry.Name) : new CommandPower(h.Entry.Name, h.Power, time)));
    }

    public IReadOnlyList<HostEntry> Hosts { get; }

    public IHypervisor Hypervisor(HostName host) => Find(host).Hypervisor;

    public IHostPower Power(HostName host) => Find(host).Power;

    public ValueTask DisposeAsync() => connections.DisposeAsync();

    private IHypervisor Make(FleetFileHost host, TimeProvider time) => host switch
    {
        { Libvirt: { } libvirt } => Make(libvirt, new SshShell(libvirt.Name, libvirt.SshTarget, connections), time),
        { Xen: { } xen } => Make(xen, new SshShell(xen.Name, xen.SshTarget, connections), time),
        _ => throw new ArgumentException($"Host '{host.Entry.Name}' has no hypervisor.", nameof(host)),
    };

    private LibvirtHypervisor Make(LibvirtHost host, SshShell shell, TimeProvider time) =>
        new(host, shell, Libvirt, time) { Disks = new RemoteDisks(host.Name, [ConvertibleDisk.Raw, ConvertibleDisk.Qcow2], shell, new PeerWays(host.Name, shell, Way)) };

    /// <remarks>Xen itself reads raw images; others need a QEMU on the host that is built with Xen, which not every one has.</remarks>
    private XenHypervisor Make(XenHost host, SshShell shell, TimeProvider time) =>
        new(host, shell, Xen, time) { Disks = new RemoteDisks(host.Name, [ConvertibleDisk.Raw], shell, new PeerWays(host.Name, shell, Way)) };

    /// <summary>The ssh by which any host of the fleet reaches this one: the one by which migrations come to it.</summary>
    private SshWay? Way(HostName host) => !hosts.TryGetValue(host, out var found) ? null
        : found.Host.Xen is { } xen ? XenWay.To(xen)
        : found.Host.Libvirt is { } libvirt && PeerSsh.Way(libvirt.MigrationUri) is { } way
            ? way with { Words = [way.Words[0], "-o", "ServerAliveInterval=5", "-o", "ServerAliveCountMax=6", .. way.Words.Skip(1)] }
        : null;

    private (FleetFileHost Host, IHypervisor Hypervisor, IHostPower Power) Find(HostName host) =>
        hosts.TryGetValue(host, out var found)
            ? found
            : throw new KeyNotFoundException($"Host '{host}' is not in the fleet file; it names {string.Join(", ", Hosts.Select(h => h.Name))}.");

    private (LibvirtHost Host, IHypervisor Hypervisor)? Libvirt(HostName host) =>
        hosts.TryGetValue(host, out var found) && found.Host.Libvirt is { } libvirt ? (libvirt, found.Hypervisor) : null;

    private (XenHost Host, IHypervisor Hypervisor)? Xen(HostName host) =>
        hosts.TryGetValue(host, out var found) && found.Host.Xen is { } xen ? (xen, found.Hypervisor) : null;
}
