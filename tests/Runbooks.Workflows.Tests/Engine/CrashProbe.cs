using Runbooks.Workflows.Execution;
using Runbooks.Workflows.Runs;

namespace Runbooks.Workflows.Tests.Engine;

/// <summary>The worker dies here: what was not committed is lost.</summary>
public sealed class SimulatedCrashException(string where) : Exception($"Crashed at {where}.");

/// <summary>Counts journal points, and lets the worker die at one of them.</summary>
public sealed class CrashProbe : IExecutionProbe
{
    private readonly List<string> seen = [];
    private readonly Lock gate = new();

    /// <summary>The point to die at, from 1; null: at none.</summary>
    public int? DieAt { get; set; }

    /// <summary>Dies again at every so many points after the first time; null: only once.</summary>
    public int? DieAgainEvery { get; set; }

    public int Deaths { get; private set; }

    /// <summary>Called at every point; the worker waits for it.</summary>
    public Func<JournalPoint, ValueTask> OnPoint { get; set; } = static _ => ValueTask.CompletedTask;

    /// <summary>What was passed, in order.</summary>
    public IReadOnlyList<string> Seen
    {
        get
        {
            lock (gate)
            {
                return [.. seen];
            }
        }
    }

    public ValueTask ReachedAsync(JournalPoint point, RunId run, string? nodeId)
    {
        lock (gate)
        {
            var where = $"{point} {nodeId}";
            seen.Add(where);
            if (seen.Count == DieAt)
            {
                DieAt = DieAgainEvery is { } every ? seen.Count + every : null;
                Deaths++;
                throw new SimulatedCrashException(where);
            }
        }

        return OnPoint(point);
    }
}
