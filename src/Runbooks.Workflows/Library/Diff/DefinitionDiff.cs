using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Runbooks.Workflows.Library.Diff;

/// <summary>What became of something.</summary>
public enum ChangeKind
{
    Added,
    Removed,
    Changed,
}

/// <summary>One difference between two definitions.</summary>
/// <param name="Kind">What became of it.</param>
/// <param name="Subject">definition, input, output, outcome, variable, option, property, activity or connection.</param>
/// <param name="Id">By what it is known in both.</param>
/// <param name="Title">What people call it.</param>
/// <param name="Type">The type of an activity.</param>
/// <param name="Field">What of it was changed, in camel case; null when it was added or removed.</param>
/// <param name="From">What it was; null when there was nothing.</param>
/// <param name="To">What it is; null when there is nothing.</param>
/// <param name="IsLayout">It says where something is drawn, and nothing about what happens.</param>
public sealed record DefinitionChange(ChangeKind Kind, string Subject, string Id, string Title, string? Type, string? Field, JsonNode? From, JsonNode? To, bool IsLayout)
{
    private const int LongestValue = 200;

    private static readonly JsonSerializerOptions Readable = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>One line for people.</summary>
    public override string ToString() => Kind switch
    {
        ChangeKind.Added => $"+ {Subject}{Name}{(To is null or JsonObject ? "" : Value(" = ", To))}",
        ChangeKind.Removed => $"- {Subject}{Name}",
        _ => $"~ {Subject}{Name}: {Field}: {Value("", From)} → {Value("", To)}",
    };

    private string Name => Subject == "definition" ? "" : Type is null ? $" '{Title}'" : $" '{Title}' ({Type}, {Id})";

    /// <summary>An expression as its language and text, anything else as JSON.</summary>
    private static string Value(string before, JsonNode? value)
    {
        var text = value switch
        {
            null => "nothing",
            JsonObject json when (json["expression"] ?? json) is JsonObject expression && expression["type"] is JsonValue type && expression.ContainsKey("value") => $"{type} {Plain(expression["value"])}",
            JsonObject json when json["memoryReference"] is JsonObject reference => $"into {reference["id"]}",
            _ => Plain(value),
        };
        return before + (text.Length > LongestValue ? text[..LongestValue] + "…" : text);
    }

    private static string Plain(JsonNode? value) => value?.ToJsonString(Readable) ?? "nothing";
}

/// <summary>All differences between two definitions.</summary>
public sealed record DefinitionDiff(IReadOnlyList<DefinitionChange> Changes)
{
    /// <summary>What happens is the same; only the picture differs, if anything.</summary>
    public bool IsLayoutOnly => Changes.All(c => c.IsLayout);
}
