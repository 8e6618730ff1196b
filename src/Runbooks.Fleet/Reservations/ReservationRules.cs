using Runbooks.Fleet.Model;

namespace Runbooks.Fleet.Reservations;

/// <summary>The decision of a ledger, apart from how it is kept: every ledger calls it while nobody else can change what it is told.</summary>
public static class ReservationRules
{
    /// <param name="wish">What is wanted.</param>
    /// <param name="freeMemoryMiB">Memory free on the destination as just observed, reservations not counted, MiB.</param>
    /// <param name="ofTheVm">The reservation that the VM has already; null for none.</param>
    /// <param name="onDestination">All reservations on the destination.</param>
    /// <returns>A grant of an existing reservation carries the higher of the two generations; it is to be stored.</returns>
    public static ReservationAnswer Decide(
        Reservation wish,
        int freeMemoryMiB,
        Reservation? ofTheVm,
        IReadOnlyCollection<Reservation> onDestination)
    {
        ArgumentNullException.ThrowIfNull(wish);
        ArgumentNullException.ThrowIfNull(onDestination);
        if (ofTheVm is not null)
        {
            // An older generation of the same holder is a worker that has lost its run without knowing: it is refused too.
            var same = string.Equals(ofTheVm.Holder, wish.Holder, StringComparison.Ordinal)
                && ofTheVm.Destination == wish.Destination
                && ofTheVm.Generation <= wish.Generation;
            return same
                ? new ReservationAnswer.Granted(ofTheVm with { Generation = wish.Generation })
                : new ReservationAnswer.HeldByOther(ofTheVm);
        }

        var reserved = onDestination.Sum(r => (long)r.MemoryMiB);
        return reserved + wish.MemoryMiB <= freeMemoryMiB
            ? new ReservationAnswer.Granted(wish)
            : new ReservationAnswer.NoRoom(NoRoom(wish, freeMemoryMiB, reserved, onDestination));
    }

    /// <summary>The mode in force after a wish: the wish, unless somebody else holds a mode of the host.</summary>
    /// <exception cref="ArgumentException">The wish is to make the host active; that is done by clearing its mode.</exception>
    public static HostModeEntry Decide(HostModeEntry wish, HostModeEntry? inForce)
    {
        ArgumentNullException.ThrowIfNull(wish);
        if (wish.Mode == HostMode.Active)
        {
            throw new ArgumentException($"Host {wish.Host} is made active by clearing its mode, not by setting one.", nameof(wish));
        }

        return inForce is null || string.Equals(inForce.Holder, wish.Holder, StringComparison.Ordinal) ? wish : inForce;
    }

    private static string NoRoom(Reservation wish, int freeMemoryMiB, long reserved, IReadOnlyCollection<Reservation> others)
    {
        var held = others.Count == 0
            ? "nothing of it is reserved"
            : $"{reserved} MiB of it are reserved for {string.Join(", ", others.Select(r => r.Vm.Value).Order(StringComparer.Ordinal))}";
        return $"Host {wish.Destination} has {freeMemoryMiB} MiB of free memory and {held}; VM {wish.Vm} needs {wish.MemoryMiB} MiB.";
    }
}
