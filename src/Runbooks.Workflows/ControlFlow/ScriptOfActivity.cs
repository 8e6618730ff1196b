using System.Text.Json.Nodes;
using Runbooks.Workflows.Expressions;

namespace Runbooks.Workflows.ControlFlow;

/// <summary>How RunJavaScript uses the script runner: a script that also says by which outcomes the activity is left.</summary>
internal static class ScriptOfActivity
{
    /// <summary>Why a script can't run; null when it can.</summary>
    public static string? Problem(string code) => string.IsNullOrWhiteSpace(code) ? null : JavaScriptRunner.Prepare(code).Problem;

    /// <exception cref="ExpressionException">It can't run, threw, met a limit, or set a variable that is not declared.</exception>
    public static (JsonNode? Result, IReadOnlyList<string> Outcomes) Run(string code, IExpressionScope scope)
    {
        if (string.IsNullOrWhiteSpace(code))
        {
            return (null, []);
        }

        var (body, problem) = JavaScriptRunner.Prepare(code);
        if (body is null)
        {
            throw new ExpressionException($"The JavaScript can't run: {problem}");
        }

        var ran = JavaScriptRunner.Run(
            "var __outcomes = [];"
            + "function setOutcome(o) { __outcomes = [String(o)]; }"
            + "function setOutcomes(o) { __outcomes = o.map(String); }"
            + $"var __value = (function(){{\n{body}\n}})();"
            + "return { value: __value === undefined ? null : __value, outcomes: __outcomes };",
            scope);
        return (ran!["value"]?.DeepClone(), [.. ran["outcomes"]!.AsArray().Select(o => o!.GetValue<string>())]);
    }
}
