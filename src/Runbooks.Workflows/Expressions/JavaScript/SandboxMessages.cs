using System.Buffers;
using System.Buffers.Binary;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Runbooks.Workflows.Expressions.JavaScript;

/// <summary>Requests to the process in which scripts run, as UTF-8 JSON.</summary>
internal static class SandboxRequest
{
    public static ReadOnlyMemory<byte> Check(string code) => Write(writer =>
    {
        writer.WriteString("op", "check");
        writer.WriteString("code", code);
    });

    /// <exception cref="ExpressionException">The variables and inputs are too large.</exception>
    public static ReadOnlyMemory<byte> Run(Script script, IExpressionScope scope, bool mayHaveOutcomes) => Write(writer =>
    {
        writer.WriteString("op", "run");
        writer.WriteString("code", script.Code);
        writer.WriteBoolean("expression", script.IsExpression);
        writer.WriteBoolean("outcomes", mayHaveOutcomes);
        writer.WriteNumber("now", scope.Now.ToUnixTimeMilliseconds());
        writer.WriteNumber("seed", SeedFrom(scope.NewGuid()));
        writer.WriteStartObject("facts");
        writer.WriteString("runId", scope.RunId);
        writer.WriteString("runName", scope.RunName);
        writer.WriteString("definitionId", scope.DefinitionId);
        writer.WriteString("versionId", scope.DefinitionVersionId);
        writer.WriteNumber("version", scope.DefinitionVersion);
        writer.WriteString("correlationId", scope.CorrelationId);
        writer.WriteEndObject();
        var given = WriteValues(writer, "variables", scope.Variables()) + WriteValues(writer, "inputs", scope.Inputs);
        if (given > JavaScriptLimits.Given)
        {
            throw new ExpressionException($"The variables and inputs have {given} characters of JSON; a script can be given {JavaScriptLimits.Given}. Keep large data outside of the run.");
        }
    });

    /// <summary>Each value as a text of its own, so that only those that the script asks for are parsed.</summary>
    private static long WriteValues(Utf8JsonWriter writer, string name, IEnumerable<KeyValuePair<string, JsonNode?>> values)
    {
        var total = 0L;
        writer.WriteStartObject(name);
        foreach (var (key, value) in values)
        {
            var json = value?.ToJsonString() ?? "null";
            total += json.Length;
            writer.WriteString(key, json);
        }

        writer.WriteEndObject();
        return total;
    }

    /// <summary>The last 52 bits, which are chance in ids of every kind.</summary>
    private static long SeedFrom(Guid id) => BinaryPrimitives.ReadInt64BigEndian(id.ToByteArray(bigEndian: true).AsSpan(8)) & 0xF_FFFF_FFFF_FFFF;

    private static ReadOnlyMemory<byte> Write(Action<Utf8JsonWriter> fill)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using var writer = new Utf8JsonWriter(buffer);
        writer.WriteStartObject();
        fill(writer);
        writer.WriteEndObject();
        writer.Flush();
        return buffer.WrittenMemory;
    }
}

/// <summary>What the process answers.</summary>
internal abstract record SandboxReply
{
    private SandboxReply()
    {
    }

    public sealed record Done(JsonElement Value) : SandboxReply;

    /// <summary>The script did not come to its end; <paramref name="Kind"/> is the limit that it met, or <c>script</c>.</summary>
    public sealed record Stopped(string Kind, string Message, int? Line, int? Column) : SandboxReply;

    public static SandboxReply From(JsonElement answer)
    {
        if (answer.TryGetProperty("done", out var done))
        {
            return new Done(done);
        }

        var stopped = answer.GetProperty("stopped");
        return new Stopped(
            stopped.GetProperty("kind").GetString()!,
            stopped.GetProperty("message").GetString()!,
            stopped.TryGetProperty("line", out var line) ? line.GetInt32() : null,
            stopped.TryGetProperty("column", out var column) ? column.GetInt32() : null);
    }
}
