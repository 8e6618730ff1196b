using Runbooks.Fleet.Model;

namespace Runbooks.Fleet.Reservations;

/// <summary>Modes of hosts in memory, for simulation and for tests.</summary>
public sealed class InMemoryHostModes : IHostModes
{
    private readonly Lock gate = new();
    private readonly SortedDictionary<HostName, HostModeEntry> entries = [];

    public Task<HostModeEntry> SetAsync(HostModeEntry wish, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(wish);
        cancellationToken.ThrowIfCancellationRequested();
        lock (gate)
        {
            var inForce = ReservationRules.Decide(wish, entries.GetValueOrDefault(wish.Host));
            entries[wish.Host] = inForce;
            return Task.FromResult(inForce);
        }
    }

    public Task<bool> ClearAsync(HostName host, string holder, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        lock (gate)
        {
            var isHeld = entries.TryGetValue(host, out var entry)
                && string.Equals(entry.Holder, holder, StringComparison.Ordinal)
                && entries.Remove(host);
            return Task.FromResult(isHeld);
        }
    }

    public Task<IReadOnlyList<HostModeEntry>> ListAsync(CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        lock (gate)
        {
            return Task.FromResult<IReadOnlyList<HostModeEntry>>([.. entries.Values]);
        }
    }
}
