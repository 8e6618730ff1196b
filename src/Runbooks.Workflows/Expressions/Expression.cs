using System.Text.Json.Nodes;

namespace Runbooks.Workflows.Expressions;

/// <summary>An expression of a definition, checked when the definition was loaded.</summary>
public abstract record Expression
{
    private Expression()
    {
    }

    /// <summary>A plain value; converted to the input's type when it is read.</summary>
    public sealed record Literal(JsonNode? Value) : Expression;

    /// <summary>The value of a variable, innermost scope first.</summary>
    public sealed record Variable(string IdOrName) : Expression;

    /// <summary>The value of a workflow input.</summary>
    public sealed record WorkflowInput(string Name) : Expression;

    /// <summary>JavaScript that was found to be able to run.</summary>
    /// <param name="Code">What the operator wrote.</param>
    /// <param name="IsExpression">True for an expression; false for statements with <c>return</c>.</param>
    public sealed record JavaScript(string Code, bool IsExpression) : Expression;

    /// <summary>The name of a secret. Only the effect that uses it gets its value; everything else sees the name.</summary>
    public sealed record Secret(string Name) : Expression;
}

/// <summary>An expression could not be evaluated. The message says which, where, and what was found.</summary>
public sealed class ExpressionException(string message, Exception? inner = null) : Exception(message, inner);
