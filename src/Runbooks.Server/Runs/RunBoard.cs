using System.Collections.Immutable;
using Runbooks.Workflows.Runs;

namespace Runbooks.Server.Runs;

/// <summary>What is known of open and recent runs. Whoever shows runs reads here; nobody decides from it.</summary>
public sealed class RunBoard
{
    private ImmutableDictionary<RunId, RunCard> cards = ImmutableDictionary<RunId, RunCard>.Empty;
    private long version;

    /// <summary>Grows when something has changed.</summary>
    public long Version => Interlocked.Read(ref version);

    public RunOverview Overview { get; private set; } = RunOverview.Empty;

    public RunCard? Find(RunId id) => Volatile.Read(ref cards).GetValueOrDefault(id);

    /// <summary>Runs that a run has started, oldest first.</summary>
    public IReadOnlyList<RunCard> ChildrenOf(RunId parent) =>
        [.. Volatile.Read(ref cards).Values.Where(c => c.Run.ParentRunId == parent).OrderBy(c => c.Run.CreatedAt)];

    public void Show(ImmutableDictionary<RunId, RunCard> all)
    {
        ArgumentNullException.ThrowIfNull(all);
        var roots = all.Values.Where(c => c.Run.ParentRunId is null).ToArray();
        Overview = new RunOverview(
            [.. roots.Where(c => !c.Run.Status.IsEnd()).OrderBy(c => c.Run.CreatedAt)],
            [.. roots.Where(c => c.Run.Status.IsEnd()).OrderByDescending(c => c.Run.FinishedAt)]);
        Volatile.Write(ref cards, all);
        _ = Interlocked.Increment(ref version);
    }
}
