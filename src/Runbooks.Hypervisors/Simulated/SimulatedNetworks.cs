using Runbooks.Fleet.Model;
using Runbooks.Hypervisors.Contract;
using Runbooks.Hypervisors.Linux.Networks;

namespace Runbooks.Hypervisors.Simulated;

/// <summary>The networks of one host of a <see cref="SimulatedFleet"/>. Every host has an interface <see cref="Uplink"/> to lead out by.</summary>
internal sealed class SimulatedNetworks(SimulatedHypervisor host) : IHostNetworks
{
    public const string Uplink = "eth1";

    public Task<Result<IReadOnlyList<HostNetwork>>> ObserveAsync(CancellationToken cancellationToken) =>
        host.AskAsync<IReadOnlyList<HostNetwork>>(
            SimulatedOperation.ObserveNetworks, null, (_, on) => on.Networks.Select(n => n.Network with { IsRetired = n.Retired }).ToArray(), cancellationToken);

    public Task<Result<IReadOnlyList<VmInterface>>> ReadInterfacesAsync(VmName vm, CancellationToken cancellationToken) =>
        host.AskAsync<IReadOnlyList<VmInterface>>(
            SimulatedOperation.ReadInterfaces, vm, (_, on) => on.Find(vm) is { } guest ? guest.Interfaces.ToArray() : Missing(vm), cancellationToken);

    public Task<Result<Unit>> CreateAsync(HostNetwork network, CancellationToken cancellationToken) =>
        ChangeAsync(SimulatedOperation.CreateNetwork, network, on => Create(on, network), cancellationToken);

    public Task<Result<Unit>> RetireAsync(HostNetwork network, CancellationToken cancellationToken) =>
        ChangeAsync(SimulatedOperation.RetireNetwork, network, on => Retire(on, network), cancellationToken);

    public Task<Result<Unit>> RemoveAsync(HostNetwork network, CancellationToken cancellationToken) =>
        ChangeAsync(SimulatedOperation.RemoveNetwork, network, on => Remove(on, network), cancellationToken);

    public Task<Result<Unit>> AnnounceAsync(VmName vm, CancellationToken cancellationToken) =>
        host.AskAsync<Unit>(
            SimulatedOperation.Announce,
            vm,
            (_, on) => on.Find(vm) switch
            {
                null => Missing(vm),
                { State: VmState.Running } => default(Unit),
                var guest => new HypervisorFault(FaultKind.Refused, host.Host, $"VM '{vm}' is {guest.State} ({guest.Reason}); it has nothing to announce."),
            },
            cancellationToken);

    private Task<Result<Unit>> ChangeAsync(SimulatedOperation operation, HostNetwork network, Func<HostState, string> act, CancellationToken cancellationToken) =>
        host.AskAsync(
            operation,
            null,
            (_, on) => (NetworkWords.WhyNotToAsk(host.Host, network) ?? NetworkWords.Judge(host.Host, network, act(on))) is { } fault ? fault : (Result<Unit>)default(Unit),
            cancellationToken);

    private static string Create(HostState on, HostNetwork network)
    {
        if (Find(on, network) is { } there)
        {
            there.Retired = false;
            return "there";
        }

        if (network.Uplink is not (null or Uplink) && !on.Networks.Exists(n => n.Network.Kind == NetworkKind.Bridge && n.Network.Name == network.Uplink))
        {
            return "no-uplink";
        }

        on.Networks.Add(new NetworkState { Network = network with { IsOurs = true, OnlyByHand = null } });
        return "made";
    }

    private static string Retire(HostState on, HostNetwork network)
    {
        if (Find(on, network) is not { } there)
        {
            return "absent";
        }

        if (!there.Network.IsOurs || User(on, network) is not null)
        {
            there.Retired = false;
            return there.Network.IsOurs ? User(on, network)! : "foreign";
        }

        there.Retired = true;
        return "retired";
    }

    private static string Remove(HostState on, HostNetwork network)
    {
        if (Find(on, network) is not { } there)
        {
            return "absent";
        }

        if (!there.Network.IsOurs || !there.Retired)
        {
            return there.Network.IsOurs ? "not-retired" : "foreign";
        }

        if (User(on, network) is { } used)
        {
            there.Retired = false;
            return used;
        }

        on.Networks.Remove(there);
        return "removed";
    }

    private static string? User(HostState on, HostNetwork network) =>
        on.Guests.Find(g => g.Interfaces.Exists(i => i.Kind == network.Kind && i.Network == network.Name)) is { } guest ? $"used by VM {guest.Name}"
        : network.Kind == NetworkKind.Bridge && on.Networks.Find(n => n.Network.Kind == NetworkKind.VirtualNetwork && n.Network.Uplink == network.Name) is { } above ? $"used by virtual network {above.Network.Name}"
        : null;

    private static NetworkState? Find(HostState on, HostNetwork network) =>
        on.Networks.Find(n => n.Network.Kind == network.Kind && n.Network.Name == network.Name);

    private HypervisorFault Missing(VmName vm) => new(FaultKind.NotFound, host.Host, $"There is no VM '{vm}' on this host.");
}
