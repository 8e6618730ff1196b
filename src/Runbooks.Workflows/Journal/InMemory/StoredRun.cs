using Runbooks.Workflows.Runs;

namespace Runbooks.Workflows.Journal.InMemory;

/// <summary>A run as the in-memory store keeps it, with its lease and everything that belongs to it.</summary>
internal sealed class StoredRun(Run head, long order)
{
    private readonly List<Stimulus> inbox = [];
    private readonly HashSet<string> appliedStimuli = new(StringComparer.Ordinal);

    private ActivityExecution? lastResult;

    public Run Head { get; set; } = head;

    /// <summary>Order of creation; two runs may be created at one moment.</summary>
    public long Order { get; } = order;

    /// <summary>The worker that holds the lease, also when the lease has expired and nobody has taken it over; null when let go.</summary>
    public string? Owner { get; set; }

    public long Generation { get; set; }

    public DateTimeOffset LeaseUntil { get; set; }

    public SortedDictionary<long, ActivityExecution> Executions { get; } = [];

    public SortedDictionary<string, Bookmark> Bookmarks { get; } = new(StringComparer.Ordinal);

    public List<JournalEntry> Journal { get; } = [];

    public IEnumerable<Stimulus> Inbox => inbox.Where(s => !appliedStimuli.Contains(s.Id));

    public bool IsHeldBy(RunClaim claim) =>
        Owner is not null && Generation == claim.Generation && string.Equals(Owner, claim.Worker, StringComparison.Ordinal);

    public bool MayBeClaimed(DateTimeOffset now) =>
        (Owner is null || LeaseUntil <= now) && HasSomethingToDo(now);

    /// <summary>A run at its end takes nothing in, but for the wish to undo it: one that can't be undone answers that.</summary>
    public bool Takes(StimulusKind kind) => !Head.Status.IsEnd() || kind == StimulusKind.Compensate;

    /// <summary>The place in the queue of those that may be claimed: who was told something, who is due, the rest by age.</summary>
    public (int Rank, long Place) Turn(DateTimeOffset now) =>
        Inbox.Any(s => Takes(s.Kind)) ? (0, Order)
        : Head.Status != RunStatus.Paused && Bookmarks.Values.Where(b => b.DueAt <= now).Min(b => b.DueAt) is { } due ? (1, due.UtcTicks)
        : (2, Order);

    /// <summary>What a worker needs of the steps to go on; see <see cref="RunSnapshot.Executions"/>.</summary>
    public IEnumerable<ActivityExecution> WorkingSet()
    {
        var wanted = new SortedSet<long> { 1 };
        foreach (var step in Executions.Values.Where(e => e.Status == ActivityStatus.Running))
        {
            for (long? number = step.Number; number is { } n && wanted.Add(n);)
            {
                number = Executions.GetValueOrDefault(n)?.ParentNumber;
            }
        }

        wanted.UnionWith(Executions.Values.Where(e => e.Status == ActivityStatus.Completed).GroupBy(e => e.NodeId, StringComparer.Ordinal).Select(g => g.MaxBy(e => e.CompletionOrder ?? 0)!.Number));
        wanted.UnionWith(Bookmarks.Values.Select(b => b.ExecutionNumber));
        if (lastResult is not null)
        {
            _ = wanted.Add(lastResult.Number);
        }

        return wanted.Where(Executions.ContainsKey).Select(n => Executions[n]);
    }

    public void Receive(Stimulus stimulus)
    {
        if (!inbox.Exists(s => string.Equals(s.Id, stimulus.Id, StringComparison.Ordinal)))
        {
            inbox.Add(stimulus.Copy());
        }
    }

    public void Apply(RunCommit commit)
    {
        Head = Head.CopyWith(commit.Run);
        foreach (var step in commit.Executions)
        {
            var copy = step.Copy();
            if (commit.NewExecutions?.Contains(step.Number) == false)
            {
                copy.Inputs = Executions[step.Number].Inputs;
            }

            Executions[step.Number] = copy;
            if (step.CompletionOrder is not null && step.Outputs.ContainsKey("Result"))
            {
                lastResult = lastResult is null || lastResult.CompletionOrder <= step.CompletionOrder ? copy : lastResult;
            }
        }

        foreach (var id in commit.RemovedBookmarkIds)
        {
            Bookmarks.Remove(id);
        }

        foreach (var bookmark in commit.AddedBookmarks)
        {
            Bookmarks[bookmark.Id] = bookmark.Copy();
        }

        Journal.AddRange(commit.Journal.Select(DeepCopy.Copy));
        appliedStimuli.UnionWith(commit.AppliedStimulusIds);
        if (commit.ReleaseLease)
        {
            Owner = null;
        }
    }

    private bool HasSomethingToDo(DateTimeOffset now) =>
        Head.Status is RunStatus.Pending or RunStatus.Executing or RunStatus.Compensating
        || Inbox.Any(s => Takes(s.Kind))
        || (Head.Status != RunStatus.Paused && !Head.Status.IsEnd() && Bookmarks.Values.Any(b => b.DueAt <= now));
}
