using System.Text.Json.Nodes;
using Runbooks.Workflows.Expressions.JavaScript;

namespace Runbooks.Workflows.Expressions;

/// <summary>Evaluates expressions of any kind.</summary>
public static class ExpressionEvaluator
{
    /// <exception cref="ExpressionException">It could not be evaluated.</exception>
    public static JsonNode? Evaluate(Expression expression, IExpressionScope scope)
    {
        ArgumentNullException.ThrowIfNull(scope);
        return expression switch
        {
            Expression.Literal literal => literal.Value?.DeepClone(),
            Expression.Variable variable => scope.TryGetVariable(variable.IdOrName, out var value)
                ? value?.DeepClone()
                : throw new ExpressionException($"There is no variable '{variable.IdOrName}' in scope."),
            Expression.WorkflowInput input => scope.Input(input.Name)?.DeepClone(),
            Expression.Secret secret => Secrets.SecretNames.ReferenceTo(secret.Name),
            Expression.JavaScript script => JavaScriptRunner.Shared.Evaluate(new Script(script.Code, script.IsExpression), scope),
            _ => throw new ExpressionException($"Expressions of type {expression?.GetType().Name} can't be evaluated."),
        };
    }
}
