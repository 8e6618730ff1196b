using System.Text.Json.Nodes;
using Runbooks.Workflows.Operations;
using Runbooks.Workflows.Runs;

namespace Runbooks.Server.Elsa.Instances;

/// <summary>A step as Elsa's activity execution record.</summary>
internal sealed record StepRecord(
    string Id,
    string WorkflowInstanceId,
    string ActivityId,
    string ActivityNodeId,
    string ActivityType,
    int ActivityTypeVersion,
    string? ActivityName,
    JsonObject? ActivityState,
    JsonObject? Payload,
    JsonObject? Outputs,
    JsonObject Properties,
    JsonObject Metadata,
    ExceptionShape? Exception,
    DateTimeOffset StartedAt,
    bool HasBookmarks,
    string Status,
    int AggregateFaultCount,
    DateTimeOffset? CompletedAt,
    string? SchedulingActivityExecutionId,
    string? SchedulingActivityId,
    string? SchedulingWorkflowInstanceId,
    int CallStackDepth)
{
    /// <summary>The same without what may be large.</summary>
    public StepRecord Short() => this with { ActivityState = null, Outputs = null, Payload = null };

    public static StepRecord Of(InstanceFacts facts, ActivityExecution step)
    {
        var run = facts.Run;
        var parent = step.ParentNumber is { } number ? facts.Facts.Step(number) : null;
        return new StepRecord(
            StepIds.Of(run.Id, step.Number),
            run.Id.ToString(),
            step.ActivityId,
            step.NodeId,
            step.ActivityType,
            facts.ActivityOf(step)?.Descriptor.Version ?? 1,
            step.ActivityName,
            step.Inputs,
            step.Outcomes.Count == 0 ? null : new JsonObject { ["Outcomes"] = new JsonArray([.. step.Outcomes.Select(o => JsonValue.Create(o))]) },
            step.Outputs,
            PropertiesOf(facts, step),
            PropertiesOf(facts, step),
            step.Error is { Length: > 0 } error ? ExceptionShape.Of(TypeOf(facts.Facts.IncidentOf(step), step), error) : null,
            step.StartedAt,
            facts.Waits(step),
            step.Status.ToString(),
            facts.Faults(step),
            step.CompletedAt,
            StepIds.Of(run.Id, step.ParentNumber ?? 0),
            parent?.ActivityId ?? InstanceWords.Workflow,
            null,
            facts.DepthOf(step) + 1);
    }

    /// <summary>The run as a whole, which Elsa shows as an activity around its root.</summary>
    public static StepRecord OfRun(InstanceFacts facts)
    {
        var run = facts.Run;
        var status = run.Status switch
        {
            RunStatus.Finished => nameof(ActivityStatus.Completed),
            RunStatus.Cancelled => nameof(ActivityStatus.Canceled),
            RunStatus.Compensated or RunStatus.Faulted => nameof(ActivityStatus.Faulted),
            RunStatus.Pending => nameof(RunStatus.Pending),
            _ => nameof(ActivityStatus.Running),
        };
        var properties = InstanceShape.PropertiesOf(facts);
        return new StepRecord(
            StepIds.Of(run.Id, 0),
            run.Id.ToString(),
            InstanceWords.Workflow,
            InstanceWords.Workflow,
            InstanceWords.WorkflowType,
            1,
            InstanceWords.Name(run),
            run.Input,
            null,
            run.Output,
            properties,
            properties.DeepClone().AsObject(),
            run.Status is RunStatus.Compensated or RunStatus.Faulted && run.Reason is { } reason ? ExceptionShape.Of(run.Status.ToString(), reason) : null,
            run.StartedAt ?? run.CreatedAt,
            run.Status is RunStatus.Suspended or RunStatus.Paused or RunStatus.NeedsAttention,
            status,
            facts.Steps.Count(s => s.Status == ActivityStatus.Faulted),
            run.FinishedAt,
            null,
            null,
            run.ParentRunId?.ToString(),
            0);
    }

    /// <summary>What Elsa has no field for: how far the effect and its undo are, and what a dry run left out.</summary>
    private static JsonObject PropertiesOf(InstanceFacts facts, ActivityExecution step)
    {
        var properties = new JsonObject();
        if (step.WasLeftOut)
        {
            properties["runbooks:effect"] = "notDone";
            properties["runbooks:dryRun"] = true;
        }
        else if (step.Effect != EffectState.None)
        {
            properties["runbooks:effect"] = InstanceWords.Word(step.Effect);
        }

        if (step.Undo != UndoState.None)
        {
            properties["runbooks:undo"] = InstanceWords.Word(step.Undo);
            properties["runbooks:undoNote"] = step.UndoNote ?? (step.Undo == UndoState.Irreversible ? facts.ActivityOf(step)?.Descriptor.NoUndoReason : null);
        }

        if (step.Role != HandlerRole.None)
        {
            properties["runbooks:handler"] = InstanceWords.Word(step.Role);
        }

        if (facts.Facts.IncidentOf(step) is { } incident)
        {
            properties["runbooks:needsAttention"] = InstanceWords.Word(incident);
        }

        if (step.Attempt > 0)
        {
            properties["runbooks:attempt"] = step.Attempt;
            properties["runbooks:worker"] = step.Worker;
        }

        if (step.Progress is { } progress)
        {
            properties["runbooks:progress"] = progress.DeepClone();
        }

        return properties;
    }

    private static string TypeOf(IncidentKind? kind, ActivityExecution step) => kind switch
    {
        IncidentKind.Unknown => "OutcomeUnknown",
        IncidentKind.UndoFailed => "UndoFailed",
        _ => step.Status.ToString(),
    };
}

/// <summary>An error as Elsa's exception state.</summary>
internal sealed record ExceptionShape(string Type, string Message, string? StackTrace, ExceptionShape? InnerException)
{
    public static ExceptionShape Of(string what, string message) => new($"Runbooks.{what}", message, null, null);
}

/// <summary>How often the activity at a node was executed, and how it is; Studio's badge.</summary>
internal sealed record StepStats(
    string ActivityId, string ActivityNodeId, int StartedCount, int CompletedCount, int UncompletedCount, bool IsBlocked, bool IsFaulted, int AggregateFaultCount)
{
    public JsonObject Metadata { get; init; } = [];

    /// <summary>Of each node that has been executed.</summary>
    public static IReadOnlyList<StepStats> Of(InstanceFacts facts)
    {
        var run = StepRecord.OfRun(facts);
        return
        [
            new StepStats(run.ActivityId, run.ActivityNodeId, 1, run.CompletedAt is null ? 0 : 1, run.CompletedAt is null ? 1 : 0, run.HasBookmarks, run.Status == nameof(ActivityStatus.Faulted), run.AggregateFaultCount),
            .. facts.Steps.GroupBy(s => s.NodeId, StringComparer.Ordinal).Select(steps => Of(facts, [.. steps])),
        ];
    }

    private static StepStats Of(InstanceFacts facts, IReadOnlyList<ActivityExecution> steps)
    {
        var completed = steps.Count(s => s.CompletedAt is not null);
        return new StepStats(
            steps[0].ActivityId,
            steps[0].NodeId,
            steps.Count,
            completed,
            steps.Count - completed,
            steps.Any(facts.Waits),
            steps.Any(s => s.Status == ActivityStatus.Faulted),
            steps.Sum(facts.Faults))
        {
            Metadata = MetadataOf(steps),
        };
    }

    private static JsonObject MetadataOf(IReadOnlyList<ActivityExecution> steps)
    {
        var metadata = new JsonObject();
        Count("runbooks:undone", UndoState.Undone);
        Count("runbooks:undoFailed", UndoState.Failed);
        if (steps.Count(s => s.WasLeftOut) is var leftOut and > 0)
        {
            metadata["runbooks:notDone"] = leftOut;
        }

        return metadata;

        void Count(string name, UndoState state)
        {
            if (steps.Count(s => s.Undo == state) is var count and > 0)
            {
                metadata[name] = count;
            }
        }
    }

    /// <summary>Records are compared by value; an object of JSON is not.</summary>
    public bool IsSameAs(StepStats? other) => other is not null && this == other with { Metadata = Metadata } && JsonNode.DeepEquals(Metadata, other.Metadata);
}
