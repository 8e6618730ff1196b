using System.Text.Json.Nodes;
using Runbooks.Workflows.Definitions;
using Runbooks.Workflows.Execution;
using Runbooks.Workflows.Runs;

namespace Runbooks.Workflows.Events;

/// <summary>What an event did.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Repeated">It was published before; nothing was done now.</param>
/// <param name="Woken">Runs that were waiting for it.</param>
/// <param name="Started">Runs that it started.</param>
/// <param name="NotStarted">Why a runbook that it starts was not started: another run is open, or it can't run.</param>
/// <param name="Kept">Nobody took it; it waits for a run that will.</param>
public sealed record PublishedEvent(
    string Id, bool Repeated, IReadOnlyList<RunId> Woken, IReadOnlyList<RunId> Started, IReadOnlyList<string> NotStarted, bool Kept);

/// <summary>Publishes events.</summary>
public interface IEventPublisher
{
    /// <summary>Starts the runbooks that the event starts and wakes the runs that wait for it; publishing it again changes nothing.</summary>
    Task<PublishedEvent> PublishAsync(WorkflowEvent published, CancellationToken cancellationToken);
}

/// <summary>
/// Publishes to triggers first, then to the store. Dying in between loses nothing: the event is not known yet, so it is
/// published again, and the runs that it has started are known by their keys.
/// </summary>
public sealed class EventPublisher(DefinitionCatalog catalog, IRunStarter starter, IEventStore store, EngineOptions options, IWorkSignal signal) : IEventPublisher
{
    public async Task<PublishedEvent> PublishAsync(WorkflowEvent published, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(published);
        if (await store.FindEventAsync(published.Id, cancellationToken) is not null)
        {
            return new PublishedEvent(published.Id, Repeated: true, [], [], [], Kept: false);
        }

        var (started, refused) = await StartAsync(published, cancellationToken);
        var receipt = await store.PublishAsync(published with { KeepFor = published.KeepFor ?? options.KeepEventsFor }, started.Count, cancellationToken);
        signal.Raise();
        return new PublishedEvent(published.Id, receipt.Repeated, receipt.Woken, started, refused, receipt.Kept);
    }

    private async Task<(List<RunId> Started, List<string> Refused)> StartAsync(WorkflowEvent published, CancellationToken cancellationToken)
    {
        var started = new List<RunId>();
        var refused = new List<string>();
        if (published.RunId is not null || EventKeys.NameIn(published.Key) is not { } name)
        {
            return (started, refused);
        }

        foreach (var trigger in catalog.Triggers.OfEvent(name))
        {
            var wish = new StartRequest(trigger.DefinitionId, new JsonObject(), $"event:{name}", trigger.KeyFor(published.Id), published.CorrelationId)
            {
                Trigger = new RunTrigger(trigger.NodeId, published.Payload?.DeepClone()),
            };
            switch (await starter.StartAsync(wish, cancellationToken))
            {
                case StartAnswer.Accepted accepted:
                    started.Add(accepted.RunId);
                    break;
                case StartAnswer.Refused no:
                    refused.Add($"{trigger.DefinitionId}: {no.Reason}");
                    break;
                case StartAnswer.Invalid invalid:
                    refused.Add($"{trigger.DefinitionId}: {string.Join(" ", invalid.Problems.Select(p => $"{p.Field}: {p.Message}"))}");
                    break;
                case StartAnswer.UnknownRunbook:
                    refused.Add($"{trigger.DefinitionId}: this runbook is no longer published.");
                    break;
            }
        }

        return (started, refused);
    }
}
