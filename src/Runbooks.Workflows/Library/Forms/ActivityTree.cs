using System.Text.Json;
using System.Text.Json.Nodes;
using Runbooks.Workflows.Definitions;

namespace Runbooks.Workflows.Library.Forms;

/// <summary>The activities of a definition as JSON: nothing is checked, nothing that is not known is lost.</summary>
internal static class ActivityTree
{
    /// <summary>The outermost id of every path; it stands for the workflow itself.</summary>
    public const string Top = "Workflow1";

    /// <summary>Places in which what looks like an activity is none.</summary>
    private static readonly HashSet<string> Elsewhere = new(StringComparer.Ordinal) { "customProperties", "metadata", "value" };

    public static bool IsActivity(JsonObject json) => json["type"] is JsonValue type && type.GetValueKind() == JsonValueKind.String && json["id"] is JsonValue;

    /// <summary>Every activity with the one around it (null for the root) and the place in it, outer ones first.</summary>
    public static IEnumerable<(JsonObject Activity, JsonObject? Parent, string Port)> All(JsonNode? root) => Under(root, null, "root");

    /// <summary>Writes into each activity the path of ids by which the designer, the journal and runs find it.</summary>
    public static void NumberNodes(JsonNode? root)
    {
        var paths = new Dictionary<JsonObject, string>(ReferenceEqualityComparer.Instance);
        foreach (var (activity, parent, _) in All(root))
        {
            var path = $"{(parent is null ? Top : paths[parent])}:{activity["id"]}";
            paths[activity] = path;
            Put(activity, "nodeId", path, after: "id");
        }
    }

    /// <summary>Replaces activities, outer ones first; what a replacement holds is looked at too.</summary>
    public static JsonNode? Replace(JsonNode? node, Func<JsonObject, JsonObject> replacement)
    {
        switch (node)
        {
            case JsonObject json:
                var replaced = IsActivity(json) ? replacement(json) : json;
                foreach (var (key, value) in replaced.Where(p => !Elsewhere.Contains(p.Key) && p.Value is JsonObject or JsonArray).ToArray())
                {
                    var inside = Replace(value, replacement);
                    if (!ReferenceEquals(inside, value))
                    {
                        replaced[key] = inside;
                    }
                }

                return replaced;
            case JsonArray list:
                for (var i = 0; i < list.Count; i++)
                {
                    var item = list[i];
                    var inside = Replace(item, replacement);
                    if (!ReferenceEquals(inside, item))
                    {
                        list[i] = inside;
                    }
                }

                return list;
            default:
                return node;
        }
    }

    /// <summary>What people call an activity: its display text, or its name.</summary>
    public static string TitleOf(JsonObject activity) =>
        DefinitionJson.Text(activity["metadata"], "displayText") is { Length: > 0 } text ? text
        : DefinitionJson.Text(activity, "name") is { Length: > 0 } name ? name
        : activity["id"]?.ToString() ?? "?";

    private static IEnumerable<(JsonObject Activity, JsonObject? Parent, string Port)> Under(JsonNode? node, JsonObject? parent, string port)
    {
        switch (node)
        {
            case JsonObject json:
                var isActivity = IsActivity(json);
                if (isActivity)
                {
                    yield return (json, parent, port);
                }

                foreach (var found in json.Where(p => !Elsewhere.Contains(p.Key)).SelectMany(p => Under(p.Value, isActivity ? json : parent, isActivity ? p.Key : port)))
                {
                    yield return found;
                }

                break;
            case JsonArray list:
                foreach (var found in list.SelectMany(i => Under(i, parent, port)))
                {
                    yield return found;
                }

                break;
        }
    }

    private static void Put(JsonObject json, string name, string value, string after)
    {
        if (json.ContainsKey(name))
        {
            json[name] = value;
        }
        else
        {
            json.Insert(json.IndexOf(after) + 1, name, value);
        }
    }
}
