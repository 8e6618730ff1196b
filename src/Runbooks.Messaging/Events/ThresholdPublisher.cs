using MassTransit;
using Runbooks.Messaging.Contracts;

namespace Runbooks.Messaging.Events;

/// <summary>Where whoever watches the fleet says that a threshold was crossed.</summary>
public interface IThresholdEvents
{
    /// <summary>Hands the event to the bus. With a broker that is away it waits until the token ends it.</summary>
    Task PublishAsync(ThresholdCrossed crossing, CancellationToken cancellationToken);
}

internal sealed class ThresholdPublisher(IBus bus) : IThresholdEvents
{
    public Task PublishAsync(ThresholdCrossed crossing, CancellationToken cancellationToken) => bus.Publish(crossing, cancellationToken);
}
