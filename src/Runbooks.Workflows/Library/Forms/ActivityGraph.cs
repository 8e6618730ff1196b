using System.Text.Json.Nodes;

namespace Runbooks.Workflows.Library.Forms;

/// <summary>Parts of a definition, for a designer that opens one level at a time.</summary>
public static class ActivityGraph
{
    /// <summary>An activity with all that is in it; the root when no node is named. Null when there is no such node.</summary>
    /// <param name="definition">As <see cref="DesignerForm"/> makes it.</param>
    /// <param name="nodeId">The path of ids.</param>
    public static JsonObject? Subgraph(JsonObject definition, string? nodeId)
    {
        ArgumentNullException.ThrowIfNull(definition);
        var all = ActivityTree.All(definition["root"]).ToArray();
        var wanted = Array.FindIndex(all, a => string.IsNullOrEmpty(nodeId) || nodeId == ActivityTree.Top || NodeId(a.Activity) == nodeId);
        return wanted < 0 ? null : Node(all[wanted].Activity, all[wanted].Port, all.ToLookup(a => a.Parent));
    }

    /// <summary>The way from the root to a node: each activity on it in whose slot the next one lies. Null when there is no such node.</summary>
    public static JsonObject? Segments(JsonObject definition, string childNodeId)
    {
        ArgumentNullException.ThrowIfNull(definition);
        var byNode = ActivityTree.All(definition["root"]).GroupBy(a => NodeId(a.Activity), StringComparer.Ordinal).ToDictionary(g => g.Key, g => g.First(), StringComparer.Ordinal);
        if (!byNode.TryGetValue(childNodeId, out var child))
        {
            return null;
        }

        var segments = new JsonArray();
        JsonObject? container = null;
        for (var step = child; step.Parent is { } at; step = byNode[NodeId(at)])
        {
            if (at["activities"] is JsonArray)
            {
                container ??= at;
            }
            else
            {
                segments.Insert(0, new JsonObject { ["activityNodeId"] = NodeId(at), ["activityId"] = at["id"]!.DeepClone(), ["activityType"] = at["type"]!.DeepClone(), ["portName"] = step.Port });
            }
        }

        return new JsonObject
        {
            ["childNode"] = Leaf(child.Activity, child.Port),
            ["container"] = (container ?? child.Activity).DeepClone(),
            ["pathSegments"] = segments,
        };
    }

    private static string NodeId(JsonObject activity) => activity["nodeId"]?.ToString() ?? "";

    private static JsonObject Leaf(JsonObject activity, string port) => new()
    {
        ["activity"] = activity.DeepClone(),
        ["port"] = port,
        ["nodeId"] = NodeId(activity),
        ["children"] = new JsonArray(),
        ["parents"] = new JsonArray(),
    };

    private static JsonObject Node(JsonObject activity, string port, ILookup<JsonObject?, (JsonObject Activity, JsonObject? Parent, string Port)> children)
    {
        var node = Leaf(activity, port);
        node["children"] = new JsonArray([.. children[activity].Select(c => Node(c.Activity, c.Port, children))]);
        return node;
    }
}
