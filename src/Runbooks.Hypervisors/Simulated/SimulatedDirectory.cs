using Runbooks.Fleet.Model;
using Runbooks.Hypervisors.Contract;

namespace Runbooks.Hypervisors.Simulated;

/// <summary>The hosts of a <see cref="SimulatedFleet"/>.</summary>
public sealed class SimulatedDirectory : IHypervisorDirectory
{
    private readonly SimulatedFleet fleet;

    internal SimulatedDirectory(SimulatedFleet fleet) => this.fleet = fleet;

    public IReadOnlyList<HostEntry> Hosts => fleet.Locked<IReadOnlyList<HostEntry>>(w =>
        [.. w.Hosts.OrderBy(h => h.Name).Select(h => new HostEntry(h.Name, h.Pool, h.Priority) { Hypervisor = h.Kind })]);

    public IHypervisor Hypervisor(HostName host) => new SimulatedHypervisor(fleet, Known(host));

    public IHostPower Power(HostName host) => new SimulatedPower(fleet, Known(host));

    private HostName Known(HostName host) => fleet.Locked(w => w.Host(host).Name);
}
