using Runbooks.Fleet.Model;

namespace Runbooks.Fleet.Reservations;

/// <summary>
/// Capacity held on a host for a VM that is about to arrive, and at the same time the lock on that VM:
/// a VM has at most one reservation, so no two runs can move it.
/// </summary>
/// <param name="Vm">The VM; unique among all reservations.</param>
/// <param name="Source">The host that it runs on now.</param>
/// <param name="Destination">The host on which the capacity is held.</param>
/// <param name="MemoryMiB">Memory held, MiB.</param>
/// <param name="Vcpus">vCPUs held.</param>
/// <param name="Holder">Who holds it: the id of a run.</param>
/// <param name="Generation">The lease generation of that run when it reserved; a fencing number.</param>
/// <param name="CreatedAt">When.</param>
public sealed record Reservation(
    VmName Vm,
    HostName Source,
    HostName Destination,
    int MemoryMiB,
    int Vcpus,
    string Holder,
    long Generation,
    DateTimeOffset CreatedAt);

/// <summary>The answer to a wish for a reservation.</summary>
public abstract record ReservationAnswer
{
    private ReservationAnswer()
    {
    }

    /// <summary>It is held now, or was held by the same holder for the same destination already.</summary>
    public sealed record Granted(Reservation Reservation) : ReservationAnswer;

    /// <summary>Somebody else holds the VM.</summary>
    public sealed record HeldByOther(Reservation Reservation) : ReservationAnswer;

    /// <summary>The destination has no room for it beside what is reserved there already.</summary>
    public sealed record NoRoom(string Reason) : ReservationAnswer;
}

/// <summary>The ledger of reservations. Every call is atomic and may be repeated.</summary>
public interface IReservationLedger
{
    /// <summary>
    /// Holds capacity for a VM, if the VM is free and <paramref name="freeMemoryMiB"/> on the destination (as just observed,
    /// reservations not counted) leaves room beside all other reservations there.
    /// </summary>
    Task<ReservationAnswer> ReserveAsync(Reservation wish, int freeMemoryMiB, CancellationToken cancellationToken);

    /// <summary>Releases the reservation of a VM if <paramref name="holder"/> holds it; otherwise changes nothing. True when it was held.</summary>
    Task<bool> ReleaseAsync(VmName vm, string holder, CancellationToken cancellationToken);

    Task<Reservation?> FindAsync(VmName vm, CancellationToken cancellationToken);

    Task<IReadOnlyList<Reservation>> ListAsync(CancellationToken cancellationToken);
}
