using Runbooks.Fleet.Model;
using Runbooks.Fleet.Reservations;

namespace Runbooks.Hypervisors.Tests.Observation;

/// <summary>Modes and reservations that say what the test put into them; nothing is asked of them but to be listed.</summary>
internal sealed class FixedLedgers : IHostModes, IReservationLedger
{
    public List<HostModeEntry> Modes { get; } = [];

    public List<Reservation> Reservations { get; } = [];

    Task<IReadOnlyList<HostModeEntry>> IHostModes.ListAsync(CancellationToken cancellationToken) =>
        Task.FromResult<IReadOnlyList<HostModeEntry>>([.. Modes]);

    Task<IReadOnlyList<Reservation>> IReservationLedger.ListAsync(CancellationToken cancellationToken) =>
        Task.FromResult<IReadOnlyList<Reservation>>([.. Reservations]);

    Task<HostModeEntry> IHostModes.SetAsync(HostModeEntry wish, CancellationToken cancellationToken) => throw new NotSupportedException();

    Task<bool> IHostModes.ClearAsync(HostName host, string holder, CancellationToken cancellationToken) => throw new NotSupportedException();

    Task<ReservationAnswer> IReservationLedger.ReserveAsync(Reservation wish, int freeMemoryMiB, CancellationToken cancellationToken) => throw new NotSupportedException();

    Task<bool> IReservationLedger.ReleaseAsync(VmName vm, string holder, CancellationToken cancellationToken) => throw new NotSupportedException();

    Task<Reservation?> IReservationLedger.FindAsync(VmName vm, CancellationToken cancellationToken) => throw new NotSupportedException();
}
