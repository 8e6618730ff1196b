using System.Text.Json.Nodes;

namespace Runbooks.Workflows.Library.Forms;

/// <summary>
/// A version as a file. The same content always gives the same text: fields are in one order, activities of a flowchart in
/// the order in which they are reached, and what the designer writes only while it edits is left out.
/// </summary>
public static class ExportForm
{
    public const string Schema = "https://elsaworkflows.io/schemas/workflow-definition/v3.0.0/schema.json";

    private static readonly string[] OfVersion = ["id", "createdAt", "version", "isLatest", "isPublished"];

    private static readonly string[] Activity = ["id", "nodeId", "name", "type", "version", "customProperties", "metadata"];
    private static readonly string[] ActivityEnd = ["variables", "activities", "connections"];
    private static readonly string[] Other =
    [
        "id", "type", "isArray", "name", "typeName", "displayName", "description", "category", "uiHint", "storageDriverType", "value", "storageDriverTypeName",
        "expression", "memoryReference", "source", "target", "activity", "port", "vertices", "label", "condition",
    ];

    private static readonly string[] Metadata = ["displayText", "designer", "position", "x", "y", "size", "width", "height", "description", "showDescription"];

    /// <param name="version">The version.</param>
    /// <param name="withVersion">
    /// Also its number, state and time, as an Elsa server exports them. Without them the text changes only with the content,
    /// which is what version control wants.
    /// </param>
    public static JsonObject Of(RunbookVersion version, bool withVersion)
    {
        ArgumentNullException.ThrowIfNull(version);
        var shown = DesignerForm.Of(version);
        if (!withVersion)
        {
            foreach (var name in OfVersion)
            {
                _ = shown.Remove(name);
            }
        }

        var file = new JsonObject { ["$schema"] = Schema };
        foreach (var (key, value) in shown)
        {
            file[key] = key is "customProperties" or "options" ? value?.DeepClone() : Ordered(value);
        }

        return file;
    }

    private static JsonNode? Ordered(JsonNode? node)
    {
        switch (node)
        {
            case JsonArray list:
                return new JsonArray([.. list.Select(Ordered)]);
            case JsonObject json when ActivityTree.IsActivity(json):
                var ordered = Sorted(json, Activity, ActivityEnd);
                if (ordered["activities"] is JsonArray activities && ordered["connections"] is JsonArray connections)
                {
                    ordered["activities"] = FlowOrder.Of(activities, connections);
                }

                return ordered;
            case JsonObject json:
                return Sorted(json, Other, []);
            default:
                return node?.DeepClone();
        }
    }

    private static JsonObject Sorted(JsonObject json, string[] first, string[] last)
    {
        var result = new JsonObject();
        foreach (var (key, value) in json.OrderBy(p => Rank(p.Key, first, last)).ThenBy(p => p.Key, StringComparer.Ordinal))
        {
            // The designer adds an empty reference to every input that it has touched.
            if (key != "memoryReference" || value is not null)
            {
                result[key] = key switch
                {
                    "value" or "customProperties" => value?.DeepClone(),
                    "metadata" => SortedMetadata(value),
                    _ => Ordered(value),
                };
            }
        }

        return result;
    }

    private static JsonNode? SortedMetadata(JsonNode? node)
    {
        if (node is not JsonObject json)
        {
            return node?.DeepClone();
        }

        var result = new JsonObject();
        foreach (var (key, value) in json.OrderBy(p => Rank(p.Key, Metadata, [])).ThenBy(p => p.Key, StringComparer.Ordinal))
        {
            result[key] = SortedMetadata(value);
        }

        return result;
    }

    private static int Rank(string key, string[] first, string[] last) =>
        Array.IndexOf(first, key) is var at and >= 0 ? at
        : Array.IndexOf(last, key) is var end and >= 0 ? 1001 + end
        : 1000;
}
