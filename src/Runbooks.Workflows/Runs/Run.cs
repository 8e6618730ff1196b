using System.Text.Json.Nodes;

namespace Runbooks.Workflows.Runs;

/// <summary>
/// The head of a run: what is true of the run as a whole. Its steps are <see cref="ActivityExecution"/>s, written apart,
/// so that a commit costs what has changed and not what has ever happened.
/// </summary>
public sealed class Run
{
    public required RunId Id { get; init; }

    /// <summary>The runbook, and the immutable version of it that this run stays on.</summary>
    public required string DefinitionId { get; init; }

    public required int DefinitionVersion { get; init; }

    /// <summary>
    /// It changes nothing outside of its own history: what looks at the world really looks, and what would change it is left
    /// out, with the inputs that it would have used. Its child runs are dry too. A run of a draft is always dry.
    /// </summary>
    public bool IsDryRun { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>Who or what started it: an operator, <c>schedule:nightly</c>, <c>event:…</c>, <c>run:…</c> for a child.</summary>
    public required string StartedBy { get; init; }

    /// <summary>Two wishes with one key are one run. Null: every wish is a run of its own.</summary>
    public string? IdempotencyKey { get; init; }

    public string? CorrelationId { get; set; }

    /// <summary>What the workflow calls this run (<c>SetName</c>); null: the name of its runbook.</summary>
    public string? Name { get; set; }

    /// <summary>What of its definition started it; null when it was started from outside.</summary>
    public RunTrigger? Trigger { get; init; }

    /// <summary>Whether it may start while others are open; asked once, when it is created.</summary>
    public Definitions.ActivationStrategy Activation { get; init; }

    /// <summary>The run, and its step, that waits for this one; null for a run of its own.</summary>
    public RunId? ParentRunId { get; init; }

    /// <summary>The bookmark of the parent that is resumed when this run ends; a parent that has it undone waits at a new one.</summary>
    public string? ParentBookmarkId { get; set; }

    public JsonObject Input { get; init; } = [];

    public JsonObject Output { get; set; } = [];

    /// <summary>Values of the workflow's variables by variable id.</summary>
    public JsonObject Variables { get; set; } = [];

    public RunStatus Status { get; set; } = RunStatus.Pending;

    /// <summary>Why it is in this status: of a failure the cause, of a wait what it waits for. Null when there is nothing to say.</summary>
    public string? Reason { get; set; }

    /// <summary>The end state that compensation leads to: <see cref="RunStatus.Compensated"/>, Cancelled or Faulted.</summary>
    public RunStatus? CompensatesTo { get; set; }

    /// <summary>Who paused the run, and why; null: it isn't paused. Effects in flight end, and no other starts.</summary>
    public string? PausedBy { get; set; }

    /// <summary>What is being undone or confirmed at the moment, in the order in which it was begun.</summary>
    public List<UndoPass> Passes { get; set; } = [];

    /// <summary>Numbers of steps that have faulted and wait for a person, while the run does not go back for them.</summary>
    public List<long> Incidents { get; set; } = [];

    /// <summary>Next number for a step of this run; numbers are never used twice.</summary>
    public long NextExecutionNumber { get; set; } = 1;

    /// <summary>Next number for a journal entry of this run.</summary>
    public long NextJournalSequence { get; set; } = 1;

    /// <summary>Next place in the order of completion, which compensation walks backwards.</summary>
    public long NextCompletionOrder { get; set; } = 1;

    public DateTimeOffset? StartedAt { get; set; }

    public DateTimeOffset? FinishedAt { get; set; }
}
