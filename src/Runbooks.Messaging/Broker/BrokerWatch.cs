using MassTransit;
using Microsoft.Extensions.Logging;

namespace Runbooks.Messaging.Broker;

/// <summary>Says once when the broker goes away and once when it is back; the transport tries again all the time in between.</summary>
internal sealed partial class BrokerWatch(ILogger<BrokerWatch> logger) : IReceiveEndpointObserver
{
    private int away;

    public Task Ready(ReceiveEndpointReady ready)
    {
        if (Interlocked.Exchange(ref away, 0) == 1)
        {
            LogBack(ready.InputAddress.Authority);
        }

        return Task.CompletedTask;
    }

    public Task Faulted(ReceiveEndpointFaulted faulted)
    {
        if (Interlocked.Exchange(ref away, 1) == 0)
        {
            LogAway(faulted.InputAddress.Authority, faulted.Exception?.GetBaseException().Message ?? "No reason was given.");
        }

        return Task.CompletedTask;
    }

    public Task Stopping(ReceiveEndpointStopping stopping) => Task.CompletedTask;

    public Task Completed(ReceiveEndpointCompleted completed) => Task.CompletedTask;

    [LoggerMessage(5010, LogLevel.Warning, "The message broker at {Broker} is away; no events arrive until it is back. Everything else goes on. {Reason}")]
    private partial void LogAway(string broker, string reason);

    [LoggerMessage(5011, LogLevel.Information, "The message broker at {Broker} is back")]
    private partial void LogBack(string broker);
}
