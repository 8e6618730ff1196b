using System.Collections.Concurrent;
using System.Diagnostics;
using Runbooks.Workflows.Activities;
using Runbooks.Workflows.Runs;

namespace Runbooks.Bench.Measured;

/// <summary>A change whose effect takes no time: what is left is the engine's own.</summary>
[Activity("Bench", "Bench", "Changes nothing, at once.")]
internal sealed class Tick : ChangeActivity
{
    protected override async Task<EffectResult> PerformAsync(EffectContext context)
    {
        var ticks = context.GetRequiredService<Ticks>();
        ticks.Begins(context.RunId);
        if (ticks.AsksFirst)
        {
            await context.EnsureOwnedAsync();
        }

        ticks.Ended(context.RunId);
        return new EffectResult.Done();
    }

    protected override Task<Reconciliation> ReconcileAsync(EffectContext context) =>
        Task.FromResult<Reconciliation>(new Reconciliation.NotDone("It is never there."));

    protected override Task<UndoResult> UndoAsync(EffectContext context) => Task.FromResult<UndoResult>(new UndoResult.Undone("Nothing to undo."));
}

/// <summary>When effects began and ended.</summary>
internal sealed class Ticks
{
    private readonly ConcurrentDictionary<RunId, long> lastEnd = new();
    private readonly ConcurrentQueue<double> gaps = new();
    private long count;

    /// <summary>Whether the effect asks the store, right before it acts, if it still may; effects on real hosts do.</summary>
    public bool AsksFirst { get; set; }

    public long Count => Interlocked.Read(ref count);

    public void Begins(RunId run)
    {
        if (lastEnd.TryGetValue(run, out var before))
        {
            gaps.Enqueue(Stopwatch.GetElapsedTime(before).TotalMilliseconds);
        }
    }

    public void Ended(RunId run)
    {
        lastEnd[run] = Stopwatch.GetTimestamp();
        _ = Interlocked.Increment(ref count);
    }

    public void Forget()
    {
        lastEnd.Clear();
        gaps.Clear();
    }

    /// <summary>Milliseconds between the end of an effect and the begin of the next one of the same run, sorted.</summary>
    public double[] Gaps() => [.. gaps.Order()];

    /// <param name="sorted">Values in ascending order.</param>
    /// <param name="share">0 to 1.</param>
    public static double Percentile(double[] sorted, double share) =>
        sorted.Length == 0 ? 0 : sorted[Math.Min(sorted.Length - 1, (int)(sorted.Length * share))];
}
