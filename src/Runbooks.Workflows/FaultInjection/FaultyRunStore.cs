using System.Text.Json.Nodes;
using Runbooks.Workflows.Definitions;
using Runbooks.Workflows.Journal;
using Runbooks.Workflows.Runs;

namespace Runbooks.Workflows.FaultInjection;

/// <summary>
/// A store whose calls go wrong as a plan says, and as real databases go wrong: errors before anything is written, answers
/// that are lost after it, conflicts, leases that end, and outages.
/// </summary>
public sealed class FaultyRunStore(IRunStore inner, FaultInjector faults) : IRunStore
{
    /// <summary>While true every call fails, and nothing is written: the database is away.</summary>
    public bool Away { get; set; }

    public Task<CreatedRun> CreateAsync(Run run, CancellationToken cancellationToken) =>
        CallAsync(FaultSite.Create, () => inner.CreateAsync(run, cancellationToken), null, cancellationToken);

    public bool IsAway(Exception exception) => inner.IsAway(exception);

    public async Task<RunClaim?> ClaimNextAsync(string worker, TimeSpan lease, IReadOnlyCollection<DefinitionVersion> except, CancellationToken cancellationToken)
    {
        var steals = false;
        var claim = await CallAsync(FaultSite.Claim, () => inner.ClaimNextAsync(worker, lease, except, cancellationToken), null, cancellationToken, () => steals = true);
        if (steals && claim is not null)
        {
            _ = await inner.ReleaseAllAsync(worker, cancellationToken);
        }

        return claim;
    }

    public Task<bool> RenewAsync(RunClaim claim, TimeSpan lease, CancellationToken cancellationToken) =>
        AskAsync(FaultSite.Renew, () => inner.RenewAsync(claim, lease, cancellationToken), claim, cancellationToken);

    public Task<bool> IsCurrentAsync(RunClaim claim, CancellationToken cancellationToken) =>
        AskAsync(FaultSite.IsCurrent, () => inner.IsCurrentAsync(claim, cancellationToken), claim, cancellationToken);

    public Task<int> ReleaseAllAsync(string worker, CancellationToken cancellationToken) =>
        CallAsync(FaultSite.Release, () => inner.ReleaseAllAsync(worker, cancellationToken), null, cancellationToken);

    public Task<RunSnapshot> LoadAsync(RunClaim claim, CancellationToken cancellationToken) =>
        CallAsync(FaultSite.Load, () => inner.LoadAsync(claim, cancellationToken), claim, cancellationToken);

    public Task<IReadOnlyList<ActivityExecution>> HistoryAsync(RunClaim claim, CancellationToken cancellationToken) =>
        CallAsync(FaultSite.Load, () => inner.HistoryAsync(claim, cancellationToken), claim, cancellationToken);

    public Task CommitAsync(RunCommit commit, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(commit);
        return CallAsync(FaultSite.Commit, () => DoneAsync(inner.CommitAsync(commit, cancellationToken)), commit.Claim, cancellationToken);
    }

    public Task ReportProgressAsync(RunClaim claim, long executionNumber, JsonObject progress, CancellationToken cancellationToken) =>
        CallAsync(FaultSite.Progress, () => DoneAsync(inner.ReportProgressAsync(claim, executionNumber, progress, cancellationToken)), claim, cancellationToken);

    public Task<bool> SendAsync(Stimulus stimulus, CancellationToken cancellationToken) =>
        CallAsync(FaultSite.Send, () => inner.SendAsync(stimulus, cancellationToken), null, cancellationToken);

    public Task<IReadOnlyList<Stimulus>> InboxAsync(RunClaim claim, CancellationToken cancellationToken) =>
        CallAsync(FaultSite.Inbox, () => inner.InboxAsync(claim, cancellationToken), claim, cancellationToken);

    public Task<Run?> FindAsync(RunId id, CancellationToken cancellationToken) =>
        CallAsync(FaultSite.Read, () => inner.FindAsync(id, cancellationToken), null, cancellationToken);

    public Task<IReadOnlyList<Run>> ListAsync(RunFilter filter, CancellationToken cancellationToken) =>
        CallAsync(FaultSite.Read, () => inner.ListAsync(filter, cancellationToken), null, cancellationToken);

    public Task<IReadOnlyList<ActivityExecution>> ExecutionsAsync(RunId id, CancellationToken cancellationToken) =>
        CallAsync(FaultSite.Read, () => inner.ExecutionsAsync(id, cancellationToken), null, cancellationToken);

    public Task<IReadOnlyList<JournalEntry>> JournalAsync(RunId id, long afterSequence, int limit, CancellationToken cancellationToken) =>
        CallAsync(FaultSite.Read, () => inner.JournalAsync(id, afterSequence, limit, cancellationToken), null, cancellationToken);

    private static async Task<bool> DoneAsync(Task task)
    {
        await task;
        return true;
    }

    /// <summary>A question about a lease is answered with no, where another call throws.</summary>
    private async Task<bool> AskAsync(FaultSite site, Func<Task<bool>> call, RunClaim claim, CancellationToken cancellationToken)
    {
        try
        {
            return await CallAsync(site, call, claim, cancellationToken);
        }
        catch (LeaseLostException)
        {
            return false;
        }
    }

    private async Task<T> CallAsync<T>(FaultSite site, Func<Task<T>> call, RunClaim? claim, CancellationToken cancellationToken, Action? steal = null)
    {
        if (Away)
        {
            throw new InjectedFaultException("The database does not answer (injected).");
        }

        var rule = faults.Take(site, null);
        var text = $"{FaultText.Word(site)} was made to go wrong by rule '{rule}'.";
        switch (rule?.Action)
        {
            case null:
                return await call();
            case FaultAction.Throw:
                throw new InjectedFaultException(text);
            case FaultAction.Conflict:
                throw new InjectedFaultException($"The transaction could not be serialized with another one. {text}");
            case FaultAction.LoseBefore:
                throw new TimeoutException(text);
            case FaultAction.LoseAfter:
                _ = await call();
                throw new TimeoutException(text);
            case FaultAction.Again:
                _ = await call();
                return await call();
            case FaultAction.Delay:
                await Task.Delay(rule.Time, faults.Clock, cancellationToken);
                return await call();
            case FaultAction.LeaseLost:
                throw new LeaseLostException(claim!);
            case FaultAction.Steal:
                steal?.Invoke();
                return await call();
            default:
                throw new InvalidOperationException($"Rule '{rule}' can't strike the store.");
        }
    }
}
