namespace Runbooks.Workflows.Journal;

/// <summary>Messages that were committed with runs and are still to be published.</summary>
public interface IOutbox
{
    /// <summary>
    /// Publishes up to <paramref name="limit"/> messages in the order of their commits and forgets each that was published.
    /// A message whose publishing fails stays, with those behind it. Several dispatchers may run; each message is taken by
    /// one at a time, and published at least once. Returns how many were published; 0 also while another dispatcher is at it.
    /// </summary>
    /// <remarks>What <paramref name="publish"/> throws is thrown on, after those that were published have been forgotten.</remarks>
    Task<int> DispatchAsync(Func<OutgoingMessage, CancellationToken, Task> publish, int limit, CancellationToken cancellationToken);
}
