using System.Text.Json.Nodes;
using Runbooks.Workflows.Activities;
using Runbooks.Workflows.Runs;

namespace Runbooks.Workflows.Children;

/// <summary>What both activities share: a child run is created in the commit that records that the parent waits for it.</summary>
public abstract class ChildWorkflowActivity : Activity
{
    [Input(Description = "The runbook to run.", Required = true, UiHint = "workflow-definition-picker")]
    public Input<string> WorkflowDefinitionId { get; } = new();

    [Input(Description = "Correlation id of the child run.")]
    public Input<string> CorrelationId { get; } = new();

    [Input(Description = "Values of the child's inputs by name.", UiHint = "dictionary")]
    public Input<JsonObject> Input { get; } = new();

    [Output(Description = "How the child run ended: workflowInstanceId, status, subStatus, reason, output.")]
    public Output<JsonNode> Result { get; } = new();

    protected RunId StartChild(ActivityExecutionContext context, bool wait)
    {
        ArgumentNullException.ThrowIfNull(context);
        var definitionId = context.Get(WorkflowDefinitionId) ?? "";
        var input = context.Get(Input)?.DeepClone().AsObject() ?? [];
        return context.CreateChildRun(definitionId, input, context.Get(CorrelationId), wait);
    }

    protected internal sealed override ValueTask OnResumedAsync(ActivityExecutionContext context, Bookmark bookmark, JsonNode? input)
    {
        ArgumentNullException.ThrowIfNull(context);
        context.Set(Result, input?.DeepClone());
        context.Complete();
        return ValueTask.CompletedTask;
    }
}

/// <summary>Runs another runbook as a child run and waits until it has ended.</summary>
[Activity("Elsa", "Composition", "Runs another runbook and waits for its end; Result says how it ended.")]
public sealed class ExecuteWorkflow : ChildWorkflowActivity
{
    protected internal override ValueTask ExecuteAsync(ActivityExecutionContext context)
    {
        _ = StartChild(context, wait: true);
        return ValueTask.CompletedTask;
    }
}

/// <summary>Starts another runbook as a run of its own; waits for it only when asked to.</summary>
[Activity("Elsa", "Composition", "Starts another runbook; waits for its end only when asked to.")]
public sealed class DispatchWorkflow : ChildWorkflowActivity
{
    [Input(Description = "Wait for the child's end.", DefaultValue = false, UiHint = "checkbox")]
    public Input<bool> WaitForCompletion { get; } = new();

    protected internal override ValueTask ExecuteAsync(ActivityExecutionContext context)
    {
        var wait = context.Get(WaitForCompletion);
        var child = StartChild(context, wait);
        if (!wait)
        {
            context.Set(Result, new JsonObject { ["workflowInstanceId"] = child.ToString() });
            context.Complete();
        }

        return ValueTask.CompletedTask;
    }
}
