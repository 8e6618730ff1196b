using System.Text.Json.Nodes;
using Runbooks.Workflows.Activities;

namespace Runbooks.Workflows.ControlFlow;

/// <summary>Runs its body for each item, side by side.</summary>
[Activity("Elsa", "Looping", "Runs the body for each item of a list, side by side; the body sees CurrentValue and CurrentIndex.")]
public sealed class ParallelForEach : Activity, ILoop
{
    private const string NextIndex = "next";

    [Input(Description = "The items.", Required = true, UiHint = "multitext")]
    public Input<JsonNode> Items { get; } = new();

    [Input(Description = "How many rounds run at a time; 0: all.", DefaultValue = 0, DisplayName = "Max concurrency")]
    public Input<int> MaxConcurrency { get; } = new();

    [Port]
    public Activity? Body { get; set; }

    protected internal override ValueTask ExecuteAsync(ActivityExecutionContext context)
    {
        var items = LoopVariables.Items(context, Items);
        var limit = context.Get(MaxConcurrency);
        if (Body is null || items.Count == 0)
        {
            context.Complete();
            return ValueTask.CompletedTask;
        }

        var first = limit > 0 ? Math.Min(limit, items.Count) : items.Count;
        for (var index = 0; index < first; index++)
        {
            _ = context.Schedule(Body, LoopVariables.Of(index, items[index]));
        }

        context.State[NextIndex] = first;
        return ValueTask.CompletedTask;
    }

    protected internal override ValueTask OnChildCompletedAsync(ActivityExecutionContext context, ActivityExecutionContext child)
    {
        if (Breaking.IsRequested(context))
        {
            context.Complete();
            return ValueTask.CompletedTask;
        }

        var items = LoopVariables.Items(context, Items);
        var next = context.Execution.State[NextIndex]!.GetValue<int>();
        if (next < items.Count)
        {
            context.State[NextIndex] = next + 1;
            _ = context.Schedule(Body!, LoopVariables.Of(next, items[next]));
        }
        else if (!context.HasOpenChildren)
        {
            context.Complete();
        }

        return ValueTask.CompletedTask;
    }
}

/// <summary>Which branches are waited for.</summary>
public enum ForkJoinMode
{
    /// <summary>All.</summary>
    WaitAll,

    /// <summary>The first; the others are cancelled.</summary>
    WaitAny,
}

/// <summary>Runs its activities side by side and waits for all.</summary>
[Activity("Elsa", "Flow", "Runs activities side by side and waits for all of them.")]
public sealed class Parallel : Activity, IContainer
{
    public IReadOnlyList<Activity> Activities { get; set; } = [];

    protected internal override ValueTask ExecuteAsync(ActivityExecutionContext context) => Branches.Begin(context, Activities);

    protected internal override ValueTask OnChildCompletedAsync(ActivityExecutionContext context, ActivityExecutionContext child) =>
        Branches.Ended(context, ForkJoinMode.WaitAll);
}

/// <summary>Runs its branches side by side and waits for all, or for the first.</summary>
[Activity("Elsa", "Branching", "Runs branches side by side and waits for all of them, or for the first.")]
public sealed class Fork : Activity, IContainer
{
    [Input(Description = "WaitAll; or WaitAny: the first branch that ends cancels the others.", DefaultValue = "WaitAll", UiHint = "dropdown")]
    public Input<ForkJoinMode> JoinMode { get; } = new();

    /// <summary>The branches.</summary>
    public IReadOnlyList<Activity> Activities { get; set; } = [];

    string IContainer.Field => "branches";

    protected internal override ValueTask ExecuteAsync(ActivityExecutionContext context) => Branches.Begin(context, Activities);

    protected internal override ValueTask OnChildCompletedAsync(ActivityExecutionContext context, ActivityExecutionContext child) =>
        Branches.Ended(context, context.Get(JoinMode));
}

/// <summary>What activities with branches share.</summary>
internal static class Branches
{
    public static ValueTask Begin(ActivityExecutionContext context, IReadOnlyList<Activity> branches)
    {
        foreach (var branch in branches)
        {
            _ = context.Schedule(branch);
        }

        if (branches.Count == 0)
        {
            context.Complete();
        }

        return ValueTask.CompletedTask;
    }

    public static ValueTask Ended(ActivityExecutionContext context, ForkJoinMode mode)
    {
        if (mode == ForkJoinMode.WaitAny || !context.HasOpenChildren || Breaking.IsRequested(context))
        {
            context.Complete();
        }

        return ValueTask.CompletedTask;
    }
}
