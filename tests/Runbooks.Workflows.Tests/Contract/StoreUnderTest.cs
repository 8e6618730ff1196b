using Runbooks.Workflows.Events;
using Runbooks.Workflows.Journal;
using Runbooks.Workflows.Library;

namespace Runbooks.Workflows.Tests.Contract;

/// <summary>A store as the contract suite sees it, with a clock that can be moved.</summary>
public abstract class StoreUnderTest
{
    public abstract IRunStore Runs { get; }

    public abstract IRunReader Reader { get; }

    public abstract IEventStore Events { get; }

    public abstract IDefinitionStore Definitions { get; }

    public abstract IRunbookLibrary Library { get; }

    public abstract IOutbox Outbox { get; }

    /// <summary>The time by the store's own clock.</summary>
    public abstract Task<DateTimeOffset> NowAsync();

    /// <summary>Lets time pass for leases and bookmarks, without waiting for it.</summary>
    public abstract Task PassAsync(TimeSpan time);
}
