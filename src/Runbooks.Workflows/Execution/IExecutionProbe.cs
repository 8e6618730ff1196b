using Runbooks.Workflows.Runs;

namespace Runbooks.Workflows.Execution;

/// <summary>Points of an execution at which a crash makes a difference.</summary>
public enum JournalPoint
{
    /// <summary>The run is claimed and loaded; nothing was done yet.</summary>
    Claimed,

    /// <summary>State has changed in memory and is about to be written.</summary>
    BeforeCommit,

    /// <summary>It is written; what it announces has not been started.</summary>
    AfterCommit,

    /// <summary>The effect has ended; its outcome is not written yet.</summary>
    EffectEnded,

    /// <summary>The undo has ended; its outcome is not written yet.</summary>
    UndoEnded,
}

/// <summary>
/// Sees every journal point of every run. Part of the engine for fault injection: a probe that throws is a worker that
/// dies at that point; whatever was not committed is lost.
/// </summary>
public interface IExecutionProbe
{
    ValueTask ReachedAsync(JournalPoint point, RunId run, string? nodeId);
}

/// <summary>The probe of production: sees nothing.</summary>
public sealed class NoProbe : IExecutionProbe
{
    public ValueTask ReachedAsync(JournalPoint point, RunId run, string? nodeId) => ValueTask.CompletedTask;
}
