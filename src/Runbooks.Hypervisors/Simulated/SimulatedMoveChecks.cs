using Runbooks.Fleet.Model;
using Runbooks.Hypervisors.Contract;

namespace Runbooks.Hypervisors.Simulated;

/// <summary>What simulated hosts say before a migration: they are all alike, and trust each other.</summary>
internal sealed class SimulatedMoveChecks(SimulatedHypervisor host) : IMoveChecks
{
    public Task<Result<VmNeeds>> ReadNeedsAsync(VmName vm, CancellationToken cancellationToken) =>
        host.AskAsync<VmNeeds>(
            SimulatedOperation.ReadNeeds,
            vm,
            (_, on) => on.Find(vm) is null ? new HypervisorFault(FaultKind.NotFound, host.Host, $"There is no VM '{vm}' on this host.") : new VmNeeds(null, []),
            cancellationToken);

    public Task<Result<HostOffer>> ReadOfferAsync(VmNeeds needs, HostName source, CancellationToken cancellationToken) =>
        host.AskAsync<HostOffer>(
            SimulatedOperation.ReadOffer,
            null,
            (world, on) => new HostOffer(CpuFit.Fits, "All simulated hosts have the same CPU.", needs.Disks, Link(world, on)),
            cancellationToken);

    public Task<Result<PeerWay>> TryPeerAsync(HostName destination, CancellationToken cancellationToken) =>
        host.AskAsync<PeerWay>(
            SimulatedOperation.TryPeer,
            null,
            (world, on) => world.Host(destination) is { Cut: false, Power: PowerState.On }
                ? new PeerWay(PeerTrust.Trusted, $"{host.Host} may connect to {destination}.", null, Link(world, on))
                : new PeerWay(PeerTrust.NoAnswer, $"{host.Host} gets no connection to {destination}.", "See that it is on.", Link(world, on)),
            cancellationToken);

    /// <summary>The link, with the copies that are under way on it.</summary>
    private static HostLink Link(WorldState world, HostState on) => new(
        "eth0",
        world.Settings.LinkMiBs,
        world.Migrations.Where(m => m.Source == on.Name).Sum(m => m.BandwidthMiBs),
        world.Migrations.Where(m => m.Destination == on.Name).Sum(m => m.BandwidthMiBs));
}
