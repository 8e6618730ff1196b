using MassTransit;
using Microsoft.Extensions.Logging;
using Runbooks.Messaging.Contracts;
using Runbooks.Workflows.Events;

namespace Runbooks.Messaging.Events;

/// <summary>Takes events from outside. However often one is delivered, its id makes it one event.</summary>
internal sealed partial class EventPublishedConsumer(IEventPublisher events, ILogger<EventPublishedConsumer> logger) : IConsumer<EventPublished>
{
    private const int LongestId = WorkflowEvent.LongestId - 50;

    public async Task Consume(ConsumeContext<EventPublished> context)
    {
        var message = context.Message;
        if (WhatIsWrongWith(message) is { } problem)
        {
            throw new UnusableEventException($"Event '{message.Name}' ({message.EventId}) from '{message.Source}' is malformed: {problem}");
        }

        var published = new WorkflowEvent($"bus:{message.EventId}", EventKeys.OfEvent(message.Name), message.Payload?.DeepClone(), $"bus:{message.Source ?? "unknown"}")
        {
            CorrelationId = message.CorrelationId is { Length: > 0 } correlation ? correlation : null,
        };
        var done = await events.PublishAsync(published, context.CancellationToken);
        LogTaken(message.Name, message.EventId, done.Woken.Count, done.Started.Count, done.Kept ? "kept" : done.Repeated ? "known already" : "taken");
        foreach (var reason in done.NotStarted)
        {
            LogNotStarted(message.Name, message.EventId, reason);
        }
    }

    private static string? WhatIsWrongWith(EventPublished message) => message switch
    {
        { EventId: null or "" } => "it has no eventId, so that its repetitions could not be known.",
        { EventId.Length: > LongestId } => $"its eventId has more than {LongestId} characters.",
        { Name: null or "" } => "it has no name.",
        { Name.Length: > WorkflowEvent.LongestName } => $"its name has more than {WorkflowEvent.LongestName} characters.",
        _ => null,
    };

    [LoggerMessage(5006, LogLevel.Information, "Event '{Name}' ({EventId}) woke {Woken} runs and started {Started}: {Fate}")]
    private partial void LogTaken(string name, string eventId, int woken, int started, string fate);

    [LoggerMessage(5007, LogLevel.Information, "Event '{Name}' ({EventId}) did not start {Reason}")]
    private partial void LogNotStarted(string name, string eventId, string reason);
}
