using MassTransit;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Runbooks.Messaging.Broker;

/// <summary>
/// Ties the transport's log to this server. The transport keeps its log in an ambient variable and takes the one that it
/// finds there: in a process that has had a server before, that of the server that is gone. Made before the bus is.
/// </summary>
internal sealed class BusLogging : IHostedService
{
    public BusLogging(ILoggerFactory loggers) => LogContext.ConfigureCurrentLogContext(loggers);

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
