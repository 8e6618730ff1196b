using Runbooks.Workflows.Runs;

namespace Runbooks.Workflows.Events;

/// <summary>What became of an event that was handed to the store.</summary>
/// <param name="Repeated">An event of this id was there already; nothing was done.</param>
/// <param name="Woken">The runs that were waiting for it.</param>
/// <param name="Kept">Nothing took it, and it waits for a run that will.</param>
public sealed record EventReceipt(bool Repeated, IReadOnlyList<RunId> Woken, bool Kept);

/// <summary>
/// The events of a run store. What is published finds the bookmarks that wait for it, or is kept for one that will: the
/// commit that adds a bookmark takes the oldest kept event that fits, in its own transaction. Publishing and such a commit
/// take turns by key, so that neither overlooks the other.
/// </summary>
/// <remarks>
/// A bookmark takes one event; the next one is kept for the next bookmark. An event that a run was given and did not use,
/// because it had stopped waiting or ended, is given to whoever waits now, or kept again.
/// </remarks>
public interface IEventStore
{
    /// <param name="published">The event; its <see cref="WorkflowEvent.KeepFor"/> is set.</param>
    /// <param name="taken">How many runs it has started already; above 0 it is not kept.</param>
    /// <param name="cancellationToken">Ends the wait, not what has been written.</param>
    Task<EventReceipt> PublishAsync(WorkflowEvent published, int taken, CancellationToken cancellationToken);

    /// <summary>An event of the last day, or one that is kept; null when none of this id is known.</summary>
    Task<WorkflowEvent?> FindEventAsync(string id, CancellationToken cancellationToken);

    /// <summary>Forgets up to <paramref name="limit"/> events whose time is over; returns those that nobody took.</summary>
    Task<IReadOnlyList<WorkflowEvent>> ExpireEventsAsync(int limit, CancellationToken cancellationToken);
}

/// <summary>How long events live.</summary>
public static class EventLife
{
    /// <summary>How long an event is kept while nothing waits for it, when it says nothing itself.</summary>
    public static readonly TimeSpan Kept = TimeSpan.FromHours(24);

    /// <summary>How long an event that was taken is remembered, so that the same one is known when it comes again.</summary>
    public static readonly TimeSpan Known = TimeSpan.FromHours(24);
}
