using System.Text.Json.Nodes;

namespace Runbooks.Workflows.Library.Forms;

/// <summary>What a definition says, without what the designer writes in passing: for telling whether anything was changed.</summary>
public static class Meaning
{
    private static readonly HashSet<string> InPassing = new(StringComparer.Ordinal) { "nodeId", "size", "vertices", "notFoundConnections" };

    private static readonly HashSet<string> OfVersion = new(StringComparer.Ordinal)
    {
        "$schema", "id", "createdAt", "version", "isLatest", "isPublished", "isReadonly", "toolVersion", "links",
    };

    /// <summary>True when nobody could tell one from the other by what they do and how they look.</summary>
    public static bool Same(string a, string b) => JsonNode.DeepEquals(Of(a), Of(b));

    private static JsonObject Of(string json)
    {
        var version = new RunbookVersion("", 1, VersionState.Draft, false, json, 0, false, default, default, "", null);
        var all = DesignerForm.Of(version);
        return (JsonObject)Plain(new JsonObject(all.Where(p => !OfVersion.Contains(p.Key)).Select(p => KeyValuePair.Create(p.Key, p.Value?.DeepClone()))))!;
    }

    /// <summary>Nothing said and nothing there are the same; the order of fields is none.</summary>
    internal static JsonNode? Plain(JsonNode? node)
    {
        switch (node)
        {
            case JsonObject json:
                var result = new JsonObject();
                foreach (var (key, value) in json.Where(p => p.Value is not null && !(InPassing.Contains(p.Key) && IsInPassing(p.Key, p.Value))))
                {
                    result[key] = Plain(value);
                }

                if (result["activities"] is JsonArray activities && result["connections"] is JsonArray && FlowOrder.IsFree(activities))
                {
                    result["activities"] = new JsonArray([.. activities.OrderBy(a => a?["id"]?.ToString(), StringComparer.Ordinal).Select(a => a?.DeepClone())]);
                }

                return result;
            case JsonArray list:
                return new JsonArray([.. list.Select(Plain)]);
            default:
                return node?.DeepClone();
        }
    }

    /// <summary>Ways of lines and lost connections count when there are any.</summary>
    private static bool IsInPassing(string key, JsonNode? value) => key switch
    {
        "nodeId" => true,
        "size" => value is JsonObject size && size.ContainsKey("width"),
        _ => value is JsonArray { Count: 0 },
    };
}
