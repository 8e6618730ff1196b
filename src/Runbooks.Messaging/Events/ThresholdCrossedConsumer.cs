using MassTransit;
using Microsoft.Extensions.Logging;
using Runbooks.Messaging.Contracts;
using Runbooks.Messaging.Settings;
using Runbooks.Workflows.Runs;

namespace Runbooks.Messaging.Events;

/// <summary>An event that nobody can act on, however often it is delivered: it is parked in the error queue.</summary>
public sealed class UnusableEventException(string message) : Exception(message);

/// <summary>
/// Starts the runbook that is bound to an event. However often one event is delivered, and to however many servers, it is
/// one run: its id is the idempotency key of the run, and the key is unique in our own table.
/// </summary>
internal sealed partial class ThresholdCrossedConsumer(
    IRunStarter starter,
    MessagingSettings settings,
    ILogger<ThresholdCrossedConsumer> logger) : IConsumer<ThresholdCrossed>
{
    public async Task Consume(ConsumeContext<ThresholdCrossed> context)
    {
        var crossed = context.Message;
        if (WhatIsWrongWith(crossed) is { } problem)
        {
            throw new UnusableEventException($"Threshold event {crossed.EventId} from '{crossed.Source}' is malformed: {problem}");
        }

        var binding = settings.Events.FirstOrDefault(b => b.Metric == crossed.Metric && b.Direction == crossed.Direction);
        if (binding is null)
        {
            LogUnbound(crossed.EventId, crossed.Direction, crossed.Metric, crossed.Pool);
            return;
        }

        var wish = new StartRequest(
            binding.Runbook,
            EventInput.Fill(binding.Input, crossed),
            StartedBy: $"event:{crossed.Direction} {crossed.Metric}",
            IdempotencyKey: $"event:{crossed.EventId:D}",
            CorrelationId: crossed.Pool);
        switch (await starter.StartAsync(wish, context.CancellationToken))
        {
            case StartAnswer.Accepted { AlreadyThere: false } accepted:
                LogStarted(crossed.EventId, crossed.Direction, crossed.Metric, crossed.Pool, binding.Runbook, accepted.RunId);
                break;
            case StartAnswer.Accepted accepted:
                LogRepeated(crossed.EventId, accepted.RunId);
                break;
            case StartAnswer.Refused refused:
                LogRefused(crossed.EventId, refused.Reason);
                break;
            case StartAnswer.UnknownRunbook:
                throw new UnusableEventException(
                    $"Threshold event {crossed.EventId} is bound to runbook '{binding.Runbook}', which is not published. Publish it, or change Events in the configuration.");
            case StartAnswer.Invalid invalid:
                throw new UnusableEventException(
                    $"Threshold event {crossed.EventId} cannot start runbook '{binding.Runbook}': {string.Join(" ", invalid.Problems.Select(p => $"{p.Field}: {p.Message}"))} Change the input in Events in the configuration.");
        }
    }

    private static string? WhatIsWrongWith(ThresholdCrossed crossed) => crossed switch
    {
        { EventId: var id } when id == Guid.Empty => "it has no eventId, so that its repetitions could not be known.",
        { Metric: null or "" } => "it has no metric.",
        { Pool: null or "" } => "it has no pool.",
        { Direction: not ("rising" or "falling") } => $"its direction is '{crossed.Direction}', and not rising or falling.",
        { Value: var value } when !double.IsFinite(value) => "its value is not a number.",
        _ => null,
    };

    [LoggerMessage(5001, LogLevel.Information, "Event {EventId} ({Direction} {Metric} in pool {Pool}) started runbook {Runbook} as run {RunId}")]
    private partial void LogStarted(Guid eventId, string direction, string metric, string pool, string runbook, RunId runId);

    [LoggerMessage(5002, LogLevel.Debug, "Event {EventId} was delivered again; it is run {RunId}")]
    private partial void LogRepeated(Guid eventId, RunId runId);

    [LoggerMessage(5005, LogLevel.Information, "Event {EventId} started nothing. {Reason}")]
    private partial void LogRefused(Guid eventId, string reason);

    [LoggerMessage(5003, LogLevel.Information, "Event {EventId} ({Direction} {Metric} in pool {Pool}) is bound to no runbook; dropped")]
    private partial void LogUnbound(Guid eventId, string direction, string metric, string pool);
}
