using System.Text.Json.Nodes;
using Runbooks.Workflows.Definitions;
using Runbooks.Workflows.Events;
using Runbooks.Workflows.Runs;

namespace Runbooks.Workflows.Journal.InMemory;

/// <summary>
/// Runs in memory, for simulation and for tests on virtual time. Keeps the same promises as the database store, except to
/// outlive the process: one lock is one transaction, and nothing that goes in or out is shared with the caller.
/// </summary>
public sealed class InMemoryRunStore : IRunStore, IRunReader, IBookmarkReader, IEventStore
{
    private readonly Lock gate = new();
    private readonly Dictionary<RunId, StoredRun> runs = [];
    private readonly Dictionary<string, RunId> idempotencyKeys = new(StringComparer.Ordinal);
    private readonly InMemoryOutbox outbox = new();
    private readonly InMemoryEvents events;
    private readonly TimeProvider clock;

    /// <param name="clock">The store's own clock: leases expire and bookmarks come due by it.</param>
    public InMemoryRunStore(TimeProvider clock)
    {
        this.clock = clock;
        events = new InMemoryEvents(clock, runs);
    }

    /// <summary>The messages that were committed with the runs of this store.</summary>
    public IOutbox Outbox => outbox;

    public Task<CreatedRun> CreateAsync(Run run, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(run);
        cancellationToken.ThrowIfCancellationRequested();
        lock (gate)
        {
            return Task.FromResult(Create(run, keepRefused: false));
        }
    }

    public Task<RunClaim?> ClaimNextAsync(string worker, TimeSpan lease, IReadOnlyCollection<DefinitionVersion> except, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        lock (gate)
        {
            var now = clock.GetUtcNow();
            var next = runs.Values.Where(r => r.MayBeClaimed(now) && !except.Contains(new DefinitionVersion(r.Head.DefinitionId, r.Head.DefinitionVersion))).MinBy(r => r.Turn(now));
            if (next is null)
            {
                return Task.FromResult<RunClaim?>(null);
            }

            next.Owner = worker;
            next.Generation++;
            next.LeaseUntil = now + lease;
            return Task.FromResult<RunClaim?>(new RunClaim(next.Head.Id, worker, next.Generation));
        }
    }

    public Task<bool> RenewAsync(RunClaim claim, TimeSpan lease, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        lock (gate)
        {
            var held = Held(claim);
            held?.LeaseUntil = clock.GetUtcNow() + lease;
            return Task.FromResult(held is not null);
        }
    }

    public Task<bool> IsCurrentAsync(RunClaim claim, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        lock (gate)
        {
            return Task.FromResult(Held(claim) is { } held && held.LeaseUntil > clock.GetUtcNow());
        }
    }

    public Task<int> ReleaseAllAsync(string worker, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        lock (gate)
        {
            var held = runs.Values.Where(r => string.Equals(r.Owner, worker, StringComparison.Ordinal)).ToList();
            held.ForEach(r => r.Owner = null);
            return Task.FromResult(held.Count);
        }
    }

    public Task<RunSnapshot> LoadAsync(RunClaim claim, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        lock (gate)
        {
            var held = Held(claim) ?? throw new LeaseLostException(claim);
            return Task.FromResult(new RunSnapshot(
                held.Head.Copy(),
                [.. held.WorkingSet().Select(DeepCopy.Copy)],
                [.. held.Bookmarks.Values.Select(DeepCopy.Copy)],
                [.. held.Inbox.Select(DeepCopy.Copy)],
                clock.GetUtcNow()));
        }
    }

    public Task<IReadOnlyList<ActivityExecution>> HistoryAsync(RunClaim claim, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        lock (gate)
        {
            var held = Held(claim) ?? throw new LeaseLostException(claim);
            return Task.FromResult<IReadOnlyList<ActivityExecution>>([.. held.Executions.Values.Select(DeepCopy.Copy)]);
        }
    }

    public Task CommitAsync(RunCommit commit, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(commit);
        cancellationToken.ThrowIfCancellationRequested();
        lock (gate)
        {
            var held = Held(commit.Claim) ?? throw new LeaseLostException(commit.Claim);
            commit.RequireUnbrokenJournal(held.Head.NextJournalSequence);
            held.Apply(commit);
            events.Settle(held, commit);
            foreach (var run in commit.NewRuns)
            {
                _ = Create(run, keepRefused: true);
            }

            foreach (var stimulus in commit.Stimuli)
            {
                Send(stimulus);
            }

            outbox.Append(commit.Messages);
        }

        return Task.CompletedTask;
    }

    public Task ReportProgressAsync(RunClaim claim, long executionNumber, JsonObject progress, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(progress);
        cancellationToken.ThrowIfCancellationRequested();
        lock (gate)
        {
            if (Held(claim)?.Executions.GetValueOrDefault(executionNumber) is { } step)
            {
                step.Progress = progress.Copy();
            }
        }

        return Task.CompletedTask;
    }

    public Task<bool> SendAsync(Stimulus stimulus, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(stimulus);
        cancellationToken.ThrowIfCancellationRequested();
        lock (gate)
        {
            return Task.FromResult(Send(stimulus));
        }
    }

    public Task<IReadOnlyList<Stimulus>> InboxAsync(RunClaim claim, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(claim);
        return ReadAsync(claim.RunId, r => r.Inbox.Select(DeepCopy.Copy), cancellationToken);
    }

    public Task<Run?> FindAsync(RunId id, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        lock (gate)
        {
            return Task.FromResult(runs.GetValueOrDefault(id)?.Head.Copy());
        }
    }

    public Task<IReadOnlyList<Run>> ListAsync(RunFilter filter, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(filter);
        cancellationToken.ThrowIfCancellationRequested();
        lock (gate)
        {
            var found = runs.Values
                .Where(r => filter.Admits(r.Head))
                .OrderByDescending(r => r.Head.CreatedAt).ThenByDescending(r => r.Order)
                .Take(filter.Limit)
                .Select(r => r.Head.Copy());
            return Task.FromResult<IReadOnlyList<Run>>([.. found]);
        }
    }

    public Task<IReadOnlyList<ActivityExecution>> ExecutionsAsync(RunId id, CancellationToken cancellationToken) =>
        ReadAsync(id, r => r.Executions.Values.Select(DeepCopy.Copy), cancellationToken);

    public Task<IReadOnlyList<JournalEntry>> JournalAsync(RunId id, long afterSequence, int limit, CancellationToken cancellationToken) =>
        ReadAsync(id, r => r.Journal.Where(e => e.Sequence > afterSequence).Take(limit).Select(DeepCopy.Copy), cancellationToken);

    public Task<Page<Run>> QueryAsync(RunQuery query, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(query);
        cancellationToken.ThrowIfCancellationRequested();
        lock (gate)
        {
            return Task.FromResult(RunReading.Of(runs.Values, query));
        }
    }

    public Task<Page<JournalEntry>> JournalPageAsync(RunId id, JournalQuery query, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(query);
        cancellationToken.ThrowIfCancellationRequested();
        lock (gate)
        {
            return Task.FromResult(RunReading.Of(runs.GetValueOrDefault(id)?.Journal ?? [], query));
        }
    }

    public Task<IReadOnlyList<Bookmark>> BookmarksAsync(RunId id, CancellationToken cancellationToken) =>
        ReadAsync(id, r => r.Bookmarks.Values.Select(DeepCopy.Copy), cancellationToken);

    public Task<IReadOnlyList<WaitingBookmark>> WaitingAsync(string keyPrefix, int limit, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        lock (gate)
        {
            var found = runs.Values
                .Where(r => !r.Head.Status.IsEnd())
                .SelectMany(r => r.Bookmarks.Values.Select(b => new WaitingBookmark(r.Head.Id, b.Copy())))
                .Where(w => w.Bookmark.Key?.StartsWith(keyPrefix, StringComparison.Ordinal) == true)
                .OrderBy(w => w.Bookmark.Id, StringComparer.Ordinal)
                .Take(limit);
            return Task.FromResult<IReadOnlyList<WaitingBookmark>>([.. found]);
        }
    }

    public Task<EventReceipt> PublishAsync(WorkflowEvent published, int taken, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(published);
        cancellationToken.ThrowIfCancellationRequested();
        lock (gate)
        {
            return Task.FromResult(events.Publish(published, taken));
        }
    }

    public Task<WorkflowEvent?> FindEventAsync(string id, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        lock (gate)
        {
            return Task.FromResult(events.Find(id));
        }
    }

    public Task<IReadOnlyList<WorkflowEvent>> ExpireEventsAsync(int limit, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        lock (gate)
        {
            return Task.FromResult(events.Expire(limit));
        }
    }

    private Task<IReadOnlyList<T>> ReadAsync<T>(RunId id, Func<StoredRun, IEnumerable<T>> read, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        lock (gate)
        {
            return Task.FromResult<IReadOnlyList<T>>(runs.TryGetValue(id, out var run) ? [.. read(run)] : []);
        }
    }

    private StoredRun? Held(RunClaim claim) =>
        runs.TryGetValue(claim.RunId, out var run) && run.IsHeldBy(claim) ? run : null;

    private CreatedRun Create(Run run, bool keepRefused)
    {
        if (run.IdempotencyKey is { } key && idempotencyKeys.TryGetValue(key, out var there))
        {
            return new CreatedRun(there, AlreadyThere: true);
        }

        // The same id twice is the same wish twice: a parent that commits its child again after a lost answer.
        if (runs.ContainsKey(run.Id))
        {
            return new CreatedRun(run.Id, AlreadyThere: true);
        }

        var blocking = runs.Values.OrderBy(r => r.Order).FirstOrDefault(r => ActivationRule.Excludes(run, r.Head))?.Head.Id;
        if (blocking is not null && !keepRefused)
        {
            return new CreatedRun(run.Id, AlreadyThere: false) { BlockedBy = blocking };
        }

        var stored = new StoredRun(run.Copy(), runs.Count);
        runs.Add(run.Id, stored);
        if (blocking is { } by)
        {
            stored.Head.Status = RunStatus.Cancelled;
            stored.Head.Reason = ActivationRule.WhyNot(run, by);
            stored.Head.FinishedAt = run.CreatedAt;
            TellParentOfRefused(stored.Head);
        }

        if (run.IdempotencyKey is not null)
        {
            idempotencyKeys.Add(run.IdempotencyKey, run.Id);
        }

        return new CreatedRun(run.Id, AlreadyThere: false);
    }

    private void TellParentOfRefused(Run run)
    {
        if (run is { ParentRunId: { } parent, ParentBookmarkId: { } bookmark })
        {
            Send(new Stimulus($"end:{run.Id}:{bookmark}", parent, StimulusKind.Resume, bookmark, ActivationRule.Refusal(run.Id, run.Reason!), $"run:{run.Id}", null));
        }
    }

    private bool Send(Stimulus stimulus)
    {
        if (!runs.TryGetValue(stimulus.RunId, out var run) || !run.Takes(stimulus.Kind))
        {
            return false;
        }

        run.Receive(stimulus);
        return true;
    }
}
