using System.Text.Json.Nodes;
using Jint;
using Jint.Parser;
using Jint.Runtime;

namespace Runbooks.Workflows.Expressions;

/// <summary>
/// Runs JavaScript (ECMAScript 5) of definitions in an interpreter of its own per evaluation: no access to the host, the
/// file system, configuration or the network, and limits on time, statements and recursion.
/// </summary>
/// <remarks>Values go in and out as JSON text, so a script can neither hold nor alter an object of the engine.</remarks>
internal static class JavaScriptRunner
{
    /// <summary>Statements of one evaluation: far beyond any expression, reached by an endless loop within a second.</summary>
    private const int MaxStatements = 200_000;

    private const int MaxRecursion = 100;

    private static readonly TimeSpan MaxTime = TimeSpan.FromSeconds(2);

    private const string Prelude = """
        function getVariable(n) { return variables[n]; }
        function setVariable(n, v) { variables[n] = v; }
        function getInput(n) { return __inputs[n]; }
        function getOutputFrom(a, o) { return JSON.parse(__output(String(a), o === undefined ? null : String(o))); }
        function getLastResult() { return JSON.parse(__last()); }
        function toJson(v) { return JSON.stringify(v); }
        function isNullOrEmpty(s) { return s === null || s === undefined || s === ''; }
        function isNullOrWhiteSpace(s) { return isNullOrEmpty(s) || String(s).trim() === ''; }
        """;

    /// <summary>
    /// Turns what an operator wrote, an expression or statements with <c>return</c>, into a function body.
    /// </summary>
    /// <returns>The body, or the reason with line and column why it can't run.</returns>
    public static (string? Body, string? Problem) Prepare(string code)
    {
        ArgumentNullException.ThrowIfNull(code);
        if (Parse($"(function(){{ return (\n{code}\n); }})") is null)
        {
            return ($"return (\n{code}\n);", null);
        }

        var problem = Parse($"(function(){{\n{code}\n}})");
        return problem is null ? (code, null) : (null, problem);
    }

    public static JsonNode? Run(string body, IExpressionScope scope)
    {
        var before = new JsonObject(scope.Variables().Select(v => KeyValuePair.Create(v.Key, v.Value?.DeepClone()))).ToJsonString();
        var engine = new Engine(options => options.MaxStatements(MaxStatements).LimitRecursion(MaxRecursion).TimeoutInterval(MaxTime));
        try
        {
            engine.SetValue("__vars", before)
                .SetValue("__in", scope.Inputs.ToJsonString())
                .SetValue("__output", new Func<string, string?, string>((activity, output) => scope.OutputFrom(activity, output)?.ToJsonString() ?? "null"))
                .SetValue("__last", new Func<string>(() => scope.LastResult()?.ToJsonString() ?? "null"))
                .SetValue("getWorkflowInstanceId", new Func<string>(() => scope.RunId))
                .SetValue("getWorkflowDefinitionId", new Func<string>(() => scope.DefinitionId))
                .SetValue("getWorkflowDefinitionVersion", new Func<int>(() => scope.DefinitionVersion))
                .SetValue("getCorrelationId", new Func<string?>(() => scope.CorrelationId))
                .SetValue("setCorrelationId", new Action<string?>(value => scope.CorrelationId = value))
                .Execute("var variables = JSON.parse(__vars), __inputs = JSON.parse(__in);")
                .Execute(Prelude)
                .Execute($"var __result = (function(){{\n{body}\n}})(); var __json = JSON.stringify(__result); var __after = JSON.stringify(variables);");
            WriteBack(before, engine.GetValue("__after").AsString(), scope);
            var json = engine.GetValue("__json");
            return json.IsString() ? JsonNode.Parse(json.AsString()) : null;
        }
        catch (JavaScriptException e)
        {
            // The first line is ours (the function's head), so what the operator wrote starts one line later.
            throw new ExpressionException($"JavaScript stopped at line {Math.Max(1, e.LineNumber - 1)}: {e.Error}. Script: {Shorten(body)}", e);
        }
        catch (Exception e) when (e is StatementsCountOverflowException or RecursionDepthOverflowException or TimeoutException)
        {
            throw new ExpressionException($"JavaScript was stopped because it exceeds the limits ({MaxStatements} statements, {MaxRecursion} levels, {MaxTime.TotalSeconds:0} s): {e.Message} Script: {Shorten(body)}", e);
        }
    }

    private static void WriteBack(string before, string after, IExpressionScope scope)
    {
        if (string.Equals(before, after, StringComparison.Ordinal))
        {
            return;
        }

        var old = JsonNode.Parse(before)!.AsObject();
        foreach (var (name, value) in JsonNode.Parse(after)!.AsObject())
        {
            if (!JsonNode.DeepEquals(old[name], value) && !scope.TrySetVariable(name, value?.DeepClone()))
            {
                throw new ExpressionException($"JavaScript sets variables.{name}, but there is no variable '{name}' in scope. Declare it in the workflow.");
            }
        }
    }

    private static string? Parse(string program)
    {
        try
        {
            _ = new JavaScriptParser().Parse(program);
            return null;
        }
        catch (ParserException e)
        {
            return $"line {Math.Max(1, e.LineNumber - 1)}, column {e.Column}: {e.Description}. ECMAScript 5 can run: no arrow functions, templates, spread or destructuring yet.";
        }
    }

    private static string Shorten(string text)
    {
        var line = text.ReplaceLineEndings(" ").Trim();
        return line.Length <= 120 ? line : line[..120] + "…";
    }
}
