using Runbooks.Fleet.Model;

namespace Runbooks.Fleet.Reservations;

/// <summary>Reservations in memory, for simulation and for tests.</summary>
public sealed class InMemoryReservationLedger : IReservationLedger
{
    private readonly Lock gate = new();
    private readonly SortedDictionary<VmName, Reservation> held = [];

    public Task<ReservationAnswer> ReserveAsync(Reservation wish, int freeMemoryMiB, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(wish);
        cancellationToken.ThrowIfCancellationRequested();
        lock (gate)
        {
            var onDestination = held.Values.Where(r => r.Destination == wish.Destination).ToList();
            var answer = ReservationRules.Decide(wish, freeMemoryMiB, held.GetValueOrDefault(wish.Vm), onDestination);
            if (answer is ReservationAnswer.Granted granted)
            {
                held[wish.Vm] = granted.Reservation;
            }

            return Task.FromResult(answer);
        }
    }

    public Task<bool> ReleaseAsync(VmName vm, string holder, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        lock (gate)
        {
            var isHeld = held.TryGetValue(vm, out var reservation)
                && string.Equals(reservation.Holder, holder, StringComparison.Ordinal)
                && held.Remove(vm);
            return Task.FromResult(isHeld);
        }
    }

    public Task<Reservation?> FindAsync(VmName vm, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        lock (gate)
        {
            return Task.FromResult(held.GetValueOrDefault(vm));
        }
    }

    public Task<IReadOnlyList<Reservation>> ListAsync(CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        lock (gate)
        {
            return Task.FromResult<IReadOnlyList<Reservation>>([.. held.Values]);
        }
    }
}
