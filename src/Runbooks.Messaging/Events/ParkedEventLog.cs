using MassTransit;
using Microsoft.Extensions.Logging;

namespace Runbooks.Messaging.Events;

/// <summary>Says once, with the reason, when a message is parked: one that cannot be read, or that nobody can act on.</summary>
internal sealed partial class ParkedEventLog(ILogger<ParkedEventLog> logger) : IReceiveObserver
{
    public Task PreReceive(ReceiveContext context) => Task.CompletedTask;

    public Task PostReceive(ReceiveContext context) => Task.CompletedTask;

    public Task PostConsume<T>(ConsumeContext<T> context, TimeSpan duration, string consumerType)
        where T : class => Task.CompletedTask;

    public Task ConsumeFault<T>(ConsumeContext<T> context, TimeSpan duration, string consumerType, Exception exception)
        where T : class
    {
        LogParked(context.ReceiveContext.InputAddress.AbsolutePath.Split('/')[^1], exception.Message);
        return Task.CompletedTask;
    }

    public Task ReceiveFault(ReceiveContext context, Exception exception)
    {
        LogParked(context.InputAddress.AbsolutePath.Split('/')[^1], $"it cannot be read: {exception.GetBaseException().Message}");
        return Task.CompletedTask;
    }

    [LoggerMessage(5004, LogLevel.Error, "A message was parked in {Queue}_error: {Reason}")]
    private partial void LogParked(string queue, string reason);
}
