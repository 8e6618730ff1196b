using System.Text.Json.Nodes;
using Runbooks.Workflows.Definitions;
using Runbooks.Workflows.Journal;

namespace Runbooks.Server.Elsa.Instances;

/// <summary>Which part of a journal Studio asks for. Pure.</summary>
internal static class JournalFilters
{
    public static JournalQuery Of(JsonObject? filter, WorkflowDefinition? definition, int skip, int take)
    {
        var nodes = Texts(filter, "activityNodeIds");
        var ids = Texts(filter, "activityIds");
        var types = Texts(filter, "excludedActivityTypes");
        var events = Texts(filter, "eventNames");
        var all = definition?.ByNodeId.Values ?? [];
        if (ids.Count > 0)
        {
            nodes = [.. nodes, .. all.Where(a => ids.Contains(a.Id, StringComparer.Ordinal)).Select(a => a.NodeId)];
        }

        var asked = nodes.Count > 0 || ids.Count > 0;
        return new JournalQuery
        {
            NodeIds = asked ? nodes : null,
            NotNodeIds = [.. all.Where(a => types.Contains(a.Type, StringComparer.Ordinal)).Select(a => a.NodeId)],
            Events = events.Count > 0 ? events : null,
            // What happened to the run belongs to the view of its root, not to that of a part or of one activity.
            WithRun = !asked || (ids.Count == 0 && nodes.Any(n => IsOfRoot(n, definition))),
            Skip = Math.Max(0, skip),
            Take = Math.Clamp(take, 1, RunQuery.MostTaken),
        };
    }

    /// <summary>The texts of a list; none when it is not one.</summary>
    public static IReadOnlyList<string> Texts(JsonObject? json, string name) =>
        json?[name] is JsonArray list ? [.. list.OfType<JsonValue>().Select(v => v.ToString())] : [];

    private static bool IsOfRoot(string nodeId, WorkflowDefinition? definition) =>
        definition is null
        || string.Equals(nodeId, definition.Root.NodeId, StringComparison.Ordinal)
        || definition.Root.Children.Any(c => string.Equals(c.NodeId, nodeId, StringComparison.Ordinal));
}
