using System.Text.Json.Nodes;

namespace Runbooks.Workflows.Activities;

/// <summary>How an effect ended. There is no way to say "failed, probably": what is not known is <see cref="Unknown"/>.</summary>
public abstract record EffectResult
{
    private EffectResult()
    {
    }

    /// <summary>It has happened.</summary>
    /// <param name="Outputs">Values of the activity's outputs by name.</param>
    /// <param name="Outcome">By which outcome the activity is left.</param>
    public sealed record Done(JsonObject? Outputs = null, string Outcome = "Done") : EffectResult;

    /// <summary>It certainly did not happen, and nothing of it is left over.</summary>
    /// <param name="Reason">What, in which object, what was found, what to do.</param>
    public sealed record Failed(string Reason) : EffectResult;

    /// <summary>It may or may not have happened. It will be reconciled, and if that does not help, a person is asked.</summary>
    public sealed record Unknown(string Reason) : EffectResult;

    /// <summary>
    /// It can't happen yet and certainly has not: the run waits without a worker, and the effect is started again later, with
    /// the same inputs. A further try of a change may look first, as after a crash: it is written only when it brings more than
    /// another wait.
    /// </summary>
    /// <param name="Reason">What it waits for.</param>
    /// <param name="RetryAfter">When it is started again at the latest.</param>
    /// <param name="WakeKey">The event that wakes it sooner, as in <see cref="Runs.Bookmark.Key"/>; null: only time does.</param>
    public sealed record Postponed(string Reason, TimeSpan RetryAfter, string? WakeKey = null) : EffectResult;
}

/// <summary>What a step with an intent and no outcome was found to be.</summary>
public abstract record Reconciliation
{
    private Reconciliation()
    {
    }

    /// <summary>It has happened.</summary>
    public sealed record Done(JsonObject? Outputs = null, string Outcome = "Done") : Reconciliation;

    /// <summary>It has not happened; it may be started again.</summary>
    public sealed record NotDone(string Found) : Reconciliation;

    /// <summary>It is happening: join it.</summary>
    public sealed record InProgress(string Found) : Reconciliation;

    /// <summary>Nobody can tell at the moment.</summary>
    public sealed record Unknown(string Reason) : Reconciliation;
}

/// <summary>How an undo ended.</summary>
public abstract record UndoResult
{
    private UndoResult()
    {
    }

    /// <summary>It is undone, or there was nothing left to undo; the note says which.</summary>
    public sealed record Undone(string Note) : UndoResult;

    /// <summary>It could not be undone now; it is tried again, and then a person is asked.</summary>
    public sealed record Failed(string Reason) : UndoResult;
}
