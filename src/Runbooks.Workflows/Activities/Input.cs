using System.Text.Json.Nodes;
using Runbooks.Workflows.Expressions;

namespace Runbooks.Workflows.Activities;

/// <summary>An input of an activity: an expression in the definition, a value when the activity runs.</summary>
public abstract class Input
{
    /// <summary>The property's name in Pascal case; its key in the definition is the same in camel case.</summary>
    public string Name { get; internal set; } = "";

    public abstract Type ValueType { get; }

    /// <summary>Null when the definition gives none: then the default holds.</summary>
    public Expression? Expression { get; internal set; }

    public JsonNode? Default { get; internal set; }

    /// <summary>
    /// False for an input that the activity evaluates itself, every time it wants it: the condition of a loop.
    /// </summary>
    public bool AutoEvaluate { get; init; } = true;

    /// <summary>False for an input whose default is not worth a place in the history of every step.</summary>
    public bool KeepsDefault { get; init; } = true;
}

/// <summary>An input whose value is a <typeparamref name="T"/>.</summary>
public sealed class Input<T> : Input
{
    public override Type ValueType => typeof(T);
}

/// <summary>An output of an activity; the definition may bind it to a variable.</summary>
public abstract class Output
{
    public string Name { get; internal set; } = "";

    public abstract Type ValueType { get; }

    /// <summary>The variable that it is written to; null when it is not bound.</summary>
    public string? VariableId { get; internal set; }

    /// <summary>The output of the workflow that it is written to; null when it is not bound to one.</summary>
    public string? WorkflowOutput { get; internal set; }
}

/// <summary>An output whose value is a <typeparamref name="T"/>.</summary>
public sealed class Output<T> : Output
{
    public override Type ValueType => typeof(T);
}

/// <summary>Names a variable of the definition, as Elsa's <c>SetVariable</c> does.</summary>
/// <param name="Id">The variable's id.</param>
/// <param name="Name">Its name.</param>
public sealed record VariableReference(string? Id, string? Name);
