using Runbooks.Workflows.Activities;

namespace Runbooks.Workflows.ControlFlow;

/// <summary>How many cases of a switch are taken.</summary>
public enum SwitchMode
{
    /// <summary>The first that holds.</summary>
    MatchFirst,

    /// <summary>Every one that holds.</summary>
    MatchAny,
}

/// <summary>An activity with cases (a raw list in the definition: <c>cases</c>).</summary>
internal interface ISwitch
{
    IReadOnlyList<SwitchCase> Cases { get; set; }
}

/// <summary>A case of a switch.</summary>
/// <param name="Label">For people; of a FlowSwitch also the outcome.</param>
/// <param name="Condition">When it is taken.</param>
/// <param name="Activity">What a Switch runs then; null for a FlowSwitch, or for nothing.</param>
public sealed record SwitchCase(string Label, Input<bool> Condition, Activity? Activity)
{
    /// <summary>The cases that are taken, in their order. Conditions behind the first that holds are not evaluated in MatchFirst.</summary>
    internal static IReadOnlyList<SwitchCase> Matching(ActivityExecutionContext context, ISwitch activity, SwitchMode mode)
    {
        var holding = activity.Cases.Where(c => context.Evaluate(c.Condition));
        return [.. mode == SwitchMode.MatchFirst ? holding.Take(1) : holding];
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

/// <summary>Runs the activities of the cases whose condition holds, or the default one.</summary>
[Activity("Elsa", "Branching", "Runs the activity of the case whose condition holds; the default one when none does.")]
public sealed class Switch : Activity, ISwitch
{
    public IReadOnlyList<SwitchCase> Cases { get; set; } = [];

    [Input(Description = "MatchFirst: the first case that holds; MatchAny: every case that holds, side by side.", DefaultValue = "MatchFirst", UiHint = "dropdown")]
    public Input<SwitchMode> Mode { get; } = new();

    [Port]
    public Activity? Default { get; set; }

    protected internal override ValueTask ExecuteAsync(ActivityExecutionContext context)
    {
        var matching = SwitchCase.Matching(context, this, context.Get(Mode));
        Activity?[] chosen = matching.Count == 0 ? [Default] : [.. matching.Select(c => c.Activity)];
        Activity[] children = [.. chosen.OfType<Activity>()];
        foreach (var child in children)
        {
            _ = context.Schedule(child);
        }

        if (children.Length == 0)
        {
            context.Complete();
        }

        return ValueTask.CompletedTask;
    }

    protected internal override ValueTask OnChildCompletedAsync(ActivityExecutionContext context, ActivityExecutionContext child)
    {
        if (!context.HasOpenChildren || Breaking.IsRequested(context))
        {
            context.Complete();
        }

        return ValueTask.CompletedTask;
    }
}
