using System.Text.Json.Nodes;
using Runbooks.Workflows.Expressions;
using Runbooks.Workflows.Expressions.JavaScript;

namespace Runbooks.Workflows.ControlFlow;

/// <summary>How RunJavaScript uses the script runner: a script that also says by which outcomes the activity is left.</summary>
internal static class ScriptOfActivity
{
    /// <summary>Why a script can't run; null when it can.</summary>
    public static string? Problem(string code) => string.IsNullOrWhiteSpace(code) ? null : JavaScriptRunner.Shared.Read(code).Problem;

    /// <exception cref="ExpressionException">It can't run, threw, met a limit, or set a variable that is not declared.</exception>
    public static (JsonNode? Result, IReadOnlyList<string> Outcomes) Run(string code, IExpressionScope scope)
    {
        if (string.IsNullOrWhiteSpace(code))
        {
            return (null, []);
        }

        var ran = JavaScriptRunner.Shared.RunStatements(code, scope);
        return (ran.Value?.DeepClone(), ran.Outcomes ?? []);
    }
}
