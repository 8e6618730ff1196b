using Runbooks.Fleet.Model;
using Runbooks.Hypervisors.Configuration;
using Runbooks.Hypervisors.Contract;
using Runbooks.Hypervisors.Power;
using Runbooks.Hypervisors.Ssh;

namespace Runbooks.Hypervisors.Libvirt;

/// <summary>The libvirt hosts of a fleet file, over connections that they share with nobody else.</summary>
public sealed class LibvirtDirectory : IHypervisorDirectory, IAsyncDisposable
{
    private readonly SshConnections connections;
    private readonly Dictionary<HostName, (LibvirtHost Host, IHypervisor Hypervisor, IHostPower Power)> hosts;

    public LibvirtDirectory(FleetConfiguration configuration, TimeProvider time)
    {
        connections = new SshConnections(configuration.SshConfig, time);
        Hosts = [.. configuration.Hosts.Select(h => h.Entry)];
        hosts = configuration.Hosts.ToDictionary(
            h => h.Entry.Name,
            h => (
                h.Libvirt,
                (IHypervisor)new LibvirtHypervisor(h.Libvirt, new SshShell(h.Entry.Name, h.Libvirt.SshTarget, connections), Peer, time),
                h.Power is null ? (IHostPower)new NoPower(h.Entry.Name) : new CommandPower(h.Entry.Name, h.Power, time)));
    }

    public IReadOnlyList<HostEntry> Hosts { get; }

    public IHypervisor Hypervisor(HostName host) => Find(host).Hypervisor;

    public IHostPower Power(HostName host) => Find(host).Power;

    public ValueTask DisposeAsync() => connections.DisposeAsync();

    private (LibvirtHost Host, IHypervisor Hypervisor, IHostPower Power) Find(HostName host) =>
        hosts.TryGetValue(host, out var found)
            ? found
            : throw new KeyNotFoundException($"Host '{host}' is not in the fleet file; it names {string.Join(", ", Hosts.Select(h => h.Name))}.");

    private (LibvirtHost Host, IHypervisor Hypervisor)? Peer(HostName host) =>
        hosts.TryGetValue(host, out var found) ? (found.Host, found.Hypervisor) : null;
}
