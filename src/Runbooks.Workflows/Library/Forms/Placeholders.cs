using System.Text.Json;
using System.Text.Json.Nodes;
using Runbooks.Workflows.Definitions;

namespace Runbooks.Workflows.Library.Forms;

/// <summary>
/// Activities of types that are not known here, on their way through the designer. It draws nothing at all when it meets
/// one, and saves what it does not draw; so it gets Elsa's placeholder with the activity inside, and what comes back is
/// put where it was.
/// </summary>
internal static class Placeholders
{
    public const string Type = "Elsa.NotFoundActivity";

    private const string Original = "originalActivityJson";
    private const string Lost = "notFoundConnections";

    /// <summary>Changes <paramref name="root"/> to what the designer can draw.</summary>
    public static JsonNode? Put(JsonNode? root, Func<JsonObject, bool> isKnown)
    {
        var replaced = ActivityTree.Replace(root, activity => isKnown(activity) || TypeOf(activity) == Type ? activity : PlaceholderFor(activity));
        foreach (var (flowchart, connections) in Flowcharts(replaced))
        {
            var ids = Activities(flowchart).Where(a => TypeOf(a) == Type).Select(a => a["id"]!.ToString()).ToHashSet(StringComparer.Ordinal);

            // A placeholder has the one outcome Done; what leaves by another one has nowhere to begin.
            Move(connections, LostOf(flowchart, make: true)!, c => ids.Contains(End(c, "source") ?? "") && DefinitionJson.Text(c["source"], "port") is not (null or "" or "Done"));
        }

        return replaced;
    }

    /// <summary>Changes <paramref name="root"/> back. Where it stands and how it is named is what the designer says.</summary>
    public static JsonNode? TakeOut(JsonNode? root)
    {
        var restored = ActivityTree.Replace(root, activity => TypeOf(activity) == Type ? OriginalOf(activity) : activity);
        foreach (var (flowchart, connections) in Flowcharts(restored))
        {
            var ids = Activities(flowchart).Select(a => a["id"]!.ToString()).ToHashSet(StringComparer.Ordinal);
            if (LostOf(flowchart, make: false) is { } lost)
            {
                Move(lost, connections, c => ids.Contains(End(c, "source") ?? "") && ids.Contains(End(c, "target") ?? ""));
            }
        }

        return restored;
    }

    private static JsonObject PlaceholderFor(JsonObject activity)
    {
        var type = TypeOf(activity);
        var metadata = activity["metadata"] as JsonObject is { } known ? known.DeepClone().AsObject() : [];
        metadata["displayText"] = $"Not Found: {type}";
        metadata["description"] = $"This server does not know activities of type {type}. It is kept as it is.";
        return new JsonObject
        {
            ["id"] = activity["id"]!.DeepClone(),
            ["name"] = activity["name"]?.DeepClone(),
            ["type"] = Type,
            ["version"] = 1,
            ["customProperties"] = (activity["customProperties"] as JsonObject)?.DeepClone() ?? new JsonObject(),
            ["metadata"] = metadata,
            ["missingTypeName"] = type,
            ["missingTypeVersion"] = DefinitionJson.Number(activity, "version") ?? 1,
            [Original] = activity.ToJsonString(),
        };
    }

    private static JsonObject OriginalOf(JsonObject placeholder)
    {
        JsonObject? original;
        try
        {
            original = DefinitionJson.Text(placeholder, Original) is { } text ? JsonNode.Parse(text, documentOptions: DefinitionJson.Options) as JsonObject : null;
        }
        catch (JsonException)
        {
            return placeholder;
        }

        if (original is null || !ActivityTree.IsActivity(original))
        {
            return placeholder;
        }

        original["id"] = placeholder["id"]!.DeepClone();
        if (DefinitionJson.Text(placeholder, "name") is { Length: > 0 } name)
        {
            original["name"] = name;
        }

        if (placeholder["metadata"]?["designer"] is JsonObject designer)
        {
            var metadata = original["metadata"] as JsonObject;
            if (metadata is null)
            {
                original["metadata"] = metadata = [];
            }

            metadata["designer"] = designer.DeepClone();
        }

        return original;
    }

    private static string TypeOf(JsonObject activity) => activity["type"]!.ToString();

    private static IEnumerable<(JsonObject Flowchart, JsonArray Connections)> Flowcharts(JsonNode? root) =>
        from found in ActivityTree.All(root).ToArray()
        let connections = found.Activity["connections"] as JsonArray
        where connections is not null
        select (found.Activity, connections);

    private static IEnumerable<JsonObject> Activities(JsonObject flowchart) =>
        (flowchart["activities"] as JsonArray ?? []).OfType<JsonObject>().Where(ActivityTree.IsActivity);

    private static JsonArray? LostOf(JsonObject flowchart, bool make)
    {
        if (flowchart["customProperties"]?[Lost] is JsonArray lost || !make)
        {
            return flowchart["customProperties"]?[Lost] as JsonArray;
        }

        if (flowchart["customProperties"] is not JsonObject custom)
        {
            flowchart["customProperties"] = custom = [];
        }

        custom[Lost] = lost = [];
        return lost;
    }

    private static string? End(JsonObject connection, string end) => DefinitionJson.Text(connection[end], "activity") ?? DefinitionJson.Text(connection, end);

    private static void Move(JsonArray from, JsonArray to, Func<JsonObject, bool> wanted)
    {
        foreach (var connection in from.OfType<JsonObject>().Where(wanted).ToArray())
        {
            _ = from.Remove(connection);
            if (!to.Any(there => JsonNode.DeepEquals(there, connection)))
            {
                to.Add((JsonNode)connection);
            }
        }
    }
}
