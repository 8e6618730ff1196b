using System.Text.Json.Nodes;
using Runbooks.Workflows.Activities;
using Runbooks.Workflows.Expressions;

namespace Runbooks.Workflows.ControlFlow;

/// <summary>Names of the variables that loops declare for each round of their body.</summary>
internal static class LoopVariables
{
    public const string CurrentValue = "CurrentValue";

    /// <summary>Only the loop sets it: it is where the loop is.</summary>
    public const string CurrentIndex = "CurrentIndex";

    public static IReadOnlyDictionary<string, JsonNode?> Of(int index, JsonNode? item) =>
        new Dictionary<string, JsonNode?>(StringComparer.Ordinal) { [CurrentIndex] = index, [CurrentValue] = item };

    /// <exception cref="ExpressionException">It is not a list.</exception>
    public static JsonArray Items(ActivityExecutionContext context, Input<JsonNode> input) =>
        context.Get(input) as JsonArray ?? throw new ExpressionException("'Items' should be a list; found " + (context.Get(input)?.ToJsonString() ?? "nothing") + ".");
}

/// <summary>Runs its body as long as the condition holds.</summary>
[Activity("Elsa", "Looping", "Runs the body as long as the condition holds; the condition is looked at before each round.")]
public sealed class While : Activity, ILoop
{
    [Input(Description = "The condition.", UiHint = "checkbox")]
    public Input<bool> Condition { get; } = new() { AutoEvaluate = false };

    [Port]
    public Activity? Body { get; set; }

    protected internal override ValueTask ExecuteAsync(ActivityExecutionContext context) => Next(context);

    protected internal override ValueTask OnChildCompletedAsync(ActivityExecutionContext context, ActivityExecutionContext child) => Next(context);

    private ValueTask Next(ActivityExecutionContext context)
    {
        if (Body is null || Breaking.IsRequested(context) || !context.Evaluate(Condition))
        {
            context.Complete();
        }
        else
        {
            _ = context.Schedule(Body);
        }

        return ValueTask.CompletedTask;
    }
}

/// <summary>Counts, and runs its body for each number.</summary>
[Activity("Elsa", "Looping", "Counts from Start to End and runs the body for each number; the body sees it as CurrentValue.")]
public sealed class For : Activity, ILoop
{
    private const string NextNumber = "next";

    [Input(Description = "The first number.", DefaultValue = 0)]
    public Input<int> Start { get; } = new();

    [Input(Description = "The last number.", DefaultValue = 0)]
    public Input<int> End { get; } = new();

    [Input(Description = "What is added after each round. Below 0: it counts down.", DefaultValue = 1)]
    public Input<int> Step { get; } = new();

    [Input(Description = "Whether End itself is a round.", DefaultValue = true, UiHint = "checkbox")]
    public Input<bool> OuterBoundInclusive { get; } = new();

    [Output(Description = "The number of the current round.")]
    public Output<int> CurrentValue { get; } = new();

    [Port]
    public Activity? Body { get; set; }

    protected internal override ValueTask ExecuteAsync(ActivityExecutionContext context)
    {
        if (context.Get(Step) == 0)
        {
            throw new ExpressionException("'Step' is 0: the loop would never end. Give it another number, such as 1 or -1.");
        }

        return Next(context, context.Get(Start));
    }

    protected internal override ValueTask OnChildCompletedAsync(ActivityExecutionContext context, ActivityExecutionContext child) =>
        Next(context, context.Execution.State[NextNumber]!.GetValue<long>());

    private ValueTask Next(ActivityExecutionContext context, long number)
    {
        var (end, step) = (context.Get(End), context.Get(Step));
        var inside = step > 0 ? number < end : number > end;
        if (Body is null || Breaking.IsRequested(context) || !(inside || (number == end && context.Get(OuterBoundInclusive))))
        {
            context.Complete();
            return ValueTask.CompletedTask;
        }

        context.State[NextNumber] = number + step;
        context.Set(CurrentValue, (int)number);
        _ = context.Schedule(Body, new Dictionary<string, JsonNode?>(StringComparer.Ordinal) { [LoopVariables.CurrentValue] = (int)number });
        return ValueTask.CompletedTask;
    }
}

/// <summary>Runs its body once for each item, one after the other.</summary>
/// <remarks>
/// The items are those of the moment when the loop begins. Where it is stands with the round, not with the loop: a round
/// costs the same, however many items there are.
/// </remarks>
[Activity("Elsa", "Looping", "Runs the body for each item of a list, one after the other; the body sees CurrentValue and CurrentIndex.")]
public sealed class ForEach : Activity, ILoop
{
    [Input(Description = "The items.", Required = true, UiHint = "multitext")]
    public Input<JsonNode> Items { get; } = new();

    [Output(Description = "The item of the current round.")]
    public Output<JsonNode> CurrentValue { get; } = new();

    [Port]
    public Activity? Body { get; set; }

    protected internal override ValueTask ExecuteAsync(ActivityExecutionContext context) => Next(context, LoopVariables.Items(context, Items), 0);

    protected internal override ValueTask OnChildCompletedAsync(ActivityExecutionContext context, ActivityExecutionContext child)
    {
        var items = LoopVariables.Items(context, Items);
        var index = child.Execution.Variables[LoopVariables.CurrentIndex]!.GetValue<int>();
        if (index + 1 < items.Count && !Breaking.IsRequested(context))
        {
            return Next(context, items, index + 1);
        }

        context.Set(CurrentValue, items[index]?.DeepClone());
        context.Complete();
        return ValueTask.CompletedTask;
    }

    private ValueTask Next(ActivityExecutionContext context, JsonArray items, int index)
    {
        if (index >= items.Count || Body is null)
        {
            context.Complete();
            return ValueTask.CompletedTask;
        }

        // Each round has its own variables: a handler that runs later still sees the item of its round.
        _ = context.Schedule(Body, LoopVariables.Of(index, items[index]));
        if (CurrentValue.VariableId is { } bound)
        {
            _ = context.TrySetVariable(bound, items[index]?.DeepClone());
        }

        return ValueTask.CompletedTask;
    }
}
