using System.Text.Json.Nodes;
using Runbooks.Workflows.Definitions;
using Runbooks.Workflows.Library.Forms;

namespace Runbooks.Workflows.Library.Diff;

/// <summary>Compares the activities of two definitions and what connects them.</summary>
internal static class ActivityDiffer
{
    private const string Layout = "metadata.designer";

    private static readonly HashSet<string> ComparedElsewhere = new(StringComparer.Ordinal) { "id", "nodeId", "metadata", "activities", "connections", "variables" };

    public static void Compare(JsonNode? from, JsonNode? to, Changes found)
    {
        var (before, after) = (ById(from), ById(to));
        foreach (var (id, place) in after)
        {
            if (!before.TryGetValue(id, out var was))
            {
                found.Add(new DefinitionChange(ChangeKind.Added, "activity", id, ActivityTree.TitleOf(place.Activity), TypeOf(place.Activity), null, null, Shallow(place.Activity), false));
            }
            else
            {
                Compare(id, was, place, found);
            }
        }

        foreach (var (id, place) in before.Where(p => !after.ContainsKey(p.Key)))
        {
            found.Add(new DefinitionChange(ChangeKind.Removed, "activity", id, ActivityTree.TitleOf(place.Activity), TypeOf(place.Activity), null, Shallow(place.Activity), null, false));
        }

        var titles = before.Concat(after).GroupBy(p => p.Key, StringComparer.Ordinal).ToDictionary(g => g.Key, g => ActivityTree.TitleOf(g.Last().Value.Activity), StringComparer.Ordinal);
        CompareConnections(Connections(before), Connections(after), titles, found);
    }

    private static void Compare(string id, Place was, Place now, Changes found)
    {
        var (title, type) = (ActivityTree.TitleOf(now.Activity), TypeOf(now.Activity));
        if (was.In != now.In)
        {
            found.Add(new DefinitionChange(ChangeKind.Changed, "activity", id, title, type, "place", was.In, now.In, false));
        }

        found.Fields("activity", id, title, type, Shallow(was.Activity), Shallow(now.Activity), field => field == Layout);
        found.ByKey("variable", DefinitionDiffer.Named(was.Activity["variables"], "id"), DefinitionDiffer.Named(now.Activity["variables"], "id"));
        var (a, b) = (Order(was.Activity), Order(now.Activity));
        if (!a.Intersect(b).SequenceEqual(b.Intersect(a), StringComparer.Ordinal))
        {
            found.Add(new DefinitionChange(ChangeKind.Changed, "activity", id, title, type, "order", new JsonArray([.. a.Select(x => (JsonNode)x)]), new JsonArray([.. b.Select(x => (JsonNode)x)]), false));
        }
    }

    /// <summary>The order of what is inside, where it says something.</summary>
    private static IReadOnlyList<string> Order(JsonObject activity) =>
        activity["activities"] is JsonArray activities && !(activity["connections"] is JsonArray && FlowOrder.IsFree(activities))
            ? [.. activities.OfType<JsonObject>().Select(a => a["id"]?.ToString() ?? "")]
            : [];

    private static void CompareConnections(Dictionary<string, JsonObject> before, Dictionary<string, JsonObject> after, Dictionary<string, string> titles, Changes found)
    {
        foreach (var key in before.Keys.Union(after.Keys, StringComparer.Ordinal))
        {
            var (was, now) = (before.GetValueOrDefault(key), after.GetValueOrDefault(key));
            var connection = now ?? was!;
            var (source, target) = (End(connection, "source"), End(connection, "target"));
            var title = $"{titles.GetValueOrDefault(source, source)} [{Port(connection)}] → {titles.GetValueOrDefault(target, target)}";
            if (was is null || now is null)
            {
                found.Add(new DefinitionChange(was is null ? ChangeKind.Added : ChangeKind.Removed, "connection", key, title, null, null, was?.DeepClone(), now?.DeepClone(), false));
            }
            else if (!JsonNode.DeepEquals(Meaning.Plain(was["vertices"] ?? new JsonArray()), Meaning.Plain(now["vertices"] ?? new JsonArray())))
            {
                found.Add(new DefinitionChange(ChangeKind.Changed, "connection", key, title, null, "vertices", was["vertices"]?.DeepClone(), now["vertices"]?.DeepClone(), true));
            }
        }
    }

    private static Dictionary<string, JsonObject> Connections(Dictionary<string, Place> activities)
    {
        var found = new Dictionary<string, JsonObject>(StringComparer.Ordinal);
        foreach (var connection in activities.Values.SelectMany(p => p.Activity["connections"] as JsonArray ?? []).OfType<JsonObject>())
        {
            _ = found.TryAdd($"{End(connection, "source")}[{Port(connection)}]>{End(connection, "target")}", connection);
        }

        return found;
    }

    private static Dictionary<string, Place> ById(JsonNode? root)
    {
        var found = new Dictionary<string, Place>(StringComparer.Ordinal);
        foreach (var (activity, parent, port) in ActivityTree.All(root))
        {
            _ = found.TryAdd(activity["id"]!.ToString(), new Place(activity, parent is null ? "root" : $"{parent["id"]}.{port}"));
        }

        return found;
    }

    /// <summary>An activity with the ids of those in it instead of themselves, and its metadata as fields of their own.</summary>
    private static JsonObject Shallow(JsonObject activity)
    {
        var result = new JsonObject();
        foreach (var (key, value) in activity.Where(p => !ComparedElsewhere.Contains(p.Key) && p.Value is not null))
        {
            // What lies in a slot says itself where it is; the slot need not say it again.
            if (Without(Meaning.Plain(value)) is { } plain && !(plain is JsonObject { Count: 0 }))
            {
                result[key] = plain;
            }
        }

        foreach (var (key, value) in (activity["metadata"] as JsonObject ?? []).Where(p => p.Value is not null))
        {
            if (Meaning.Plain(value) is { } plain && !(plain is JsonObject { Count: 0 }))
            {
                result[$"metadata.{key}"] = plain;
            }
        }

        return result;
    }

    private static JsonNode? Without(JsonNode? node) => node switch
    {
        JsonObject json when ActivityTree.IsActivity(json) => null,
        JsonObject json => new JsonObject(json.Where(p => p.Key is "value" || p.Value is not JsonObject inner || !ActivityTree.IsActivity(inner)).Select(p => KeyValuePair.Create(p.Key, p.Key == "value" ? p.Value?.DeepClone() : Without(p.Value)))),
        JsonArray list => new JsonArray([.. list.Select(Without)]),
        _ => node?.DeepClone(),
    };

    private static string TypeOf(JsonObject activity) => activity["type"]!.ToString();

    private static string End(JsonObject connection, string end) => DefinitionJson.Text(connection[end], "activity") ?? DefinitionJson.Text(connection, end) ?? "";

    private static string Port(JsonObject connection) =>
        (DefinitionJson.Text(connection["source"], "port") ?? DefinitionJson.Text(connection, "sourcePort")) is { Length: > 0 } port ? port : "Done";

    private sealed record Place(JsonObject Activity, string In);
}
