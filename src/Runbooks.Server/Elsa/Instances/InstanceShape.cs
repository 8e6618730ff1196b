using System.Text.Json.Nodes;
using Runbooks.Workflows.Library;
using Runbooks.Workflows.Operations;
using Runbooks.Workflows.Runs;

namespace Runbooks.Server.Elsa.Instances;

/// <summary>A run as Elsa's workflow instance; in a list without its state.</summary>
internal sealed record InstanceShape(
    string Id,
    string DefinitionId,
    string DefinitionVersionId,
    int Version,
    string? ParentWorkflowInstanceId,
    string Status,
    string SubStatus,
    bool IsExecuting,
    string? CorrelationId,
    string Name,
    int IncidentCount,
    bool IsSystem,
    DateTimeOffset CreatedAt,
    DateTimeOffset UpdatedAt,
    DateTimeOffset? FinishedAt)
{
    /// <summary>Null in a list.</summary>
    [System.Text.Json.Serialization.JsonIgnore(Condition = System.Text.Json.Serialization.JsonIgnoreCondition.WhenWritingNull)]
    public JsonObject? WorkflowState { get; init; }

    /// <summary>For a list.</summary>
    public static InstanceShape Of(Run run) => new(
        run.Id.ToString(),
        run.DefinitionId,
        new VersionId(run.DefinitionId, run.DefinitionVersion).ToString(),
        run.DefinitionVersion,
        run.ParentRunId?.ToString(),
        InstanceWords.Status(run.Status),
        InstanceWords.SubStatus(run.Status),
        run.Status is RunStatus.Executing or RunStatus.Compensating,
        run.CorrelationId,
        InstanceWords.Name(run),
        InstanceWords.IncidentCount(run),
        false,
        run.CreatedAt,
        run.FinishedAt ?? run.StartedAt ?? run.CreatedAt,
        run.FinishedAt);

    /// <summary>The whole of it.</summary>
    /// <param name="facts">What is known of the run.</param>
    /// <param name="updatedAt">When its history was last added to.</param>
    public static InstanceShape Of(InstanceFacts facts, DateTimeOffset updatedAt)
    {
        var head = Of(facts.Run) with { UpdatedAt = updatedAt };
        var incidents = IncidentsOf(facts);
        return head with { IncidentCount = incidents.Count, WorkflowState = StateOf(facts, head, incidents) };
    }

    /// <summary>What Elsa has no field for. Also what may be asked of the run, in the words of its own API.</summary>
    public static JsonObject PropertiesOf(InstanceFacts facts)
    {
        var run = facts.Run;
        var properties = new JsonObject
        {
            ["runbooks:status"] = InstanceWords.Word(run.Status),
            ["runbooks:reason"] = run.Reason,
            ["runbooks:startedBy"] = run.StartedBy,
            ["runbooks:allowed"] = new JsonArray([.. OrderRules.Allowed(facts.Facts).Select(v => JsonValue.Create(v.Word()))]),
        };
        if (run.IsDryRun)
        {
            properties["runbooks:dryRun"] = true;
        }

        if (run.PausedBy is { } by)
        {
            properties["runbooks:pausedBy"] = by;
        }

        if (facts.Facts.GoesBack)
        {
            properties["runbooks:goesBackTo"] = InstanceWords.Word(run.CompensatesTo!.Value);
        }

        return properties;
    }

    /// <summary>Steps that a person must look at; of a run that has ended badly, why.</summary>
    public static IReadOnlyList<JsonObject> IncidentsOf(InstanceFacts facts)
    {
        var run = facts.Run;
        var open = facts.Facts.Incidents().Select(i => Incident(i.Step.ActivityId, i.Step.NodeId, i.Step.ActivityType, i.Kind.ToString(), i.Message, i.Step.CompletedAt ?? i.Step.StartedAt)).ToArray();
        if (open.Length > 0 || run.Status is not (RunStatus.Faulted or RunStatus.Compensated or RunStatus.NeedsAttention))
        {
            return open;
        }

        var faulted = facts.Steps.Where(s => s.Status == ActivityStatus.Faulted).OrderBy(s => s.Number)
            .Select(s => Incident(s.ActivityId, s.NodeId, s.ActivityType, nameof(ActivityStatus.Faulted), s.Error ?? run.Reason ?? "", s.CompletedAt ?? s.StartedAt)).ToArray();
        return faulted.Length > 0 ? faulted : [Incident(InstanceWords.Workflow, InstanceWords.Workflow, InstanceWords.WorkflowType, run.Status.ToString(), run.Reason ?? "", run.FinishedAt ?? run.CreatedAt)];
    }

    private static JsonObject Incident(string id, string nodeId, string type, string kind, string message, DateTimeOffset at) => new()
    {
        ["activityId"] = id,
        ["activityNodeId"] = nodeId,
        ["activityType"] = type,
        ["message"] = message,
        ["exception"] = new JsonObject { ["type"] = $"Runbooks.{kind}", ["message"] = message, ["stackTrace"] = null, ["innerException"] = null },
        ["timestamp"] = at,
    };

    private static JsonObject StateOf(InstanceFacts facts, InstanceShape head, IReadOnlyList<JsonObject> incidents)
    {
        var run = facts.Run;
        return new JsonObject
        {
            ["id"] = head.Id,
            ["definitionId"] = head.DefinitionId,
            ["definitionVersionId"] = head.DefinitionVersionId,
            ["definitionVersion"] = head.Version,
            ["parentWorkflowInstanceId"] = head.ParentWorkflowInstanceId,
            ["correlationId"] = head.CorrelationId,
            ["name"] = head.Name,
            ["status"] = head.Status,
            ["subStatus"] = head.SubStatus,
            ["isExecuting"] = head.IsExecuting,
            ["bookmarks"] = new JsonArray([.. facts.Bookmarks.Select(b => BookmarkOf(facts, b))]),
            ["incidents"] = new JsonArray([.. incidents]),
            ["isSystem"] = false,
            ["completionCallbacks"] = new JsonArray(),
            ["activityExecutionContexts"] = new JsonArray([.. facts.Steps.Select(s => ContextOf(facts, s))]),
            ["scheduledActivities"] = new JsonArray(),
            ["executionLogSequence"] = run.NextJournalSequence - 1,
            ["input"] = run.Input.DeepClone(),
            ["output"] = run.Output.DeepClone(),
            ["properties"] = PropertiesOf(facts),
            ["createdAt"] = head.CreatedAt,
            ["updatedAt"] = head.UpdatedAt,
            ["finishedAt"] = head.FinishedAt,
        };
    }

    private static JsonObject BookmarkOf(InstanceFacts facts, Bookmark bookmark)
    {
        var step = facts.Facts.Step(bookmark.ExecutionNumber);
        return new JsonObject
        {
            ["id"] = bookmark.Id,
            ["name"] = bookmark.Name,
            ["hash"] = bookmark.Key,
            ["payload"] = bookmark.Payload?.DeepClone(),
            ["activityId"] = step?.ActivityId,
            ["activityNodeId"] = step?.NodeId,
            ["activityInstanceId"] = StepIds.Of(facts.Run.Id, bookmark.ExecutionNumber),
            ["createdAt"] = step?.StartedAt,
            ["autoBurn"] = true,
            ["callbackMethodName"] = null,
            ["autoComplete"] = true,
            ["metadata"] = bookmark.DueAt is { } due ? new JsonObject { ["dueAt"] = due } : new JsonObject(),
        };
    }

    private static JsonObject ContextOf(InstanceFacts facts, ActivityExecution step)
    {
        var record = StepRecord.Of(facts, step);
        return new JsonObject
        {
            ["id"] = record.Id,
            ["callStackDepth"] = record.CallStackDepth,
            ["parentContextId"] = step.ParentNumber is { } parent ? StepIds.Of(facts.Run.Id, parent) : null,
            ["scheduledActivityNodeId"] = step.NodeId,
            ["ownerActivityNodeId"] = step.ParentNumber is { } owner ? facts.Facts.Step(owner)?.NodeId : null,
            ["properties"] = record.Properties,
            ["metadata"] = record.Metadata,
            ["activityState"] = step.Inputs.DeepClone(),
            ["dynamicVariables"] = new JsonArray(),
            ["status"] = record.Status,
            ["isExecuting"] = step.Status == ActivityStatus.Running,
            ["faultCount"] = record.AggregateFaultCount,
            ["startedAt"] = step.StartedAt,
            ["completedAt"] = step.CompletedAt,
            ["tag"] = null,
        };
    }
}
