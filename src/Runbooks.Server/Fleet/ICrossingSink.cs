namespace Runbooks.Server.Fleet;

/// <summary>Where threshold crossings go: the bus, or nowhere when there is none.</summary>
public interface ICrossingSink
{
    /// <param name="eventId">Unique for this crossing, however often it is delivered.</param>
    /// <param name="crossing">What was crossed.</param>
    /// <param name="at">When it was seen.</param>
    /// <param name="cancellationToken">Ends the attempt.</param>
    Task RaiseAsync(string eventId, Crossing crossing, DateTimeOffset at, CancellationToken cancellationToken);
}

/// <summary>Without a bus a crossing is only shown.</summary>
internal sealed class NoCrossingSink : ICrossingSink
{
    public Task RaiseAsync(string eventId, Crossing crossing, DateTimeOffset at, CancellationToken cancellationToken) => Task.CompletedTask;
}
