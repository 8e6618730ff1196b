using System.Text.Json;
using System.Text.Json.Nodes;

namespace Runbooks.Workflows.Definitions;

/// <summary>
/// The JSON of a definition in one form: camel case, plain arrays. Older exports write keys in Pascal case, and wrap arrays
/// as <c>$values</c>. What belongs to the operator - values of expressions, custom properties, metadata - is left as it is.
/// </summary>
internal static class DefinitionJson
{
    /// <summary>Deeper than any definition that a designer makes; less than what a recursive reader can take.</summary>
    public const int MaxJsonDepth = 200;

    public static JsonDocumentOptions Options { get; } = new()
    {
        MaxDepth = MaxJsonDepth,
        AllowTrailingCommas = true,
        CommentHandling = JsonCommentHandling.Skip,
        AllowDuplicateProperties = false,
    };

    private static readonly HashSet<string> NotOurs = new(StringComparer.Ordinal) { "customProperties", "metadata", "vertices" };

    /// <summary>Null when it is not an object of JSON; the problem is in the list then.</summary>
    public static JsonObject? Parse(string json, ProblemList problems)
    {
        try
        {
            if (JsonNode.Parse(json, documentOptions: Options) is JsonObject top)
            {
                return (JsonObject)Normalised(top, problems)!;
            }

            problems.Add(null, "The file is JSON, but not an object: a workflow definition starts with '{'.");
        }
        catch (JsonException e)
        {
            problems.Add(null, e.LineNumber is null
                ? $"Not usable JSON: {e.Message}"
                : $"Not JSON: line {e.LineNumber + 1}, column {e.BytePositionInLine + 1}: {e.Message.Split(" LineNumber")[0].Split(" Path:")[0]}");
        }
        catch (Exception e) when (e is ArgumentException or InvalidOperationException)
        {
            // Half a character, for example.
            problems.Add(null, $"Not usable JSON: {e.Message}");
        }

        return null;
    }

    public static string? Text(JsonNode? json, string name) =>
        (json as JsonObject)?[name] is JsonValue value && value.GetValueKind() == JsonValueKind.String ? value.GetValue<string>() : null;

    public static bool Flag(JsonNode? json, string name) =>
        (json as JsonObject)?[name] is JsonValue value
        && (value.GetValueKind() == JsonValueKind.True || (value.GetValueKind() == JsonValueKind.String && bool.TryParse(value.GetValue<string>(), out var flag) && flag));

    public static int? Number(JsonNode? json, string name) =>
        (json as JsonObject)?[name] is JsonValue value && value.GetValueKind() == JsonValueKind.Number && value.TryGetValue<int>(out var number) ? number : null;

    private static JsonNode? Normalised(JsonNode? node, ProblemList problems)
    {
        switch (node)
        {
            case JsonObject wrapped when wrapped["$values"] is JsonArray values:
                return Normalised(values, problems);
            case JsonObject properties:
                var result = new JsonObject();
                var isExpression = properties.Count <= 3 && Has(properties, "value") && Has(properties, "type") && !Has(properties, "id");
                foreach (var (key, value) in properties.Where(p => p.Key.Length > 0 && p.Key[0] != '$'))
                {
                    var name = JsonNamingPolicy.CamelCase.ConvertName(key);
                    var isData = NotOurs.Contains(name) || (name == "value" && (isExpression || value is not JsonObject inner || !Has(inner, "expression")));
                    if (!result.TryAdd(name, isData ? value?.DeepClone() : Normalised(value, problems)))
                    {
                        problems.Add(null, $"Two keys of one object differ only in case: '{key}' and another. Keep one.");
                    }
                }

                return result;
            case JsonArray items:
                return new JsonArray([.. items.Select(i => Normalised(i, problems))]);
            default:
                return node?.DeepClone();
        }
    }

    private static bool Has(JsonObject properties, string name) => properties.Any(p => string.Equals(p.Key, name, StringComparison.OrdinalIgnoreCase));
}
