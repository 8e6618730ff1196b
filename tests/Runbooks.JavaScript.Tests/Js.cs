using System.Text.Json.Nodes;
using Runbooks.Workflows.Expressions;
using Runbooks.Workflows.Expressions.JavaScript;

namespace Runbooks.JavaScript.Tests;

/// <summary>Reads and runs scripts as the engine does.</summary>
internal static class Js
{
    public static JavaScriptRunner Runner => JavaScriptRunner.Shared;

    public static JsonNode? Evaluate(string code, IExpressionScope? scope = null, JavaScriptRunner? runner = null)
    {
        var (script, problem) = (runner ?? Runner).Read(code);
        Assert.Null(problem);
        return (runner ?? Runner).Evaluate(script!, scope ?? new ScriptScope());
    }

    public static string Json(string code, IExpressionScope? scope = null) => Evaluate(code, scope)?.ToJsonString() ?? "null";

    /// <summary>The message with which a script fails.</summary>
    public static string Fails(string code, IExpressionScope? scope = null, JavaScriptRunner? runner = null) =>
        Assert.Throws<ExpressionException>(() => Evaluate(code, scope, runner)).Message;
}
