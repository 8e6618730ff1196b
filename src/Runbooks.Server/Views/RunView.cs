using System.Text.Json.Nodes;
using Runbooks.Workflows.Runs;

namespace Runbooks.Server.Views;

/// <summary>The head of a run.</summary>
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
    JsonObject Output)
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
            run.Output);
    }
}

/// <summary>A run with everything that happened in it.</summary>
/// <param name="Run">The head.</param>
/// <param name="Stages">Its visible stages in the order of the definition, done or not.</param>
/// <param name="Steps">Its steps in the order in which they were scheduled.</param>
/// <param name="Children">Runs that it started.</param>
/// <param name="Allowed">What may be asked of it now: <c>cancel</c>, <c>retry</c>.</param>
public sealed record RunDetail(RunView Run, IReadOnlyList<StageView> Stages, IReadOnlyList<StepView> Steps, IReadOnlyList<RunView> Children, IReadOnlyList<string> Allowed);

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
    string? Worker);

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
