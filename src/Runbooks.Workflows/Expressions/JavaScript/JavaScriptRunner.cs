using System.Collections.Concurrent;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Runbooks.Workflows.Expressions.JavaScript;

/// <summary>
/// Reads and runs JavaScript of definitions, each script in an interpreter of its own behind two walls: QuickJS in
/// WebAssembly, which has no way to the machine, in a process that can be ended at any time (docs/adr).
/// </summary>
/// <remarks>
/// Values go in and out as JSON text. A script changes nothing of its run while it runs, so it can be run again when its
/// process dies. Safe for any number of threads; a caller waits while all processes are busy.
/// </remarks>
internal sealed class JavaScriptRunner(SandboxPool pool)
{
    /// <summary>Definitions are read again whenever a worker needs them; their scripts are the same each time.</summary>
    private const int MostReadingsKept = 2_000;

    private readonly ConcurrentDictionary<string, ScriptReading> readings = new(StringComparer.Ordinal);

    /// <summary>The runner of this process. Its child processes start with the first script.</summary>
    public static JavaScriptRunner Shared { get; } = new(new SandboxPool(SandboxOptions.Default));

    /// <summary>Finds out whether an expression, or statements with <c>return</c>, can run.</summary>
    public ScriptReading Read(string code)
    {
        ArgumentNullException.ThrowIfNull(code);
        if (code.Length > JavaScriptLimits.Script)
        {
            var (line, column) = PlaceOf(code, JavaScriptLimits.Script);
            return new(null, $"line {line}, column {column}: the script is too long; it has {code.Length} characters, and {JavaScriptLimits.Script} can run.");
        }

        if (readings.TryGetValue(code, out var known))
        {
            return known;
        }

        try
        {
            var reading = Reading(code, pool.Exchange(SandboxRequest.Check(code), static _ => null));
            if (readings.Count >= MostReadingsKept)
            {
                readings.Clear();
            }

            return readings[code] = reading;
        }
        catch (ExpressionException e)
        {
            return new(null, e.Message);
        }
    }

    /// <summary>Evaluates a script and takes its changes over into the run.</summary>
    /// <exception cref="ExpressionException">It threw, met a limit, or set a variable that is not declared.</exception>
    public JsonNode? Evaluate(Script script, IExpressionScope scope)
    {
        var result = Run(script, scope, mayHaveOutcomes: false);
        result.ApplyTo(scope);
        return result.Value;
    }

    /// <summary>
    /// For the activity that runs a script: reads it, runs it with <c>setOutcome</c> and <c>setOutcomes</c>, and takes its
    /// changes over into the run.
    /// </summary>
    /// <exception cref="ExpressionException">It can't run, threw, met a limit, or set a variable that is not declared.</exception>
    public ScriptResult RunStatements(string code, IExpressionScope scope)
    {
        var (script, problem) = Read(code);
        var result = Run(script ?? throw new ExpressionException($"The JavaScript can't run: {problem} Script: {Shorten(code)}"), scope, mayHaveOutcomes: true);
        result.ApplyTo(scope);
        return result;
    }

    /// <summary>Runs a script. What it changed is in the result, and not yet in the run.</summary>
    /// <exception cref="ExpressionException">It threw or met a limit.</exception>
    public ScriptResult Run(Script script, IExpressionScope scope, bool mayHaveOutcomes)
    {
        ArgumentNullException.ThrowIfNull(script);
        ArgumentNullException.ThrowIfNull(scope);
        var reply = pool.Exchange(SandboxRequest.Run(script, scope, mayHaveOutcomes), question => Answer(question, scope));
        return reply switch
        {
            SandboxReply.Done done => Result(done.Value, script.Code),
            SandboxReply.Stopped stopped => throw Stopped(stopped, script.Code),
            _ => throw new InvalidOperationException($"The sandbox answered with {reply.GetType().Name}."),
        };
    }

    private static string? Answer(JsonElement question, IExpressionScope scope) => question.GetProperty("ask").GetString() switch
    {
        "output" => scope.OutputFrom(question.GetProperty("activity").GetString()!, question.GetProperty("output").GetString())?.ToJsonString() ?? "null",
        "last" => scope.LastResult()?.ToJsonString() ?? "null",
        "guid" => scope.NewGuid().ToString("D"),
        var other => throw new InvalidOperationException($"The sandbox asked for '{other}'."),
    };

    private static ScriptReading Reading(string code, SandboxReply reply)
    {
        if (reply is SandboxReply.Stopped stopped)
        {
            return new(null, Stopped(stopped, code).Message);
        }

        var verdict = ((SandboxReply.Done)reply).Value;
        if (!verdict.TryGetProperty("problem", out var problem))
        {
            return new(new Script(code, verdict.GetProperty("expression").GetBoolean()), null);
        }

        var message = problem.GetProperty("message").GetString();
        return new(null, problem.TryGetProperty("line", out var line)
            ? $"line {line.GetInt32()}, column {problem.GetProperty("column").GetInt32()}: {message}"
            : $"line 1, column 1: {message}");
    }

    private static ScriptResult Result(JsonElement done, string code)
    {
        var head = done.GetProperty("head");
        return new(
            Value(done.GetProperty("result").GetString()!, code),
            done.GetProperty("changed").EnumerateObject().ToDictionary(c => c.Name, c => Value(c.Value.GetString()!, code), StringComparer.Ordinal),
            done.GetProperty("outcomes") is { ValueKind: JsonValueKind.Array } outcomes ? [.. outcomes.EnumerateArray().Select(o => o.GetString()!)] : null,
            new ScriptHead(head.GetProperty("correlationId").GetString(), head.GetProperty("runName").GetString()));
    }

    /// <summary>JavaScript's texts may hold halves of characters, and its objects any depth; JSON of the engine has neither.</summary>
    private static JsonNode? Value(string json, string code)
    {
        try
        {
            var value = JsonNode.Parse(json);
            return json.Contains("\\ud", StringComparison.Ordinal) ? JsonNode.Parse(JsonSerializer.SerializeToUtf8Bytes(Checked(value))) : value;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or ArgumentException)
        {
            throw new ExpressionException($"JavaScript gives a value that is not valid JSON (more than 64 levels, or half a character): {e.Message} Script: {Shorten(code)}", e);
        }
    }

    private static JsonNode? Checked(JsonNode? value)
    {
        switch (value)
        {
            case JsonObject properties:
                foreach (var (_, child) in properties)
                {
                    _ = Checked(child);
                }

                break;
            case JsonArray items:
                foreach (var item in items)
                {
                    _ = Checked(item);
                }

                break;
            case JsonValue scalar when scalar.GetValueKind() == JsonValueKind.String:
                _ = scalar.GetValue<string>();
                break;
        }

        return value;
    }

    private static ExpressionException Stopped(SandboxReply.Stopped stopped, string code)
    {
        var place = stopped is { Line: { } line, Column: { } column } ? $" at line {line}, column {column}" : "";
        return new(JavaScriptLimits.Describe(stopped.Kind) is { } limit
            ? $"JavaScript was stopped{place} because {limit}. Script: {Shorten(code)}"
            : $"JavaScript stopped{place}: {stopped.Message}. Script: {Shorten(code)}");
    }

    private static (int Line, int Column) PlaceOf(string code, int at)
    {
        var before = code.AsSpan(0, at);
        return (before.Count('\n') + 1, at - before.LastIndexOf('\n'));
    }

    private static string Shorten(string text)
    {
        var line = text.ReplaceLineEndings(" ").Trim();
        return line.Length <= 120 ? line : line[..120] + "…";
    }
}
