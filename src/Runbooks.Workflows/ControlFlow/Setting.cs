using System.Text.Json.Nodes;
using Runbooks.Workflows.Activities;
using Runbooks.Workflows.Expressions;

namespace Runbooks.Workflows.ControlFlow;

/// <summary>Gives a variable a value.</summary>
[Activity("Elsa", "Primitives", "Gives a variable a value.")]
public sealed class SetVariable : CodeActivity
{
    public VariableReference? Variable { get; set; }

    [Input(Description = "The value.")]
    public Input<JsonNode> Value { get; } = new();

    protected override ValueTask RunAsync(ActivityExecutionContext context)
    {
        var name = Variable?.Id ?? Variable?.Name ?? throw new FaultException("SetVariable names no variable.");
        if (!context.TrySetVariable(name, context.Get(Value)?.DeepClone())
            && (Variable.Name is null || !context.TrySetVariable(Variable.Name, context.Get(Value)?.DeepClone())))
        {
            throw new FaultException($"There is no variable '{Variable.Name ?? name}' in scope.");
        }

        return ValueTask.CompletedTask;
    }
}

/// <summary>Gives an output of the workflow a value.</summary>
[Activity("Elsa", "Primitives", "Gives an output a value: of the nearest workflow around it that has it.")]
public sealed class SetOutput : CodeActivity
{
    [Input(Description = "The output.", Required = true, UiHint = "output-picker")]
    public Input<string> OutputName { get; } = new();

    [Input(Description = "The value.")]
    public Input<JsonNode> OutputValue { get; } = new();

    protected override ValueTask RunAsync(ActivityExecutionContext context)
    {
        context.SetWorkflowOutput(context.Get(OutputName) ?? "", context.Get(OutputValue)?.DeepClone());
        return ValueTask.CompletedTask;
    }
}

/// <summary>Names the run.</summary>
[Activity("Elsa", "Primitives", "Gives the run a name for people.")]
public sealed class SetName : CodeActivity
{
    [Input(Description = "The name.")]
    public Input<string> Value { get; } = new();

    protected override ValueTask RunAsync(ActivityExecutionContext context)
    {
        context.RunName = context.Get(Value);
        return ValueTask.CompletedTask;
    }
}

/// <summary>Gives the run a correlation id.</summary>
[Activity("Elsa", "Primitives", "Gives the run a correlation id, by which events find it.")]
public sealed class Correlate : CodeActivity
{
    [Input(Description = "The correlation id.")]
    public Input<string> CorrelationId { get; } = new();

    protected override ValueTask RunAsync(ActivityExecutionContext context)
    {
        context.CorrelationId = context.Get(CorrelationId);
        return ValueTask.CompletedTask;
    }
}

/// <summary>Ends the workflow that it is written in, with outcomes.</summary>
[Activity("Elsa", "Composition", "Ends the workflow that it is written in; one used as an activity is left by these outcomes.")]
[Terminal]
public sealed class Complete : Activity
{
    [Input(Description = "The outcomes; Done when there are none.", UiHint = "outcome-picker")]
    public Input<JsonNode> Outcomes { get; } = new();

    protected internal override ValueTask ExecuteAsync(ActivityExecutionContext context)
    {
        var outcomes = Names.Of(context.Get(Outcomes), nameof(Outcomes));
        context.Complete(outcomes);
        context.CompleteWorkflow(outcomes);
        return ValueTask.CompletedTask;
    }
}

/// <summary>Runs JavaScript.</summary>
[Activity("Elsa", "Scripting", "Runs JavaScript; it is left by what the script gives to setOutcome or setOutcomes, else by Done.", DisplayName = "Run JavaScript")]
public sealed class RunJavaScript : Activity
{
    [Input(Description = "The script: an expression, or statements with return.", UiHint = "code-editor")]
    public Input<string> Script { get; } = new() { KeepsDefault = false };

    [Input(Description = "The outcomes that the script may choose from.", UiHint = "dynamic-outcomes")]
    public Input<JsonNode> PossibleOutcomes { get; } = new() { KeepsDefault = false };

    [Output(Description = "What the script returns.")]
    public Output<JsonNode> Result { get; } = new();

    public override IReadOnlyList<string>? LeavesBy => PossibleOutcomes.Expression is Expression.Literal literal && Names.Fit(literal.Value)
        ? [.. Names.Of(literal.Value, nameof(PossibleOutcomes)), "Done"]
        : PossibleOutcomes.Expression is null ? ["Done"] : null;

    protected internal override ValueTask ExecuteAsync(ActivityExecutionContext context)
    {
        var ran = ScriptOfActivity.Run(context.Get(Script) ?? "", context.Scope);
        context.Set(Result, ran.Result);
        context.Complete(ran.Outcomes);
        return ValueTask.CompletedTask;
    }
}
