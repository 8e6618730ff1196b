using System.Text.Json;
using System.Text.Json.Nodes;
using Runbooks.Workflows.Definitions;

namespace Runbooks.Workflows.Library.Forms;

/// <summary>
/// A definition as the library keeps it: what people have made, without what the library itself knows better (numbers,
/// times, states, the designer's links), and with every field that nobody here knows.
/// </summary>
public static class StoredForm
{
    /// <summary>Where the revision travels through the designer and back.</summary>
    public const string RevisionProperty = "runbooks:revision";

    internal static readonly string[] Lists = ["inputs", "outputs", "outcomes", "variables"];

    private static readonly HashSet<string> KnownBetter = new(StringComparer.Ordinal)
    {
        "id", "version", "createdAt", "isLatest", "isPublished", "isReadonly", "links",
        "providerName", "materializerName", "materializerContext", "isMaterializerAvailable", "originalSource",
    };

    /// <summary>Reads a definition, in camel case or not; null with a problem in the list when it is none.</summary>
    internal static JsonObject? Read(string json, ProblemList problems)
    {
        if (json.Length > DefinitionReader.MaxCharacters)
        {
            problems.Add(null, $"The definition has {json.Length} characters; at most {DefinitionReader.MaxCharacters} are taken.");
            return null;
        }

        if (DefinitionJson.Parse(json, problems) is not { } normal || problems.Any)
        {
            return null;
        }

        // Names of fields that are as they should be are not touched, so that those nobody knows stay as they are.
        return JsonNode.Parse(json, documentOptions: DefinitionJson.Options) is JsonObject asIs && IsNormal(asIs) ? asIs : normal;
    }

    /// <summary>A definition that is stored, in camel case; files may have been written otherwise.</summary>
    internal static JsonObject Parse(string json)
    {
        var asIs = JsonNode.Parse(json, documentOptions: DefinitionJson.Options)!.AsObject();
        return IsNormal(asIs) ? asIs : DefinitionJson.Parse(json, new ProblemList("")) ?? asIs;
    }

    /// <summary>What is stored of a definition that came from the designer or from a file; the problems when it can't be one.</summary>
    internal static JsonObject? Of(JsonObject definition, string definitionId, ProblemList problems)
    {
        if (definition["root"] is not JsonObject root || !ActivityTree.IsActivity(root))
        {
            problems.Add(null, "'root' is missing, or is no activity with 'id' and 'type': a definition needs one root activity, usually an Elsa.Flowchart.");
            return null;
        }

        var stored = new JsonObject { ["definitionId"] = definitionId };
        foreach (var (key, value) in definition.Where(p => !KnownBetter.Contains(p.Key) && !p.Key.StartsWith('$') && p.Key != "definitionId" && p.Key != "root"))
        {
            stored[key] = value?.DeepClone();
        }

        foreach (var list in Lists.Where(l => stored[l] is not JsonArray))
        {
            stored[list] = new JsonArray();
        }

        stored["options"] = stored["options"] as JsonObject is { } options ? options.DeepClone() : new JsonObject();
        var custom = stored["customProperties"] as JsonObject is { } known ? known.DeepClone().AsObject() : [];
        _ = custom.Remove(RevisionProperty);
        stored["customProperties"] = custom;
        if (DefinitionJson.Text(stored, "name") is null or "")
        {
            stored["name"] = definitionId;
        }

        stored["root"] = Placeholders.TakeOut(root.DeepClone());
        ActivityTree.NumberNodes(stored["root"]);
        return stored;
    }

    /// <summary>The revision that a definition carries; null when it carries none.</summary>
    public static long? RevisionOf(JsonObject definition)
    {
        ArgumentNullException.ThrowIfNull(definition);
        return definition["customProperties"] is JsonObject custom && custom[RevisionProperty] is JsonValue value
            ? value.GetValueKind() == JsonValueKind.Number && value.TryGetValue<long>(out var number) ? number
            : long.TryParse(value.ToString(), System.Globalization.CultureInfo.InvariantCulture, out var text) ? text : null
            : null;
    }

    /// <summary>No key that we know is written otherwise, and no list is wrapped.</summary>
    private static bool IsNormal(JsonNode? node) => node switch
    {
        JsonObject json => !json.ContainsKey("$values") && !json.Any(p => Spelled.TryGetValue(p.Key, out var spelled) && spelled != p.Key)
            && json.All(p => p.Key is "customProperties" or "metadata" or "value" || IsNormal(p.Value)),
        JsonArray list => list.All(IsNormal),
        _ => true,
    };

    private static readonly HashSet<string> Spelled = new(StringComparer.OrdinalIgnoreCase)
    {
        "definitionId", "root", "activities", "connections", "variables", "source", "target", "type", "id", "expression", "memoryReference", "customProperties", "inputs", "outputs", "options", "name",
    };
}
