namespace Runbooks.Workflows.Runs;

/// <summary>Where a run is. The words are those of the README, the API and the console.</summary>
public enum RunStatus
{
    /// <summary>Accepted, not yet taken by a worker.</summary>
    Pending,

    /// <summary>A worker holds its lease and executes it, or died doing so and its lease will expire.</summary>
    Executing,

    /// <summary>It waits for the bookmarks that it has set: a time, a child run, an event.</summary>
    Suspended,

    /// <summary>Somebody paused it: nothing starts until it is resumed.</summary>
    Paused,

    /// <summary>It failed or was cancelled; what it had completed is being undone, last first.</summary>
    Compensating,

    /// <summary>End state: it did what it was started for.</summary>
    Finished,

    /// <summary>End state: it failed, and everything that it had changed was undone.</summary>
    Compensated,

    /// <summary>End state: somebody cancelled it, and everything that it had changed was undone.</summary>
    Cancelled,

    /// <summary>It can't go on or back without a person; the reason says why. Not an end state.</summary>
    NeedsAttention,

    /// <summary>End state: an error in the definition or in the product stopped it; what it had changed was undone.</summary>
    Faulted,
}

public static class RunStatuses
{
    /// <summary>True for states that a run never leaves.</summary>
    public static bool IsEnd(this RunStatus status) =>
        status is RunStatus.Finished or RunStatus.Compensated or RunStatus.Cancelled or RunStatus.Faulted;
}
