using System.Text.Json.Nodes;
using Runbooks.Server.Approvals;
using Runbooks.Workflows.Operations;
using Runbooks.Workflows.Runs;

namespace Runbooks.Server.Views;

/// <summary>The head of a run.</summary>
/// <param name="Name">What the workflow calls this run; null: as its runbook.</param>
/// <param name="PausedBy">Who paused it, and why; null: it isn't paused.</param>
/// <param name="GoesBackTo">While it is undone: the state in which it will end.</param>
/// <param name="RestartOf">The run in whose place it was started.</param>
/// <param name="DryRun">It changes nothing: what would is left out.</param>
public sealed record RunView(
    string Id,
    string Runbook,
    int Version,
    RunStatus Status,
    bool Ended,
    string? Reason,
    string StartedBy,
    string? CorrelationId,
    string? ParentRunId,
    DateTimeOffset CreatedAt,
    DateTimeOffset? StartedAt,
    DateTimeOffset? FinishedAt,
    JsonObject Input,
    JsonObject Output,
    string? Name,
    string? PausedBy,
    RunStatus? GoesBackTo,
    string? RestartOf,
    bool DryRun)
{
    public static RunView Of(Run run)
    {
        ArgumentNullException.ThrowIfNull(run);
        return new RunView(
            run.Id.ToString(),
            run.DefinitionId,
            run.DefinitionVersion,
            run.Status,
            run.Status.IsEnd(),
            run.Reason,
            run.StartedBy,
            run.CorrelationId,
            run.ParentRunId?.ToString(),
            run.CreatedAt,
            run.StartedAt,
            run.FinishedAt,
            run.Input,
            run.Output,
            run.Name,
            run.PausedBy,
            run.Status.IsEnd() ? null : run.CompensatesTo,
            Orders.Restarts.OriginOf(run),
            run.IsDryRun);
    }
}

/// <summary>A run with everything that happened in it.</summary>
/// <param name="Run">The head.</param>
/// <param name="Stages">Its visible stages in the order of the definition, done or not.</param>
/// <param name="Steps">Its steps in the order in which they were scheduled.</param>
/// <param name="Children">Runs that it started.</param>
/// <param name="Allowed">What may be asked of it now.</param>
public sealed record RunDetail(RunView Run, IReadOnlyList<StageView> Stages, IReadOnlyList<StepView> Steps, IReadOnlyList<RunView> Children, IReadOnlyList<string> Allowed)
{
    /// <summary>Steps that a person must look at.</summary>
    public IReadOnlyList<IncidentView> Incidents { get; init; } = [];

    /// <summary>Ways back over completed steps that are in progress.</summary>
    public IReadOnlyList<PassView> Passes { get; init; } = [];

    /// <summary>What it asked people for, answered or not.</summary>
    public IReadOnlyList<ApprovalView> Approvals { get; init; } = [];

    /// <summary>Its changes in the order in which they are, were or would be undone.</summary>
    public IReadOnlyList<UndoView> Undo { get; init; } = [];
}

/// <summary>A step that a person must look at.</summary>
/// <param name="Kind">Why: it failed, its outcome is unknown, or it could not be undone.</param>
/// <param name="Allowed">What may be asked about this step.</param>
/// <param name="Outcomes">The outcomes by which it can be left.</param>
public sealed record IncidentView(long Step, string Activity, string Name, IncidentKind Kind, string Message, IReadOnlyList<string> Allowed, IReadOnlyList<string> Outcomes);

/// <summary>A way back in progress.</summary>
/// <param name="Mode">Whether the steps are undone or confirmed.</param>
/// <param name="Scope">The step in which; null: the whole run.</param>
/// <param name="RestartsFrom">The step that is executed again afterwards; null: none.</param>
public sealed record PassView(PassMode Mode, long? Scope, long? RestartsFrom);

/// <summary>A change and what became of it on the way back.</summary>
/// <param name="Order">Place on the way back, from 1.</param>
public sealed record UndoView(int Order, long Step, string Activity, string Name, UndoState State, string? Note);

/// <summary>One step of a run.</summary>
public sealed record StepView(
    long Number,
    long? Parent,
    string Activity,
    string Name,
    string Type,
    bool TouchesTheWorld,
    ActivityStatus Status,
    EffectState Effect,
    UndoState Undo,
    string? UndoNote,
    int Attempt,
    JsonObject? Progress,
    JsonObject Inputs,
    JsonObject Outputs,
    IReadOnlyList<string> Outcomes,
    string? Error,
    DateTimeOffset StartedAt,
    DateTimeOffset? CompletedAt,
    string? Worker)
{
    /// <summary>It would have changed the world, and a dry run left it out.</summary>
    public bool LeftOut { get; init; }

    /// <summary>What may be asked about this step now.</summary>
    public IReadOnlyList<string> Allowed { get; init; } = [];
}

/// <summary>How far a stage of a run is.</summary>
public enum StageState
{
    Waiting,
    Current,
    Done,
    Failed,
    Undone,

    /// <summary>The run ended without coming here.</summary>
    Skipped,
}

/// <summary>A stage that an operator can see: an activity of the definition that touches the world or starts another run.</summary>
/// <param name="Activity">Its id in the definition.</param>
/// <param name="Name">What the definition calls it.</param>
/// <param name="State">How far it is.</param>
/// <param name="Times">How often it was executed, in loops.</param>
public sealed record StageView(string Activity, string Name, StageState State, int Times);
