using Runbooks.Workflows.Events;
using Runbooks.Workflows.Runs;

namespace Runbooks.Workflows.Journal.InMemory;

/// <summary>The events of <see cref="InMemoryRunStore"/>; every call is made under the store's lock.</summary>
internal sealed class InMemoryEvents(TimeProvider clock, IReadOnlyDictionary<RunId, StoredRun> runs)
{
    /// <summary>In the order of publishing.</summary>
    private readonly List<StoredEvent> events = [];

    public EventReceipt Publish(WorkflowEvent published, int taken)
    {
        if (Stored(published.Id) is not null)
        {
            return new EventReceipt(Repeated: true, [], Kept: false);
        }

        var keepFor = published.KeepFor ?? EventLife.Kept;
        var stored = new StoredEvent(Copy(published)) { Deliveries = taken, ExpiresAt = clock.GetUtcNow() + keepFor };
        events.Add(stored);
        var woken = Deliver(stored);
        if (stored.Deliveries > 0)
        {
            stored.ExpiresAt = clock.GetUtcNow() + EventLife.Known;
        }
        else if (keepFor <= TimeSpan.Zero)
        {
            _ = events.Remove(stored);
        }

        return new EventReceipt(Repeated: false, woken, Kept: stored.Deliveries == 0 && keepFor > TimeSpan.Zero);
    }

    public WorkflowEvent? Find(string id) => Stored(id) is { } stored ? Copy(stored.Event) : null;

    public IReadOnlyList<WorkflowEvent> Expire(int limit)
    {
        var over = events.Where(e => e.ExpiresAt <= clock.GetUtcNow()).Take(limit).ToList();
        _ = events.RemoveAll(over.Contains);
        return [.. over.Where(e => e.Deliveries == 0).Select(e => Copy(e.Event))];
    }

    /// <summary>What a commit does with events: what the run did not use is given back, and new bookmarks take what is kept.</summary>
    public void Settle(StoredRun run, RunCommit commit)
    {
        var returned = commit.ReturnedEventIds.ToHashSet(StringComparer.Ordinal);
        if (run.Head.Status.IsEnd())
        {
            returned.UnionWith(run.Inbox.Select(EventStimulus.EventOf).OfType<string>());
        }

        foreach (var stored in returned.Select(Stored).OfType<StoredEvent>())
        {
            stored.Deliveries = Math.Max(0, stored.Deliveries - 1);
            if (stored.Deliveries == 0)
            {
                _ = Deliver(stored);
            }
        }

        foreach (var bookmark in commit.AddedBookmarks.Where(b => IsFree(run, b)))
        {
            if (events.Find(e => e.Deliveries == 0 && e.ExpiresAt > clock.GetUtcNow() && Fits(e.Event, run, bookmark)) is { } kept)
            {
                Give(kept, run, bookmark);
            }
        }
    }

    private IReadOnlyList<RunId> Deliver(StoredEvent stored)
    {
        var waiting = runs.Values.SelectMany(r => r.Bookmarks.Values.Where(b => Fits(stored.Event, r, b) && IsFree(r, b)).Select(b => (Run: r, Bookmark: b))).ToList();
        waiting.ForEach(w => Give(stored, w.Run, w.Bookmark));
        return [.. waiting.Select(w => w.Run.Head.Id).Distinct()];
    }

    private static void Give(StoredEvent stored, StoredRun run, Bookmark bookmark)
    {
        run.Receive(new Stimulus(
            EventStimulus.IdOf(bookmark.Id, stored.Event.Id), run.Head.Id, StimulusKind.Resume, bookmark.Id, stored.Event.Payload?.DeepClone(), stored.Event.Actor, null));
        stored.Deliveries++;
    }

    private static bool Fits(WorkflowEvent published, StoredRun run, Bookmark bookmark) =>
        string.Equals(bookmark.Key, published.Key, StringComparison.Ordinal)
        && (published.RunId is null || published.RunId == run.Head.Id)
        && (published.CorrelationId is null || bookmark.CorrelationId is null || string.Equals(published.CorrelationId, bookmark.CorrelationId, StringComparison.Ordinal));

    /// <summary>A bookmark is woken once: while what wakes it lies in the inbox, the next event is not for it.</summary>
    private static bool IsFree(StoredRun run, Bookmark bookmark) =>
        !run.Head.Status.IsEnd() && !run.Inbox.Any(s => s.Kind == StimulusKind.Resume && string.Equals(s.BookmarkId, bookmark.Id, StringComparison.Ordinal));

    private StoredEvent? Stored(string id) => events.Find(e => string.Equals(e.Event.Id, id, StringComparison.Ordinal));

    private static WorkflowEvent Copy(WorkflowEvent published) => published with { Payload = published.Payload?.DeepClone() };

    private sealed class StoredEvent(WorkflowEvent published)
    {
        public WorkflowEvent Event { get; } = published;

        public int Deliveries { get; set; }

        public DateTimeOffset ExpiresAt { get; set; }
    }
}
