using System.Text.Json.Nodes;

namespace Runbooks.Workflows.Runs;

/// <summary>The status of a step, in Elsa's words.</summary>
public enum ActivityStatus
{
    Running,
    Completed,
    Canceled,
    Faulted,
}

/// <summary>How far an effect is. Only steps that touch the world leave <see cref="None"/>.</summary>
public enum EffectState
{
    /// <summary>The step has no effect, or has not been started.</summary>
    None,

    /// <summary>The intent is committed; the effect may or may not have happened. After a crash this is what is reconciled.</summary>
    Intended,

    /// <summary>It has happened, and the outcome is committed.</summary>
    Done,

    /// <summary>It certainly did not happen.</summary>
    Failed,

    /// <summary>Nobody can tell. The run waits for a person; it is never treated as failed.</summary>
    Unknown,
}

/// <summary>How far the undo of a completed step is.</summary>
public enum UndoState
{
    /// <summary>There is nothing to undo: the step did not change anything.</summary>
    None,

    /// <summary>It will be undone if the run compensates.</summary>
    Available,

    /// <summary>It changed the world and has no undo; <see cref="ActivityExecution.UndoNote"/> holds the written reason.</summary>
    Irreversible,

    /// <summary>The intent to undo is committed; the undo may or may not have happened.</summary>
    Intended,

    Undone,

    /// <summary>It could not be undone; <see cref="ActivityExecution.UndoNote"/> says why. The run needs attention.</summary>
    Failed,

    /// <summary>It is final: it was confirmed and will not be undone any more.</summary>
    Confirmed,
}

/// <summary>Which part of a <c>CompensableActivity</c> a step is, when it isn't its body.</summary>
public enum HandlerRole
{
    /// <summary>An ordinary step.</summary>
    None,

    /// <summary>It undoes a body that had completed.</summary>
    Compensation,

    /// <summary>It makes a body final that had completed.</summary>
    Confirmation,

    /// <summary>It undoes a body that had not completed.</summary>
    Cancellation,
}

/// <summary>One execution of one activity in a run: a step.</summary>
public sealed class ActivityExecution
{
    /// <summary>Number within the run, from 1, in the order in which steps were scheduled.</summary>
    public required long Number { get; init; }

    /// <summary>The step that scheduled this one; null for the root.</summary>
    public long? ParentNumber { get; init; }

    /// <summary>Path of the activity in the definition, such as <c>Workflow1:Flowchart1:a-move</c>.</summary>
    /// <summary>Whether the step is the root of a handler; everything inside a handler belongs to the way back and is not undone itself.</summary>
    public HandlerRole Role { get; init; }

    public required string NodeId { get; init; }

    public required string ActivityId { get; init; }

    public required string ActivityType { get; init; }

    public required string ActivityName { get; init; }

    public ActivityStatus Status { get; set; } = ActivityStatus.Running;

    /// <summary>The evaluated inputs, frozen when the intent was committed: a step that is run again uses the same.</summary>
    public JsonObject Inputs { get; set; } = [];

    public JsonObject Outputs { get; set; } = [];

    public List<string> Outcomes { get; set; } = [];

    /// <summary>What the activity itself remembers between its wake-ups: visit counts of a flowchart, the index of a loop.</summary>
    public JsonObject State { get; set; } = [];

    /// <summary>Values of variables that this container declares, by variable id.</summary>
    public JsonObject Variables { get; set; } = [];

    public EffectState Effect { get; set; }

    /// <summary>What is around the step was cancelled while it could not be stopped: it settles, and nothing follows it.</summary>
    public bool CancelRequested { get; set; }

    /// <summary>How often the effect was started, from 1.</summary>
    public int Attempt { get; set; }

    public UndoState Undo { get; set; }

    public string? UndoNote { get; set; }

    /// <summary>Place in the order of completion within the run; compensation goes from the highest to the lowest.</summary>
    public long? CompletionOrder { get; set; }

    /// <summary>It would have changed the world, and a dry run left it out; outcomes and outputs are what was predicted.</summary>
    public bool WasLeftOut => State.ContainsKey(LeftOut);

    /// <summary>In the state of such a step, so that programs which know no dry runs can still read it.</summary>
    internal const string LeftOut = "leftOutByDryRun";

    /// <summary>The last progress that the effect reported, for people; never decided on.</summary>
    public JsonObject? Progress { get; set; }

    /// <summary>Why it faulted or is unknown: what, in which object, what was found, what to do.</summary>
    public string? Error { get; set; }

    public required DateTimeOffset StartedAt { get; init; }

    public DateTimeOffset? CompletedAt { get; set; }

    /// <summary>The worker that started the effect.</summary>
    public string? Worker { get; set; }
}
