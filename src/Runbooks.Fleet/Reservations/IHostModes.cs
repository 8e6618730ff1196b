using Runbooks.Fleet.Model;

namespace Runbooks.Fleet.Reservations;

/// <summary>The mode of a host that is not plainly active, and who set it.</summary>
/// <param name="Host">The host.</param>
/// <param name="Mode">Cordoned or in maintenance.</param>
/// <param name="Holder">The id of the run that cordoned it, or the name of the operator.</param>
/// <param name="Reason">Why, for people.</param>
/// <param name="SetAt">When.</param>
public sealed record HostModeEntry(HostName Host, HostMode Mode, string Holder, string Reason, DateTimeOffset SetAt);

/// <summary>Which hosts are cordoned or in maintenance. Every call is atomic and may be repeated.</summary>
public interface IHostModes
{
    /// <summary>Sets a mode unless somebody else holds one. Returns the entry in force afterwards: the caller's, or the other's.</summary>
    Task<HostModeEntry> SetAsync(HostModeEntry wish, CancellationToken cancellationToken);

    /// <summary>Makes the host active again if <paramref name="holder"/> holds its mode. True when it did.</summary>
    Task<bool> ClearAsync(HostName host, string holder, CancellationToken cancellationToken);

    Task<IReadOnlyList<HostModeEntry>> ListAsync(CancellationToken cancellationToken);
}
