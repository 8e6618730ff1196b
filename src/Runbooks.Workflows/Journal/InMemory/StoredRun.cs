using Runbooks.Workflows.Runs;

namespace Runbooks.Workflows.Journal.InMemory;

/// <summary>A run as the in-memory store keeps it, with its lease and everything that belongs to it.</summary>
internal sealed class StoredRun(Run head, long order)
{
    private readonly List<Stimulus> inbox = [];
    private readonly HashSet<string> appliedStimuli = new(StringComparer.Ordinal);

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
            Executions[step.Number] = step.Copy();
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
