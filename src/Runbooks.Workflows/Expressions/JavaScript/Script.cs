using System.Text.Json.Nodes;

namespace Runbooks.Workflows.Expressions.JavaScript;

/// <summary>What an operator wrote, and how it is read.</summary>
/// <param name="Code">The text, unchanged, so that lines and columns in messages are those of the editor.</param>
/// <param name="IsExpression">True for an expression, whose value is the result; false for statements with <c>return</c>.</param>
internal sealed record Script(string Code, bool IsExpression);

/// <summary>A script that can run, or the reason with line and column (both from 1) why it can't.</summary>
internal sealed record ScriptReading(Script? Script, string? Problem);

/// <summary>What a script did. Nothing of it is in the run before <see cref="ApplyTo"/>.</summary>
/// <param name="Value">What it gave back; null when it gave nothing.</param>
/// <param name="Changed">Variables by the name that the script used, with their new values; only those that differ now.</param>
/// <param name="Outcomes">What the script passed to <c>setOutcome</c> or <c>setOutcomes</c>; null when it called neither.</param>
/// <param name="Head">Correlation id and name of the run, where the script set them.</param>
internal sealed record ScriptResult(JsonNode? Value, IReadOnlyDictionary<string, JsonNode?> Changed, IReadOnlyList<string>? Outcomes, ScriptHead Head)
{
    /// <summary>Takes the changes over into the run: all of them, or none when one of them can't be.</summary>
    /// <exception cref="ExpressionException">A variable that is not declared was set.</exception>
    public void ApplyTo(IExpressionScope scope)
    {
        foreach (var name in Changed.Keys)
        {
            if (!scope.TryGetVariable(name, out _))
            {
                throw new ExpressionException($"JavaScript sets variables.{name}, but there is no variable '{name}' in scope. Declare it in the workflow.");
            }
        }

        foreach (var (name, value) in Changed)
        {
            _ = scope.TrySetVariable(name, value?.DeepClone());
        }

        if (!string.Equals(Head.CorrelationId, scope.CorrelationId, StringComparison.Ordinal))
        {
            scope.CorrelationId = Head.CorrelationId;
        }

        if (!string.Equals(Head.RunName, scope.RunName, StringComparison.Ordinal))
        {
            scope.RunName = Head.RunName;
        }
    }
}

/// <summary>What a script may set of the run itself.</summary>
internal sealed record ScriptHead(string? CorrelationId, string? RunName);
