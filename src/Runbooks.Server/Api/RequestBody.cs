using System.Text.Json;
using System.Text.Json.Nodes;

namespace Runbooks.Server.Api;

/// <summary>
/// A JSON object from a request, read by hand: every mistake in it is named by its field, and a field that nobody knows is
/// a mistake.
/// </summary>
internal sealed class RequestBody
{
    private static readonly JsonDocumentOptions Strict = new() { MaxDepth = 32, AllowDuplicateProperties = false };

    private readonly JsonObject fields;
    private readonly List<(string Field, string Message)> errors = [];

    private RequestBody(JsonObject fields) => this.fields = fields;

    public IReadOnlyList<(string Field, string Message)> Errors => errors;

    /// <summary>The body, or the answer that says what is wrong with it.</summary>
    public static async Task<(RequestBody? Body, IResult? Problem)> ReadAsync(HttpRequest request, string[] known, CancellationToken cancellationToken)
    {
        // A form or plain text is what another site's page can make a browser send without asking; JSON is not.
        if (!request.HasJsonContentType())
        {
            return (null, Problems.NotJsonBody(request));
        }

        JsonNode? node;
        try
        {
            node = await JsonNode.ParseAsync(request.Body, documentOptions: Strict, cancellationToken: cancellationToken);
        }
        catch (JsonException e)
        {
            return (null, Problems.Invalid(Problems.MalformedBody, "The body is not JSON", [("body", Position(e))]));
        }

        if (node is not JsonObject fields)
        {
            return (null, Problems.Invalid(Problems.MalformedBody, "The body is not an object", [("body", $"Expected a JSON object with {string.Join(", ", known)}; found {Kind(node)}.")]));
        }

        var body = new RequestBody(fields);
        foreach (var (name, _) in fields)
        {
            if (!known.Contains(name, StringComparer.Ordinal))
            {
                body.errors.Add((name, $"There is no such field. Known: {string.Join(", ", known)}."));
            }
        }

        return (body, null);
    }

    public string RequiredText(string name)
    {
        if (Text(name) is { Length: > 0 } text)
        {
            return text;
        }

        if (errors.TrueForAll(e => !string.Equals(e.Field, name, StringComparison.Ordinal)))
        {
            errors.Add((name, "It is required."));
        }

        return "";
    }

    public string? Text(string name, int longest = 1000)
    {
        var node = fields[name];
        if (node is null)
        {
            return null;
        }

        if (node is not JsonValue value || !value.TryGetValue<string>(out var text))
        {
            errors.Add((name, $"Expected a text; found {Kind(node)}."));
            return null;
        }

        if (text.Length > longest)
        {
            errors.Add((name, $"It has {text.Length} characters; at most {longest} are taken."));
            return null;
        }

        return text;
    }

    /// <summary>A value of any kind; null when it is not given.</summary>
    public JsonNode? Any(string name) => fields[name]?.DeepClone();

    public JsonObject Object(string name)
    {
        switch (fields[name])
        {
            case null:
                return [];
            case JsonObject found:
                return found.DeepClone().AsObject();
            case var other:
                errors.Add((name, $"Expected an object; found {Kind(other)}."));
                return [];
        }
    }

    /// <summary>An object; null when the field is not there, so that "none" and "an empty one" differ.</summary>
    public JsonObject? OptionalObject(string name) => fields.ContainsKey(name) && fields[name] is not null ? Object(name) : null;

    /// <summary>A whole number; null when the field is not there.</summary>
    public long? Whole(string name)
    {
        var node = fields[name];
        if (node is null)
        {
            return null;
        }

        if (node is JsonValue value && value.TryGetValue<long>(out var number))
        {
            return number;
        }

        errors.Add((name, $"Expected a whole number; found {Kind(node)}."));
        return null;
    }

    /// <summary>True or false; false when the field is not there.</summary>
    public bool Flag(string name)
    {
        switch (fields[name])
        {
            case null:
                return false;
            case JsonValue value when value.TryGetValue<bool>(out var flag):
                return flag;
            case var other:
                errors.Add((name, $"Expected true or false; found {Kind(other)}."));
                return false;
        }
    }

    /// <summary>A list of texts; null when the field is not there.</summary>
    public IReadOnlyList<string>? Texts(string name)
    {
        switch (fields[name])
        {
            case null:
                return null;
            case JsonArray list when list.All(i => i is JsonValue v && v.GetValueKind() == JsonValueKind.String):
                return [.. list.Select(i => i!.GetValue<string>())];
            case var other:
                errors.Add((name, $"Expected a list of texts; found {(other is JsonArray ? "a list with something else in it" : Kind(other))}."));
                return null;
        }
    }

    /// <summary>Something is wrong with a field that can be read.</summary>
    public void Refuse(string name, string message) => errors.Add((name, message));

    private static string Position(JsonException e) =>
        $"Line {e.LineNumber + 1}, byte {e.BytePositionInLine + 1}: {e.Message.Split(" LineNumber:", 2)[0].Split(" Path:", 2)[0]}";

    private static string Kind(JsonNode? node) => node switch
    {
        null => "null",
        JsonObject => "an object",
        JsonArray => "a list",
        _ => node.GetValueKind() switch
        {
            JsonValueKind.String => "a text",
            JsonValueKind.Number => "a number",
            _ => node.ToJsonString(),
        },
    };
}
