using Runbooks.Activities.Networks;
using Runbooks.Fleet.Reservations;
using Runbooks.Hypervisors.Contract;

namespace Runbooks.Activities.Migration.Checks;

/// <summary>What an operator asks of a migration beside that it works.</summary>
/// <param name="MinBandwidthMiBs">What must be free between the hosts, MiB per second; 0: not asked for.</param>
/// <param name="MinStay">How long a VM stays where it is before it is moved again; zero: not asked for.</param>
/// <param name="CreateMissingNetworks">Missing networks will be made, so they are no failure.</param>
internal sealed record MoveWishes(int MinBandwidthMiBs, TimeSpan MinStay, bool CreateMissingNetworks);

/// <summary>Everything that the checks before a migration decide on. A null is something that this hypervisor can't be asked.</summary>
internal sealed record MoveFacts(VmObservation Vm, HostEntry Source, HostEntry Destination, MoveWishes Wishes)
{
    public required bool CanMigrateLive { get; init; }

    public required Result<HostObservation> AtDestination { get; init; }

    /// <summary>Reservations for other VMs on the destination.</summary>
    public required IReadOnlyList<Reservation> Reserved { get; init; }

    public Result<VmNeeds>? Needs { get; init; }

    public Result<HostOffer>? Offer { get; init; }

    public Result<PeerWay>? Way { get; init; }

    public Result<NetworkPlan>? Networks { get; init; }

    /// <summary>When the VM was last moved; null when it was not, as far as is known.</summary>
    public DateTimeOffset? MovedAt { get; init; }

    /// <summary>Moves are remembered, so that <see cref="MovedAt"/> means something.</summary>
    public bool MovesAreRemembered { get; init; }

    public required DateTimeOffset Now { get; init; }
}
