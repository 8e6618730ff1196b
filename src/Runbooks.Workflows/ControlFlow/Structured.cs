using System.Text.Json.Nodes;
using Runbooks.Workflows.Activities;
using Runbooks.Workflows.Expressions;

namespace Runbooks.Workflows.ControlFlow;

/// <summary>Runs its activities one after the other; a terminal one ends it early.</summary>
[Activity("Elsa", "Flow", "Runs activities one after the other.")]
public sealed class Sequence : Activity, IContainer, IRewindable
{
    public IReadOnlyList<Activity> Activities { get; set; } = [];

    IReadOnlySet<string> IRewindable.Following(Activity child) => Activities.SkipWhile(a => a != child).Select(a => a.Id).ToHashSet(StringComparer.Ordinal);

    void IRewindable.Rewind(ActivityExecutionContext context, Activity child) => context.State["index"] = Activities.TakeWhile(a => a != child).Count() + 1;

    protected internal override ValueTask ExecuteAsync(ActivityExecutionContext context) => Next(context);

    protected internal override ValueTask OnChildCompletedAsync(ActivityExecutionContext context, ActivityExecutionContext child)
    {
        if (child.Activity.Descriptor.IsTerminal)
        {
            context.Complete();
            return ValueTask.CompletedTask;
        }

        return Next(context);
    }

    private ValueTask Next(ActivityExecutionContext context)
    {
        var index = context.State["index"]?.GetValue<int>() ?? 0;
        if (index >= Activities.Count)
        {
            context.Complete();
        }
        else
        {
            context.State["index"] = index + 1;
            _ = context.Schedule(Activities[index]);
        }

        return ValueTask.CompletedTask;
    }
}

/// <summary>Runs one of two activities.</summary>
[Activity("Elsa", "Branching", "Runs Then when the condition holds, else Else.")]
public sealed class If : Activity
{
    [Input(Description = "The condition.", UiHint = "checkbox")]
    public Input<bool> Condition { get; } = new();

    [Output(Description = "The value of the condition.")]
    public Output<bool> Result { get; } = new();

    [Port]
    public Activity? Then { get; set; }

    [Port]
    public Activity? Else { get; set; }

    protected internal override ValueTask ExecuteAsync(ActivityExecutionContext context)
    {
        var holds = context.Get(Condition);
        context.Set(Result, holds);
        if ((holds ? Then : Else) is { } child)
        {
            _ = context.Schedule(child);
        }
        else
        {
            context.Complete();
        }

        return ValueTask.CompletedTask;
    }

    protected internal override ValueTask OnChildCompletedAsync(ActivityExecutionContext context, ActivityExecutionContext child)
    {
        context.Complete();
        return ValueTask.CompletedTask;
    }
}

/// <summary>Runs its body once for each item, one after the other.</summary>
[Activity("Elsa", "Looping", "Runs the body for each item of a list; the body sees CurrentValue and CurrentIndex.")]
public sealed class ForEach : Activity
{
    [Input(Description = "The items.", Required = true, UiHint = "multitext")]
    public Input<JsonNode> Items { get; } = new();

    [Output(Description = "The item of the current round.")]
    public Output<JsonNode> CurrentValue { get; } = new();

    [Port]
    public Activity? Body { get; set; }

    protected internal override ValueTask ExecuteAsync(ActivityExecutionContext context) => Next(context);

    protected internal override ValueTask OnChildCompletedAsync(ActivityExecutionContext context, ActivityExecutionContext child) => Next(context);

    private ValueTask Next(ActivityExecutionContext context)
    {
        var items = context.Get(Items) as JsonArray
            ?? throw new ExpressionException("'Items' should be a list; found " + (context.Get(Items)?.ToJsonString() ?? "nothing") + ".");
        var index = context.State["index"]?.GetValue<int>() ?? 0;
        if (index >= items.Count || Body is null)
        {
            context.Complete();
            return ValueTask.CompletedTask;
        }

        context.State["index"] = index + 1;
        context.Set(CurrentValue, items[index]?.DeepClone());

        // Each round has its own: a handler that runs later still sees the item of its round.
        _ = context.Schedule(Body, new Dictionary<string, JsonNode?>(StringComparer.Ordinal) { ["CurrentIndex"] = index, ["CurrentValue"] = items[index] });
        return ValueTask.CompletedTask;
    }
}
