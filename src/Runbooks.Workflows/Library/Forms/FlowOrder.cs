using System.Text.Json.Nodes;
using Runbooks.Workflows.Definitions;

namespace Runbooks.Workflows.Library.Forms;

/// <summary>
/// The activities of a flowchart in the order in which they are reached. The designer moves what was edited to the end of
/// the list; the order says nothing, unless there is no start activity: then it may decide where a run begins, and it stays.
/// </summary>
internal static class FlowOrder
{
    private const string Start = "Elsa.Start";

    public static bool IsFree(JsonArray activities) => activities.OfType<JsonObject>().Any(a => DefinitionJson.Text(a, "type") == Start);

    public static JsonArray Of(JsonArray activities, JsonArray connections)
    {
        var all = activities.OfType<JsonObject>().ToArray();
        if (!IsFree(activities) || all.Length != activities.Count || all.Any(a => a["id"] is not JsonValue))
        {
            return activities.DeepClone().AsArray();
        }

        var byId = new Dictionary<string, JsonObject>(StringComparer.Ordinal);
        foreach (var activity in all)
        {
            _ = byId.TryAdd(activity["id"]!.ToString(), activity);
        }

        var next = connections.OfType<JsonObject>().ToLookup(c => End(c, "source"), c => End(c, "target"), StringComparer.Ordinal);
        var reached = new List<JsonObject>();
        var seen = new HashSet<string>(StringComparer.Ordinal);

        // The first start activity stays the first of them; what is reached from nowhere comes last.
        var begins = all.Where(a => DefinitionJson.Text(a, "type") == Start).Concat(all.OrderBy(a => a["id"]!.ToString(), StringComparer.Ordinal));
        foreach (var begin in begins.Select(a => a["id"]!.ToString()))
        {
            var queue = new Queue<string>([begin]);
            while (queue.TryDequeue(out var id))
            {
                if (byId.TryGetValue(id, out var activity) && seen.Add(id))
                {
                    reached.Add(activity);
                    foreach (var target in next[id])
                    {
                        queue.Enqueue(target);
                    }
                }
            }
        }

        return reached.Count == all.Length ? new JsonArray([.. reached.Select(a => a.DeepClone())]) : activities.DeepClone().AsArray();
    }

    private static string End(JsonObject connection, string end) =>
        DefinitionJson.Text(connection[end], "activity") ?? DefinitionJson.Text(connection, end) ?? "";
}
