using Runbooks.Messaging.Contracts;
using Runbooks.Messaging.Events;
using Runbooks.Workflows.Runs;

namespace Runbooks.Server.Fleet;

/// <summary>Where threshold crossings go: the bus, or nowhere when there is none.</summary>
public interface ICrossingSink
{
    Task RaiseAsync(Crossing crossing, DateTimeOffset at, CancellationToken cancellationToken);
}

/// <summary>Puts crossings on the bus. A new id for each: the watch tells a crossing once.</summary>
internal sealed class BusCrossingSink(IThresholdEvents events, IIdSource ids, TimeProvider clock) : ICrossingSink
{
    /// <summary>The sampler must not stand still because a broker is away.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    public async Task RaiseAsync(Crossing crossing, DateTimeOffset at, CancellationToken cancellationToken)
    {
        using var limit = new CancellationTokenSource(Patience, clock);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        var crossed = new ThresholdCrossed(ids.Next(), crossing.Pool, crossing.Host?.Value, crossing.Metric, crossing.Value, crossing.Threshold, crossing.Direction, at, "sampler");
        try
        {
            await events.PublishAsync(crossed, both.Token);
        }
        catch (OperationCanceledException e) when (!cancellationToken.IsCancellationRequested)
        {
            throw new TimeoutException($"The broker did not take it within {Patience.TotalSeconds:0} s.", e);
        }
    }
}
