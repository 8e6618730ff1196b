using System.Text.Json.Nodes;
using Runbooks.Workflows.Definitions;
using Runbooks.Workflows.Journal;
using Runbooks.Workflows.Journal.InMemory;
using Runbooks.Workflows.Runs;

namespace Runbooks.Faults.Simulation;

/// <summary>
/// The database of the simulation: every call is a trip there and one back, during which others go on and the caller may
/// die. Writes what it is told into the trace.
/// </summary>
internal sealed class RecordingStore(InMemoryRunStore inner, SimulationLoop loop) : IRunStore
{
    private readonly Dictionary<RunId, long> generations = [];

    /// <summary>Runs in the order in which they were first seen; the number stands for the id in the trace.</summary>
    private readonly Dictionary<RunId, int> numbers = [];

    public int NumberOf(RunId run)
    {
        if (!numbers.TryGetValue(run, out var number))
        {
            numbers.Add(run, number = numbers.Count + 1);
        }

        return number;
    }

    /// <summary>True while no later claim of the run was given: what a stale owner must not act against.</summary>
    public bool IsLatest(RunClaim claim) => generations.GetValueOrDefault(claim.RunId) == claim.Generation;

    public Task<CreatedRun> CreateAsync(Run run, CancellationToken cancellationToken) => TripAsync(async () =>
    {
        var created = await inner.CreateAsync(run, cancellationToken);
        if (!created.AlreadyThere)
        {
            Write($"run {NumberOf(run.Id)} {run.DefinitionId} created {run.Input.ToJsonString()}");
        }

        return created;
    });

    public Task<RunClaim?> ClaimNextAsync(string worker, TimeSpan lease, IReadOnlyCollection<DefinitionVersion> except, CancellationToken cancellationToken) => TripAsync(async () =>
    {
        var claim = await inner.ClaimNextAsync(worker, lease, except, cancellationToken);
        if (claim is not null)
        {
            generations[claim.RunId] = claim.Generation;
            Write($"run {NumberOf(claim.RunId)} claimed by {worker}, generation {claim.Generation}");
        }

        return claim;
    });

    public Task<bool> RenewAsync(RunClaim claim, TimeSpan lease, CancellationToken cancellationToken) => TripAsync(() => inner.RenewAsync(claim, lease, cancellationToken));

    /// <summary>No trip back: between the last look and the act the engine promises nothing.</summary>
    public async Task<bool> IsCurrentAsync(RunClaim claim, CancellationToken cancellationToken)
    {
        await Task.Yield();
        return await inner.IsCurrentAsync(claim, cancellationToken);
    }

    public Task<int> ReleaseAllAsync(string worker, CancellationToken cancellationToken) => TripAsync(async () =>
    {
        var released = await inner.ReleaseAllAsync(worker, cancellationToken);
        Write($"{released} leases of {worker} end");
        return released;
    });

    public Task<RunSnapshot> LoadAsync(RunClaim claim, CancellationToken cancellationToken) => TripAsync(() => inner.LoadAsync(claim, cancellationToken));

    public Task<IReadOnlyList<ActivityExecution>> HistoryAsync(RunClaim claim, CancellationToken cancellationToken) => TripAsync(() => inner.HistoryAsync(claim, cancellationToken));

    public Task CommitAsync(RunCommit commit, CancellationToken cancellationToken) => TripAsync(async () =>
    {
        await inner.CommitAsync(commit, cancellationToken);
        foreach (var entry in commit.Journal)
        {
            Write($"run {NumberOf(commit.Run.Id)} {entry.Worker}/{entry.Generation} #{entry.Sequence} {entry.Event} {entry.NodeId?.Split(':')[^1]} {entry.Message}".TrimEnd());
            loop.Trace.Note($"{entry.At:O} {entry.ExecutionNumber} {entry.Payload?.ToJsonString()}");
        }

        return true;
    });

    public Task ReportProgressAsync(RunClaim claim, long executionNumber, JsonObject progress, CancellationToken cancellationToken) => TripAsync(async () =>
    {
        await inner.ReportProgressAsync(claim, executionNumber, progress, cancellationToken);
        return true;
    });

    public Task<bool> SendAsync(Stimulus stimulus, CancellationToken cancellationToken) => TripAsync(async () =>
    {
        var sent = await inner.SendAsync(stimulus, cancellationToken);
        Write($"run {NumberOf(stimulus.RunId)} is sent {stimulus.Kind} {(sent ? "" : "too late")}".TrimEnd());
        return sent;
    });

    public Task<IReadOnlyList<Stimulus>> InboxAsync(RunClaim claim, CancellationToken cancellationToken) => TripAsync(() => inner.InboxAsync(claim, cancellationToken));

    public Task<Run?> FindAsync(RunId id, CancellationToken cancellationToken) => TripAsync(() => inner.FindAsync(id, cancellationToken));

    public Task<IReadOnlyList<Run>> ListAsync(RunFilter filter, CancellationToken cancellationToken) => TripAsync(() => inner.ListAsync(filter, cancellationToken));

    public Task<IReadOnlyList<ActivityExecution>> ExecutionsAsync(RunId id, CancellationToken cancellationToken) => TripAsync(() => inner.ExecutionsAsync(id, cancellationToken));

    public Task<IReadOnlyList<JournalEntry>> JournalAsync(RunId id, long afterSequence, int limit, CancellationToken cancellationToken) =>
        TripAsync(() => inner.JournalAsync(id, afterSequence, limit, cancellationToken));

    private static async Task<T> TripAsync<T>(Func<Task<T>> call)
    {
        await Task.Yield();
        var answer = await call();
        await Task.Yield();
        return answer;
    }

    private void Write(string text) => loop.Trace.Write(loop.Time.Elapsed, text);
}
