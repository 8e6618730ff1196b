using MassTransit;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Runbooks.Workflows.Events;
using Runbooks.Workflows.Execution;
using Runbooks.Workflows.Journal;

namespace Runbooks.Messaging.Outbox;

/// <summary>
/// Publishes what runs have committed. While the broker or the database is away the messages stay where they are; that is
/// said once per outage, and nothing else of the server waits for it.
/// </summary>
internal sealed partial class OutboxDispatcher(
    IOutbox outbox,
    IBus bus,
    IEventPublisher events,
    TimeProvider clock,
    ILogger<OutboxDispatcher> logger) : BackgroundService
{
    /// <summary>A message is wanted within a moment; an empty look is one small query.</summary>
    private static readonly TimeSpan IdlePause = TimeSpan.FromMilliseconds(500);

    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(15);

    /// <summary>A broker that is away lets a publisher wait for ever, and the database's transaction with it.</summary>
    private static readonly TimeSpan LongestPublish = TimeSpan.FromSeconds(10);

    private const int AtOnce = 100;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var failures = 0;
        while (!stoppingToken.IsCancellationRequested)
        {
            var pause = IdlePause;
            try
            {
                var published = await outbox.DispatchAsync(PublishAsync, AtOnce, stoppingToken);
                if (published > 0)
                {
                    if (failures > 0)
                    {
                        LogBack();
                    }

                    failures = 0;
                    continue;
                }
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception e)
            {
                // Whatever the transport or the database throws, the answer is the same: the messages are safe, try again.
                if (failures++ == 0)
                {
                    LogAway(e.GetBaseException().Message);
                }

                pause = TimeSpan.FromTicks(Math.Min(LongestPause.Ticks, IdlePause.Ticks << Math.Min(failures, 10)));
            }

            await Task.Delay(pause, clock, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private Task PublishAsync(OutgoingMessage message, CancellationToken cancellationToken)
    {
        switch (message.Type)
        {
            case RunMessages.StatusChanged when OutgoingMessages.StatusChanged(message.Body) is { } changed:
                return OverBusAsync(changed, cancellationToken);
            case RunMessages.RunTask when OutgoingMessages.TaskRequested(message.Body) is { } task:
                return OverBusAsync(task, cancellationToken);
            case RunMessages.PublishEvent when PublishEvent.Read(message.Body) is { } published:
                return ToRunsAsync(published, cancellationToken);
            default:
                // It would stand in the way of all behind it for ever.
                LogUnpublishable(message.Type, message.Body.ToJsonString());
                return Task.CompletedTask;
        }
    }

    /// <summary>An event of a run is for other runs: it needs no broker.</summary>
    private async Task ToRunsAsync(WorkflowEvent published, CancellationToken cancellationToken)
    {
        foreach (var reason in (await events.PublishAsync(published, cancellationToken)).NotStarted)
        {
            LogNotStarted(published.Id, reason);
        }
    }

    private async Task OverBusAsync<T>(T message, CancellationToken cancellationToken)
        where T : class
    {
        using var limit = new CancellationTokenSource(LongestPublish, clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        try
        {
            await bus.Publish(message, either.Token);
        }
        catch (OperationCanceledException e) when (limit.IsCancellationRequested)
        {
            throw new TimeoutException($"The broker did not take the message within {LongestPublish.TotalSeconds} s.", e);
        }
    }

    [LoggerMessage(5020, LogLevel.Warning, "Messages about runs cannot be published; they are kept and sent later. {Reason}")]
    private partial void LogAway(string reason);

    [LoggerMessage(5021, LogLevel.Information, "Messages about runs are published again")]
    private partial void LogBack();

    [LoggerMessage(5022, LogLevel.Error, "A message of type '{Type}' is not known and was dropped: {Body}")]
    private partial void LogUnpublishable(string type, string body);

    [LoggerMessage(5023, LogLevel.Information, "Event {EventId} did not start {Reason}")]
    private partial void LogNotStarted(string eventId, string reason);
}
