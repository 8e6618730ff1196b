using System.Text.Json.Nodes;
using Runbooks.Workflows.Journal;
using Runbooks.Workflows.Runs;

namespace Runbooks.Workflows.Tests.Contract;

/// <summary>What the parts of the contract suite share: an empty store, and builders for what goes into it.</summary>
public abstract class RunStoreContract : IAsyncLifetime
{
    protected static readonly TimeSpan Lease = TimeSpan.FromSeconds(30);
    protected static readonly TimeSpan LongerThanTheLease = TimeSpan.FromSeconds(31);
    protected static readonly DateTimeOffset Noon = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);

    protected StoreUnderTest Store { get; private set; } = null!;

    protected IRunStore Runs => Store.Runs;

    protected static CancellationToken None => CancellationToken.None;

    public async Task InitializeAsync() => Store = await OpenEmptyAsync();

    public virtual Task DisposeAsync() => Task.CompletedTask;

    protected abstract Task<StoreUnderTest> OpenEmptyAsync();

    protected static Run NewRun(
        string definition = "consolidate",
        string? key = null,
        DateTimeOffset? at = null,
        RunId? parent = null,
        JsonObject? input = null) => new()
        {
            Id = new RunId(Guid.NewGuid()),
            DefinitionId = definition,
            DefinitionVersion = 3,
            CreatedAt = at ?? Noon,
            StartedBy = "operator:anna",
            IdempotencyKey = key,
            CorrelationId = "rack-7",
            ParentRunId = parent,
            ParentBookmarkId = parent is null ? null : "parent-bookmark",
            Trigger = new RunTrigger("Workflow1:Flowchart1:nightly", new JsonObject { ["plannedFor"] = "2026-03-01T12:00:00Z" }),
            Input = input ?? new JsonObject { ["pool"] = "lab" },
        };

    protected static Stimulus NewStimulus(RunId run, string id, StimulusKind kind = StimulusKind.Cancel) =>
        new(id, run, kind, null, new JsonObject { ["n"] = 1 }, "operator:anna", "because");

    protected static ActivityExecution NewStep(long number) => new()
    {
        Number = number,
        NodeId = $"Workflow1:Flowchart1:a{number}",
        ActivityId = $"a{number}",
        ActivityType = "Runbooks.MigrateVm",
        ActivityName = "Migrate",
        StartedAt = Noon,
    };

    /// <summary>A run that is stored and claimed, as a worker holds it.</summary>
    protected async Task<(Run Run, RunClaim Claim)> ClaimedAsync(Run? run = null, string worker = "w1")
    {
        var created = await Runs.CreateAsync(run ?? NewRun(), None);
        var claim = await ClaimAsync(worker);
        Assert.Equal(created.Id, claim.RunId);
        return ((await Runs.LoadAsync(claim, None)).Run, claim);
    }

    protected async Task<RunClaim> ClaimAsync(string worker = "w1") =>
        await Runs.ClaimNextAsync(worker, Lease, None) ?? throw new InvalidOperationException("There was nothing to claim.");

    /// <summary>Commits that the run waits, with nothing else, and lets go of it.</summary>
    protected async Task SuspendAsync(Run run, RunClaim claim, params Bookmark[] bookmarks)
    {
        run.Status = RunStatus.Suspended;
        await Runs.CommitAsync(new RunCommit(run, claim) { AddedBookmarks = bookmarks, ReleaseLease = true }, None);
    }

    protected async Task EndAsync(Run run, RunClaim claim, RunStatus status = RunStatus.Finished)
    {
        run.Status = status;
        run.FinishedAt = Noon.AddMinutes(5);
        await Runs.CommitAsync(new RunCommit(run, claim) { ReleaseLease = true }, None);
    }

    /// <summary>The next journal entry of the run; counts the head on.</summary>
    protected static JournalEntry NextEntry(Run run, RunClaim claim, string name = JournalEvents.Intent, string? message = null) =>
        new(run.NextJournalSequence++, Noon, 1, "Workflow1:a1", name, message, new JsonObject { ["vm"] = "web-1" }, claim.Worker, claim.Generation);

    protected async Task<Run> FoundAsync(RunId id) =>
        await Runs.FindAsync(id, None) ?? throw new InvalidOperationException($"Run {id} is not there.");
}
