using System.Text.Json.Nodes;
using Runbooks.Workflows.Activities;
using Runbooks.Workflows.Expressions;

namespace Runbooks.Workflows.ControlFlow;

/// <summary>What a join waits for.</summary>
public enum FlowJoinMode
{
    /// <summary>Every way in; it runs only when each of them was taken.</summary>
    WaitAll,

    /// <summary>Every way in that can still be taken; it runs when one of them was.</summary>
    WaitAllActive,

    /// <summary>The first way in; what leads to the others is cancelled.</summary>
    WaitAny,
}

/// <summary>Leaves by True or False.</summary>
[Activity("Elsa", "Branching", "Leaves by True or False.")]
[FlowNode("True", "False")]
public sealed class FlowDecision : Activity
{
    [Input(Description = "The condition.", UiHint = "checkbox")]
    public Input<bool> Condition { get; } = new();

    protected internal override ValueTask ExecuteAsync(ActivityExecutionContext context)
    {
        context.Complete(context.Get(Condition) ? "True" : "False");
        return ValueTask.CompletedTask;
    }
}

/// <summary>Leaves by the labels of the cases whose condition holds, or by Default.</summary>
[Activity("Elsa", "Branching", "Leaves by the label of the case whose condition holds; by Default when none does.")]
[FlowNode("Default")]
public sealed class FlowSwitch : Activity, ISwitch
{
    public IReadOnlyList<SwitchCase> Cases { get; set; } = [];

    [Input(Description = "MatchFirst: the first case that holds; MatchAny: every case that holds.", DefaultValue = "MatchFirst", UiHint = "dropdown")]
    public Input<SwitchMode> Mode { get; } = new();

    public override IReadOnlyList<string>? LeavesBy => [.. Cases.Select(c => c.Label), "Default"];

    protected internal override ValueTask ExecuteAsync(ActivityExecutionContext context)
    {
        string[] labels = [.. SwitchCase.Matching(context, this, context.Get(Mode)).Select(c => c.Label)];
        context.Complete(labels.Length == 0 ? ["Default"] : labels);
        return ValueTask.CompletedTask;
    }
}

/// <summary>Leaves by all of its branches at once.</summary>
[Activity("Elsa", "Branching", "Leaves by all of its branches at once.")]
public sealed class FlowFork : Activity
{
    [Input(Description = "The outcomes by which it is left; Done when there are none.", UiHint = "dynamic-outcomes")]
    public Input<JsonNode> Branches { get; } = new();

    /// <summary>Null when the branches are computed: then any outcome may be connected.</summary>
    public override IReadOnlyList<string>? LeavesBy => Branches.Expression switch
    {
        null => ["Done"],
        Expression.Literal literal when Names.Fit(literal.Value) => Names.Of(literal.Value, nameof(Branches)) is { Count: > 0 } names ? names : ["Done"],
        _ => null,
    };

    protected internal override ValueTask ExecuteAsync(ActivityExecutionContext context)
    {
        context.Complete(Names.Of(context.Get(Branches), "Branches"));
        return ValueTask.CompletedTask;
    }
}

/// <summary>Joins paths.</summary>
[Activity("Elsa", "Branching", "Joins paths: waits for all of them, for those that are alive, or for the first.")]
public sealed class FlowJoin : Activity
{
    [Input(Description = "WaitAll, WaitAllActive or WaitAny.", DefaultValue = "WaitAny", UiHint = "dropdown")]
    public Input<FlowJoinMode> Mode { get; } = new();

    protected internal override ValueTask ExecuteAsync(ActivityExecutionContext context)
    {
        // The flowchart has done the waiting: it alone knows the paths.
        context.Complete();
        return ValueTask.CompletedTask;
    }
}

/// <summary>Lists of names that may be given as a list, as JSON in a text, or as one name.</summary>
internal static class Names
{
    public static bool Fit(JsonNode? value) => value is null || IsText(value) || (value is JsonArray list && list.All(IsText));

    /// <exception cref="ExpressionException">It holds something other than texts.</exception>
    public static IReadOnlyList<string> Of(JsonNode? value, string what) => value switch
    {
        _ when !Fit(value) => throw new ExpressionException($"'{what}' should be a list of texts; found {value!.ToJsonString()}."),
        JsonArray list => [.. list.Select(n => n!.GetValue<string>())],
        JsonValue single => single.GetValue<string>() is { Length: > 0 } text ? [text] : [],
        _ => [],
    };

    private static bool IsText(JsonNode? node) => node is JsonValue value && value.TryGetValue<string>(out _);
}
