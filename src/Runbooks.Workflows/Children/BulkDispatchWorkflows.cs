using System.Globalization;
using System.Text.Json.Nodes;
using Runbooks.Workflows.Activities;
using Runbooks.Workflows.ControlFlow;
using Runbooks.Workflows.Expressions;
using Runbooks.Workflows.Runs;

namespace Runbooks.Workflows.Children;

/// <summary>
/// Starts a run of another runbook for each item. While it waits, each child has a bookmark of its own, so that no end of a
/// child can be taken for that of another.
/// </summary>
[Activity("Elsa", "Composition", "Starts a run of another runbook for each item, and waits for them unless told not to.")]
[FlowNode("Completed", "Canceled", "Done")]
public sealed class BulkDispatchWorkflows : Activity, ICallsWorkflow
{
    private const string Started = "started";
    private const string Ended = "ended";
    private const string Cancelled = "cancelled";

    [Input(Description = "The runbook to run.", Required = true, UiHint = "workflow-definition-picker")]
    public Input<string> WorkflowDefinitionId { get; } = new();

    [Input(Description = "The items. An object gives the child's inputs by name; anything else is the input that is named by the next field.", Required = true, UiHint = "multitext")]
    public Input<JsonNode> Items { get; } = new();

    [Input(Description = "The child's input that takes an item which is not an object.", DefaultValue = "Item")]
    public Input<string> DefaultItemInputKey { get; } = new();

    [Input(Description = "Correlation id of the child runs.")]
    public Input<string> CorrelationId { get; } = new();

    [Input(Description = "Values of the inputs of every child by name.", UiHint = "dictionary")]
    public Input<JsonObject> Input { get; } = new();

    [Input(Description = "Wait for the end of all children.", DefaultValue = true, UiHint = "checkbox")]
    public Input<bool> WaitForCompletion { get; } = new();

    [Input(Description = "How many children run at a time while it waits; 0: all.", DefaultValue = 0, DisplayName = "Max concurrency")]
    public Input<int> MaxConcurrency { get; } = new();

    [Input(Description = "Elsa's; without effect here: a run is traced by its journal.", UiHint = "checkbox")]
    public Input<bool> StartNewTrace { get; } = new() { KeepsDefault = false };

    [Input(Description = "Elsa's; without effect here: all runs wait in one queue.")]
    public Input<string> ChannelName { get; } = new() { KeepsDefault = false };

    /// <summary>Runs for each child that has finished; sees ChildResult, CurrentValue and CurrentIndex.</summary>
    [Port]
    public Activity? ChildCompleted { get; set; }

    /// <summary>Runs for each child that has failed; sees ChildResult, CurrentValue and CurrentIndex.</summary>
    [Port]
    public Activity? ChildFaulted { get; set; }

    protected internal override ValueTask ExecuteAsync(ActivityExecutionContext context)
    {
        var items = LoopVariables.Items(context, Items);
        var wait = context.Get(WaitForCompletion);
        var limit = context.Get(MaxConcurrency);
        var first = wait && limit > 0 ? Math.Min(limit, items.Count) : items.Count;
        for (var index = 0; index < first; index++)
        {
            StartChild(context, items[index], wait);
        }

        context.State[Started] = first;
        if (!wait || items.Count == 0)
        {
            context.Complete(wait ? ["Completed", "Done"] : ["Done"]);
        }

        return ValueTask.CompletedTask;
    }

    protected internal override ValueTask OnResumedAsync(ActivityExecutionContext context, Bookmark bookmark, JsonNode? input)
    {
        var items = LoopVariables.Items(context, Items);

        // Children and bookmarks are made in the order of the items, and the last part of a bookmark's id counts them.
        var index = int.Parse(bookmark.Id[(bookmark.Id.LastIndexOf('/') + 1)..], CultureInfo.InvariantCulture);
        context.State[Ended] = Count(context, Ended) + 1;
        if (Count(context, Started) is var started && started < items.Count)
        {
            StartChild(context, items[started], wait: true);
            context.State[Started] = started + 1;
        }

        var how = input?["subStatus"]?.GetValue<string>();
        if (string.Equals(how, nameof(RunStatus.Cancelled), StringComparison.Ordinal))
        {
            context.State[Cancelled] = Count(context, Cancelled) + 1;
        }

        var port = how switch { nameof(RunStatus.Finished) => ChildCompleted, nameof(RunStatus.Cancelled) => null, _ => ChildFaulted };
        if (port is not null)
        {
            _ = context.Schedule(port, new Dictionary<string, JsonNode?>(LoopVariables.Of(index, items[index]), StringComparer.Ordinal) { ["ChildResult"] = input });
        }

        EndWhenDone(context, items.Count);
        return ValueTask.CompletedTask;
    }

    protected internal override ValueTask OnChildCompletedAsync(ActivityExecutionContext context, ActivityExecutionContext child)
    {
        EndWhenDone(context, LoopVariables.Items(context, Items).Count);
        return ValueTask.CompletedTask;
    }

    private static void EndWhenDone(ActivityExecutionContext context, int items)
    {
        if (Count(context, Ended) == items && !context.HasOpenChildren)
        {
            context.Complete(Count(context, Cancelled) > 0 ? "Canceled" : "Completed", "Done");
        }
    }

    private static int Count(ActivityExecutionContext context, string what) => context.Execution.State[what]?.GetValue<int>() ?? 0;

    private void StartChild(ActivityExecutionContext context, JsonNode? item, bool wait)
    {
        var input = context.Get(Input)?.DeepClone().AsObject() ?? [];
        foreach (var (name, value) in item as JsonObject ?? new JsonObject { [context.Get(DefaultItemInputKey) ?? "Item"] = item?.DeepClone() })
        {
            input[name] = value?.DeepClone();
        }

        _ = context.CreateChildRun(
            context.Get(WorkflowDefinitionId) ?? throw new ExpressionException("'WorkflowDefinitionId' names no runbook."),
            input,
            context.Get(CorrelationId),
            wait);
    }
}
