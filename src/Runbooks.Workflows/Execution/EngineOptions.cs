namespace Runbooks.Workflows.Execution;

/// <summary>How a worker executes runs.</summary>
public sealed class EngineOptions
{
    /// <summary>The worker's name: unique among processes that run at the same time, the same after a restart. Default: the name of the machine, and with a number behind it for a second process on it.</summary>
    public string Worker { get; set; } = Environment.MachineName;

    /// <summary>How long a run belongs to a worker that is not heard of. 30 s: longer than a pause, shorter than patience.</summary>
    public TimeSpan Lease { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>How long a worker that was told to stop waits for effects in flight, before it lets go of them as they are.</summary>
    public TimeSpan DrainFor { get; set; } = TimeSpan.FromSeconds(20);

    /// <summary>How long an effect that was asked to end, by a cancellation or its time limit, may take before its outcome is looked for instead.</summary>
    public TimeSpan CancelGrace { get; set; } = TimeSpan.FromMinutes(2);

    /// <summary>Runs that one worker executes side by side.</summary>
    public int Concurrency { get; set; } = 16;

    /// <summary>How long an idle worker waits before it asks the store again, when nothing tells it to look sooner.</summary>
    public TimeSpan Poll { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>How long a run that no worker can load waits for one that can, as in an upgrade, before a person is asked.</summary>
    public TimeSpan NobodyAbleFor { get; set; } = TimeSpan.FromMinutes(10);

    /// <summary>First pause before a database that is away is asked again; doubles up to <see cref="LongestOutagePause"/>.</summary>
    public TimeSpan FirstOutagePause { get; set; } = TimeSpan.FromMilliseconds(200);

    public TimeSpan LongestOutagePause { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>How long the outcome of a step is looked for before a person is asked.</summary>
    public TimeSpan ReconcileFor { get; set; } = TimeSpan.FromMinutes(2);

    /// <summary>First pause between two looks; doubles up to <see cref="MaxPause"/>.</summary>
    public TimeSpan FirstPause { get; set; } = TimeSpan.FromSeconds(1);

    public TimeSpan MaxPause { get; set; } = TimeSpan.FromSeconds(15);

    /// <summary>How often an effect that was found not to have happened is started, in all.</summary>
    public int MaxAttempts { get; set; } = 3;

    /// <summary>How long an event that nobody waits for is kept for a run that will, unless it says so itself.</summary>
    public TimeSpan KeepEventsFor { get; set; } = Events.EventLife.Kept;

    /// <summary>How often an undo is tried before a person is asked.</summary>
    public int MaxUndoAttempts { get; set; } = 5;
}
