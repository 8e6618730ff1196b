using System.Text.Json.Nodes;
using Runbooks.Workflows.Definitions;
using Runbooks.Workflows.Runs;

namespace Runbooks.Workflows.Journal;

/// <summary>A run as it is loaded by the worker that has claimed it.</summary>
/// <param name="Run">The head.</param>
/// <param name="Executions">Its steps by number: all, or those that going forward needs (the root, those that run, wait or are an open incident, what is around them, the newest completed execution of each activity, and the one with the last result).</param>
/// <param name="Bookmarks">Its bookmarks.</param>
/// <param name="Stimuli">Its inbox, in order of arrival.</param>
/// <param name="Now">The store's clock when it was loaded: what decides whether a bookmark is due.</param>
public sealed record RunSnapshot(
    Run Run,
    IReadOnlyList<ActivityExecution> Executions,
    IReadOnlyList<Bookmark> Bookmarks,
    IReadOnlyList<Stimulus> Stimuli,
    DateTimeOffset Now)
{
    /// <summary>True when <see cref="Executions"/> holds every step of the run; else the rest comes from <see cref="IRunStore.HistoryAsync"/>.</summary>
    public bool IsWhole => Executions.Count >= Run.NextExecutionNumber - 1;
}

/// <summary>A run was created, or one with the same idempotency key was there.</summary>
public sealed record CreatedRun(RunId Id, bool AlreadyThere)
{
    /// <summary>The open run that keeps it from starting, by its <see cref="Run.Activation"/>; then nothing was created.</summary>
    public RunId? BlockedBy { get; init; }
}

/// <summary>
/// Where runs live. The PostgreSQL store and the in-memory store (for simulation and tests on virtual time) pass the same
/// contract suite.
/// </summary>
/// <remarks>
/// Lease times are the store's own clock, never a worker's. Every write of a worker names its claim, and is refused with
/// <see cref="LeaseLostException"/> when the stored generation differs. A call that fails with any other exception may or
/// may not have been carried out; the worker drops the run from memory, and whoever claims it next reads what is true.
/// </remarks>
public interface IRunStore
{
    /// <summary>
    /// True when an exception of this store means that it can't be reached at the moment: the same call may succeed later. It
    /// may have been carried out all the same. A store that is always there never says so.
    /// </summary>
    bool IsAway(Exception exception) => false;

    /// <summary>
    /// Creates a run. With an idempotency key or an id that exists, changes nothing and names the run that is there. Whether it
    /// may start is decided with its creation: of two that exclude each other, wished at the same moment, one is created.
    /// </summary>
    Task<CreatedRun> CreateAsync(Run run, CancellationToken cancellationToken);

    /// <summary>
    /// Claims one run that has something to do and no live lease: pending; executing or compensating (its worker died);
    /// with a stimulus in its inbox; or with a bookmark that is due, unless it is paused. A run at its end is claimed only for
    /// <see cref="StimulusKind.Compensate"/>. Who was told something comes first, then who is due, then the rest by age: what
    /// has begun goes on before anything new begins. Null when there is none.
    /// Raises the generation; skips runs that another worker is claiming at the same moment, and runs of the versions in
    /// <paramref name="except"/>, which this worker leaves to others.
    /// </summary>
    Task<RunClaim?> ClaimNextAsync(string worker, TimeSpan lease, IReadOnlyCollection<DefinitionVersion> except, CancellationToken cancellationToken);

    /// <summary>Prolongs the lease. False when it is lost. A lease that has expired and that nobody has taken is prolonged.</summary>
    Task<bool> RenewAsync(RunClaim claim, TimeSpan lease, CancellationToken cancellationToken);

    /// <summary>True while the claim is the current one and its lease has not expired. Asked right before an effect.</summary>
    Task<bool> IsCurrentAsync(RunClaim claim, CancellationToken cancellationToken);

    /// <summary>
    /// Ends all leases of a worker by name: called at the start of a worker whose name is proven to be its own (a second
    /// process of that name can't run), so that its runs go on at once instead of after the lease. Returns how many.
    /// </summary>
    Task<int> ReleaseAllAsync(string worker, CancellationToken cancellationToken);

    /// <summary>Reads all that the worker needs to go on; what it costs does not grow with what the run has done.</summary>
    /// <exception cref="LeaseLostException">The claim is not the current one.</exception>
    Task<RunSnapshot> LoadAsync(RunClaim claim, CancellationToken cancellationToken);

    /// <summary>Reads every step of the run, for a way back over steps that <see cref="LoadAsync"/> left out.</summary>
    /// <exception cref="LeaseLostException">The claim is not the current one.</exception>
    Task<IReadOnlyList<ActivityExecution>> HistoryAsync(RunClaim claim, CancellationToken cancellationToken);

    /// <summary>
    /// Writes a commit in one transaction. A lease that has expired and that nobody has taken still commits: the generation
    /// is what is checked, and it proves that nobody else has written.
    /// </summary>
    /// <exception cref="LeaseLostException">The claim is not the current one. Nothing was written.</exception>
    Task CommitAsync(RunCommit commit, CancellationToken cancellationToken);

    /// <summary>
    /// As <see cref="CommitAsync"/>, and then as <see cref="ClaimNextAsync"/>: a worker that lets go of one run takes the next
    /// one, where a store can do that in the same transaction. Null when there is none, or when only the claim went wrong; a
    /// claim whose answer is lost ends with its lease.
    /// </summary>
    /// <exception cref="LeaseLostException">The claim of the commit is not the current one. Nothing was written, and nothing claimed.</exception>
    async Task<RunClaim?> CommitAndClaimAsync(RunCommit commit, ClaimWish wish, CancellationToken cancellationToken)
    {
        await CommitAsync(commit, cancellationToken);
        return null;
    }

    /// <summary>Writes the progress of a step that is running, for people. Lost progress harms nothing; a stale claim is ignored.</summary>
    Task ReportProgressAsync(RunClaim claim, long executionNumber, JsonObject progress, CancellationToken cancellationToken);

    /// <summary>
    /// Puts a stimulus into a run's inbox. False when the run is unknown or at its end, where it takes only
    /// <see cref="StimulusKind.Compensate"/>. A repeated id is dropped, and true.
    /// </summary>
    Task<bool> SendAsync(Stimulus stimulus, CancellationToken cancellationToken);

    /// <summary>
    /// The stimuli that no commit has applied yet, those known from loading included; for the worker that executes the run. One
    /// that was sent through this store is there at once, one that another server has sent may take a moment (less than a second).
    /// </summary>
    Task<IReadOnlyList<Stimulus>> InboxAsync(RunClaim claim, CancellationToken cancellationToken);

    Task<Run?> FindAsync(RunId id, CancellationToken cancellationToken);

    /// <summary>Runs, newest first.</summary>
    Task<IReadOnlyList<Run>> ListAsync(RunFilter filter, CancellationToken cancellationToken);

    Task<IReadOnlyList<ActivityExecution>> ExecutionsAsync(RunId id, CancellationToken cancellationToken);

    /// <summary>Journal entries with a sequence above <paramref name="afterSequence"/>, in order, at most <paramref name="limit"/>.</summary>
    Task<IReadOnlyList<JournalEntry>> JournalAsync(RunId id, long afterSequence, int limit, CancellationToken cancellationToken);
}

/// <summary>Which runs to list.</summary>
public sealed record RunFilter
{
    public string? DefinitionId { get; init; }

    public RunStatus? Status { get; init; }

    /// <summary>Only runs that have not reached an end state.</summary>
    public bool OnlyOpen { get; init; }

    public RunId? ParentRunId { get; init; }

    /// <summary>Only runs that were created before this moment: the cursor for paging.</summary>
    public DateTimeOffset? CreatedBefore { get; init; }

    /// <summary>A page, not a dump: the console and the API page with <see cref="CreatedBefore"/>.</summary>
    public const int HighestLimit = 500;

    /// <summary>1 to <see cref="HighestLimit"/>.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The limit is out of range.</exception>
    public int Limit
    {
        get;
        init => field = value is >= 1 and <= HighestLimit
            ? value
            : throw new ArgumentOutOfRangeException(nameof(value), value, $"A list of runs is limited to 1 to {HighestLimit}; page with {nameof(CreatedBefore)}.");
    } = 50;

    /// <summary>True for a run that the filter lets through; the limit is not its business.</summary>
    public bool Admits(Run run) =>
        (DefinitionId is null || string.Equals(run.DefinitionId, DefinitionId, StringComparison.Ordinal))
        && (Status is null || run.Status == Status)
        && (!OnlyOpen || !run.Status.IsEnd())
        && (ParentRunId is null || run.ParentRunId == ParentRunId)
        && (CreatedBefore is null || run.CreatedAt < CreatedBefore);
}
