using Microsoft.AspNetCore.SignalR;
using Runbooks.Server.Fleet;
using Runbooks.Server.Runs;
using Runbooks.Server.Startup;

namespace Runbooks.Server.Live;

/// <summary>Gathers what has changed and tells it at most twice a second: a fleet in motion changes more often than an eye can follow.</summary>
internal sealed class LivePusher(
    FleetBoard fleet,
    RunBoard runs,
    IHubContext<FleetHub> hub,
    TimeProvider clock,
    ServiceHealth health,
    ILogger<LivePusher> logger) : RepeatingService("Live view", clock, health, logger)
{
    private long fleetSeen;
    private long runsSeen;

    protected override TimeSpan Interval => TimeSpan.FromMilliseconds(500);

    protected override async Task RoundAsync(CancellationToken stoppingToken)
    {
        var (fleetNow, runsNow) = (fleet.Version, runs.Version);
        if (fleetNow != fleetSeen)
        {
            fleetSeen = fleetNow;
            await hub.Clients.All.SendAsync("FleetChanged", fleetNow, stoppingToken);
        }

        if (runsNow != runsSeen)
        {
            runsSeen = runsNow;
            await hub.Clients.All.SendAsync("RunChanged", runsNow, stoppingToken);
        }
    }
}
