using System.Text.Json;
using System.Text.Json.Nodes;

namespace Runbooks.Workflows.Definitions;

/// <summary>Which workflows use which as activities: read from their JSON alone, before anything is checked.</summary>
internal static class Composition
{
    private const string DefinitionId = "workflowDefinitionId";
    private const string VersionId = "workflowDefinitionVersionId";

    /// <summary>The workflow that an activity of a definition stands for; null when it stands for none.</summary>
    public static WorkflowReference? ReferenceOf(JsonObject activity)
    {
        if (DefinitionJson.Text(activity, DefinitionId) is not { Length: > 0 } id)
        {
            return null;
        }

        // A version id of another server says nothing here: then the latest is taken, and pinned when it is published.
        // The designer writes the id of a version, with a dot.
        var pinned = DefinitionJson.Text(activity, VersionId);
        return new WorkflowReference(
            id,
            pinned?.Length > id.Length + 1 && pinned.StartsWith(id, StringComparison.Ordinal) && pinned[id.Length] is (':' or '.') && int.TryParse(pinned.AsSpan(id.Length + 1), out var version) ? version : null);
    }

    /// <summary>The workflows that a definition uses as activities.</summary>
    public static IReadOnlyList<WorkflowReference> References(JsonObject? definition) =>
        definition?["root"] is { } root ? [.. Activities(root).Select(ReferenceOf).OfType<WorkflowReference>().Distinct()] : [];

    /// <summary>The definition with the version written beside each workflow that it uses; as it is when it uses none.</summary>
    public static string Pinned(string json, Func<string, int> versionOf)
    {
        var top = DefinitionJson.Parse(json, new ProblemList(""))!;
        var changed = false;
        foreach (var activity in Activities(top["root"]).Where(a => ReferenceOf(a) is not null))
        {
            var reference = ReferenceOf(activity)!;
            var version = reference.Version ?? versionOf(reference.DefinitionId);
            activity[VersionId] = new WorkflowReference(reference.DefinitionId, version).ToString();
            activity["version"] = version;
            activity["latestAvailablePublishedVersion"] = version;
            activity["latestAvailablePublishedVersionId"] = activity[VersionId]!.DeepClone();
            changed = true;
        }

        return changed ? top.ToJsonString() : json;
    }

    /// <summary>The definition without the versions of a workflow that it uses, other than the one given; null when it uses no other.</summary>
    public static string? Unpinned(string json, string definitionId, int except)
    {
        var top = DefinitionJson.Parse(json, new ProblemList(""))!;
        var changed = false;
        foreach (var activity in Activities(top["root"]).Where(a => ReferenceOf(a) is { } r && r.DefinitionId == definitionId && r.Version is not null && r.Version != except))
        {
            changed |= activity.Remove(VersionId);
        }

        return changed ? top.ToJsonString() : null;
    }

    /// <summary>Orders definitions so that each comes after those that it uses; those that use each other in a circle are named with the circle.</summary>
    public static (IReadOnlyList<string> Order, IReadOnlyDictionary<string, string> Circles) Sort(IReadOnlyDictionary<string, IReadOnlyList<string>> uses)
    {
        var order = new List<string>();
        var done = new HashSet<string>(StringComparer.Ordinal);
        var circles = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var start in uses.Keys.Order(StringComparer.Ordinal))
        {
            var path = new List<string>();
            var stack = new Stack<(string Id, Queue<string> Next)>();
            Enter(start);
            while (stack.TryPeek(out var top))
            {
                if (!top.Next.TryDequeue(out var next))
                {
                    _ = stack.Pop();
                    path.RemoveAt(path.Count - 1);
                    order.Add(top.Id);
                }
                else if (path.IndexOf(next) is var at and >= 0)
                {
                    var circle = path[at..];
                    foreach (var member in circle)
                    {
                        _ = circles.TryAdd(member, string.Join(" → ", circle.Append(next)));
                    }
                }
                else
                {
                    Enter(next);
                }
            }

            void Enter(string id)
            {
                if (uses.TryGetValue(id, out var used) && done.Add(id))
                {
                    path.Add(id);
                    stack.Push((id, new Queue<string>(used)));
                }
            }
        }

        return (order, circles);
    }

    /// <summary>Everything in a tree that is an activity, at any depth, outer ones first.</summary>
    public static IEnumerable<JsonObject> Activities(JsonNode? node) => node switch
    {
        JsonObject o => (o["type"] is JsonValue && o["id"] is JsonValue ? new[] { o } : [])
            .Concat(o.Where(p => p.Key is not ("customProperties" or "metadata" or "value")).SelectMany(p => Activities(p.Value))),
        JsonArray a => a.SelectMany(Activities),
        _ => [],
    };
}
