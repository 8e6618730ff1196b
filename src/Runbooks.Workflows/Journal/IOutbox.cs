namespace Runbooks.Workflows.Journal;

/// <summary>Messages that were committed with runs and are still to be published.</summary>
public interface IOutbox
{
    /// <summary>
    /// Publishes up to <paramref name="limit"/> messages in the order of their commits and forgets each that was published.
    /// A message whose publishing fails stays, with those behind it. Several dispatchers may run; each message is taken by
    /// one at a time, and published at least once. Returns how many were published.
    /// </summary>
    Task<int> DispatchAsync(Func<OutgoingMessage, CancellationToken, Task> publish, int limit, CancellationToken cancellationToken);
}
