using System.Text.Json.Nodes;
using Runbooks.Workflows.Activities;
using Runbooks.Workflows.Runs;

namespace Runbooks.Workflows.Children;

/// <summary>An activity that starts runs of another runbook.</summary>
public interface ICallsWorkflow
{
    /// <summary>The runbook.</summary>
    Input<string> WorkflowDefinitionId { get; }
}

/// <summary>What both activities share: a child run is created in the commit that records that the parent waits for it.</summary>
public abstract class ChildWorkflowActivity : Activity, ICallsWorkflow
{
    [Input(Description = "The runbook to run.", Required = true, UiHint = "workflow-definition-picker")]
    public Input<string> WorkflowDefinitionId { get; } = new();

    [Input(Description = "Correlation id of the child run.")]
    public Input<string> CorrelationId { get; } = new();

    [Input(Description = "Values of the child's inputs by name.", UiHint = "dictionary")]
    public Input<JsonObject> Input { get; } = new();

    [Input(Description = "Elsa's; without effect here: a run is traced by its journal.", UiHint = "checkbox")]
    public Input<bool> StartNewTrace { get; } = new() { KeepsDefault = false };

    protected RunId StartChild(ActivityExecutionContext context, bool wait)
    {
        ArgumentNullException.ThrowIfNull(context);
        var definitionId = context.Get(WorkflowDefinitionId) ?? "";
        var input = context.Get(Input)?.DeepClone().AsObject() ?? [];
        return context.CreateChildRun(definitionId, input, context.Get(CorrelationId), wait);
    }
}

/// <summary>Runs another runbook as a child run and waits until it has ended.</summary>
[Activity("Elsa", "Composition", "Runs another runbook and waits for its end; Result says how it ended.")]
public sealed class ExecuteWorkflow : ChildWorkflowActivity
{
    [Input(Description = "Wait for the child's end.", DefaultValue = true, UiHint = "checkbox")]
    public Input<bool> WaitForCompletion { get; } = new() { KeepsDefault = false };

    [Output(Description = "How the child run ended: workflowInstanceId, status, subStatus, reason, output.")]
    public Output<JsonNode> Result { get; } = new();

    protected internal override ValueTask ExecuteAsync(ActivityExecutionContext context)
    {
        var wait = context.Get(WaitForCompletion);
        var child = StartChild(context, wait);
        if (!wait)
        {
            context.Set(Result, new JsonObject { ["workflowInstanceId"] = child.ToString(), ["status"] = "Running", ["subStatus"] = "Pending", ["output"] = new JsonObject() });
            context.Complete();
        }

        return ValueTask.CompletedTask;
    }

    protected internal override ValueTask OnResumedAsync(ActivityExecutionContext context, Bookmark bookmark, JsonNode? input)
    {
        context.Set(Result, input?.DeepClone());
        context.Complete();
        return ValueTask.CompletedTask;
    }
}

/// <summary>Starts another runbook as a run of its own; waits for it only when asked to.</summary>
[Activity("Elsa", "Composition", "Starts another runbook; waits for its end only when asked to.")]
public sealed class DispatchWorkflow : ChildWorkflowActivity
{
    [Input(Description = "Wait for the child's end.", DefaultValue = false, UiHint = "checkbox")]
    public Input<bool> WaitForCompletion { get; } = new();

    [Input(Description = "Elsa's; without effect here: all runs wait in one queue.")]
    public Input<string> ChannelName { get; } = new() { KeepsDefault = false };

    [Output(Description = "The outputs of the child run by name, when it was waited for.")]
    public Output<JsonNode> Result { get; } = new();

    [Output(Description = "The id of the child run.")]
    public Output<string> ChildInstanceId { get; } = new();

    [Output(Description = "How the child run ended, when it was waited for: Finished, Compensated, Cancelled or Faulted.")]
    public Output<string> ChildSubStatus { get; } = new();

    protected internal override ValueTask ExecuteAsync(ActivityExecutionContext context)
    {
        var wait = context.Get(WaitForCompletion);
        context.Set(ChildInstanceId, StartChild(context, wait).ToString());
        if (!wait)
        {
            context.Complete();
        }

        return ValueTask.CompletedTask;
    }

    protected internal override ValueTask OnResumedAsync(ActivityExecutionContext context, Bookmark bookmark, JsonNode? input)
    {
        context.Set(ChildSubStatus, input?["subStatus"]?.GetValue<string>());
        context.Set(Result, input?["output"]?.DeepClone());
        context.Complete();
        return ValueTask.CompletedTask;
    }
}
