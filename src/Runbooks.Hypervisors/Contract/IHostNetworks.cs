using Runbooks.Fleet.Model;

namespace Runbooks.Hypervisors.Contract;

/// <summary>What an interface of a VM is plugged into.</summary>
public enum NetworkKind
{
    /// <summary>A bridge of the host.</summary>
    Bridge,

    /// <summary>A virtual network that the hypervisor manages.</summary>
    VirtualNetwork,

    /// <summary>An interface of the host itself, shared with it (macvtap). It is there or not; nobody makes it.</summary>
    HostInterface,
}

/// <summary>A network of a host.</summary>
/// <param name="Kind">What it is.</param>
/// <param name="Name">Its name, the same on all hosts that offer it.</param>
/// <param name="Vlan">The VLAN that it belongs to, 1 to 4094; null for none.</param>
/// <param name="Uplink">The host's interface that it reaches the world by; null for a network within the host.</param>
public sealed record HostNetwork(NetworkKind Kind, string Name, int? Vlan = null, string? Uplink = null)
{
    /// <summary>We made it, so we may remove it.</summary>
    public bool IsOurs { get; init; }

    /// <summary>It is about to go: nobody may rely on it before <see cref="IHostNetworks.CreateAsync"/> has taken it back.</summary>
    public bool IsRetired { get; init; }

    /// <summary>Why it can't be made on another host from this description alone, for people; null when it can.</summary>
    public string? OnlyByHand { get; init; }
}

/// <summary>An interface of a VM.</summary>
/// <param name="Mac">Its MAC address.</param>
/// <param name="Kind">What it is plugged into.</param>
/// <param name="Network">The name of that.</param>
/// <param name="Vlan">Its VLAN tag; null for none.</param>
public sealed record VmInterface(string Mac, NetworkKind Kind, string Network, int? Vlan = null);

/// <summary>The networks of one host. Requests may be repeated: creating what is there and removing what is gone succeed.</summary>
/// <remarks>
/// A network goes in two steps, because the one who removes it and the one who is about to use it may not see each other:
/// it is retired, then whoever removes it looks for VMs on their way to this host, then it is removed. Whoever brings a VM
/// says so first and looks for the network afterwards: he finds it retired, and <see cref="CreateAsync"/> takes it back.
/// </remarks>
public interface IHostNetworks
{
    /// <summary>The networks of the host that are up.</summary>
    Task<Result<IReadOnlyList<HostNetwork>>> ObserveAsync(CancellationToken cancellationToken);

    /// <summary>The interfaces of a VM, of the running guest or, when it is off, of its definition.</summary>
    Task<Result<IReadOnlyList<VmInterface>>> ReadInterfacesAsync(VmName vm, CancellationToken cancellationToken);

    /// <summary>Makes a network that is not there and marks it as made by us, or takes back one that was retired.</summary>
    Task<Result<Unit>> CreateAsync(HostNetwork network, CancellationToken cancellationToken);

    /// <summary>Marks a network that we made as about to go. Refused for a network of somebody else, and for one that a VM, running or defined, is plugged into.</summary>
    Task<Result<Unit>> RetireAsync(HostNetwork network, CancellationToken cancellationToken);

    /// <summary>
    /// Removes a retired network. Refused when it is not retired, or a VM is plugged into it after all; then it is retired no
    /// longer.
    /// </summary>
    Task<Result<Unit>> RemoveAsync(HostNetwork network, CancellationToken cancellationToken);

    /// <summary>Tells the switches where the interfaces of a running VM are now.</summary>
    Task<Result<Unit>> AnnounceAsync(VmName vm, CancellationToken cancellationToken);
}
