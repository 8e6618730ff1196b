using Runbooks.Server.Startup;
using Runbooks.Workflows.Events;

namespace Runbooks.Server.Events;

/// <summary>Forgets events whose time is over, and says which of them nobody took.</summary>
internal sealed class EventSweep(IEventStore events, TimeProvider clock, ServiceHealth health, ILogger<EventSweep> logger)
    : RepeatingService("Event sweep", clock, health, logger)
{
    private const int AtOnce = 500;

    protected override TimeSpan Interval => TimeSpan.FromMinutes(1);

    protected override async Task RoundAsync(CancellationToken stoppingToken)
    {
        foreach (var lost in await events.ExpireEventsAsync(AtOnce, stoppingToken))
        {
            logger.LogWarning(
                "Nobody took event '{Event}' of {Actor} (id {EventId}, correlation id {Correlation}) while it was kept; it is dropped",
                EventKeys.NameIn(lost.Key) ?? lost.Key,
                lost.Actor,
                lost.Id,
                lost.CorrelationId ?? "none");
        }
    }
}
