using Runbooks.Fleet.Model;

namespace Runbooks.Hypervisors.Contract;

/// <summary>What an interface of a VM is plugged into.</summary>
public enum NetworkKind
{
    /// <summary>A bridge of the host.</summary>
    Bridge,

    /// <summary>A virtual network that the hypervisor manages.</summary>
    VirtualNetwork,
}

/// <summary>A network of a host.</summary>
/// <param name="Kind">What it is.</param>
/// <param name="Name">Its name, the same on all hosts that offer it.</param>
/// <param name="Vlan">The VLAN that it belongs to, 1 to 4094; null for none.</param>
/// <param name="Uplink">The host's interface that it reaches the world by; null for a network within the host.</param>
public sealed record HostNetwork(NetworkKind Kind, string Name, int? Vlan = null, string? Uplink = null);

/// <summary>An interface of a VM.</summary>
/// <param name="Mac">Its MAC address.</param>
/// <param name="Kind">What it is plugged into.</param>
/// <param name="Network">The name of that.</param>
/// <param name="Vlan">Its VLAN tag; null for none.</param>
public sealed record VmInterface(string Mac, NetworkKind Kind, string Network, int? Vlan = null);

/// <summary>The networks of one host. Requests may be repeated: creating what is there and removing what is gone succeed.</summary>
public interface IHostNetworks
{
    /// <summary>The networks of the host that are up and can be used.</summary>
    Task<Result<IReadOnlyList<HostNetwork>>> ObserveAsync(CancellationToken cancellationToken);

    Task<Result<IReadOnlyList<VmInterface>>> ReadInterfacesAsync(VmName vm, CancellationToken cancellationToken);

    /// <summary>Makes a network that is not there, and marks it as made by us.</summary>
    Task<Result<Unit>> CreateAsync(HostNetwork network, CancellationToken cancellationToken);

    /// <summary>Removes a network that we made and that no VM, running or defined, is plugged into; refused otherwise.</summary>
    Task<Result<Unit>> RemoveAsync(HostNetwork network, CancellationToken cancellationToken);

    /// <summary>Tells the switches where the interfaces of a running VM are now.</summary>
    Task<Result<Unit>> AnnounceAsync(VmName vm, CancellationToken cancellationToken);
}
