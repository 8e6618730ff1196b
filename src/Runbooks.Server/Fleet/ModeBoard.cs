using Runbooks.Fleet.Model;
using Runbooks.Fleet.Reservations;

namespace Runbooks.Server.Fleet;

/// <summary>Who set the mode of which host, as last read; for showing.</summary>
public sealed class ModeBoard(IHostModes modes)
{
    private volatile IReadOnlyDictionary<HostName, HostModeEntry> latest = new Dictionary<HostName, HostModeEntry>();

    public HostModeEntry? Find(HostName host) => latest.GetValueOrDefault(host);

    public async Task ReadAsync(CancellationToken cancellationToken) =>
        latest = (await modes.ListAsync(cancellationToken)).ToDictionary(m => m.Host);
}
