using System.Text.Json.Nodes;
using Runbooks.Workflows.Library.Forms;

namespace Runbooks.Workflows.Library.Diff;

/// <summary>
/// Compares two definitions by what they mean: activities by id, connections by what they connect, arguments by name and
/// variables by id; in no order, because the designer keeps none.
/// </summary>
public static class DefinitionDiffer
{
    private static readonly HashSet<string> NotCompared = new(StringComparer.Ordinal)
    {
        "id", "definitionId", "createdAt", "version", "isLatest", "isPublished", "isReadonly", "toolVersion", "links", "root", "options", "customProperties", "inputs", "outputs", "outcomes", "variables",
    };

    /// <param name="from">JSON of a definition.</param>
    /// <param name="to">JSON of the other one.</param>
    public static DefinitionDiff Of(string from, string to)
    {
        var (a, b) = (Shown(from), Shown(to));
        var found = new Changes();
        found.Fields("definition", "", "", null, Only(a, p => !NotCompared.Contains(p)), Only(b, p => !NotCompared.Contains(p)));
        found.ByKey("input", Named(a["inputs"], "name"), Named(b["inputs"], "name"));
        found.ByKey("output", Named(a["outputs"], "name"), Named(b["outputs"], "name"));
        found.ByKey("outcome", Values(a["outcomes"]), Values(b["outcomes"]));
        found.ByKey("variable", Named(a["variables"], "id"), Named(b["variables"], "id"));
        found.ByKey("option", Fields(a["options"]), Fields(b["options"]));
        found.ByKey("property", Fields(a["customProperties"]), Fields(b["customProperties"]));
        ActivityDiffer.Compare(a["root"], b["root"], found);
        return new DefinitionDiff(found.All);
    }

    internal static Dictionary<string, JsonNode?> Named(JsonNode? list, string key)
    {
        var found = new Dictionary<string, JsonNode?>(StringComparer.Ordinal);
        foreach (var item in (list as JsonArray ?? []).OfType<JsonObject>())
        {
            _ = found.TryAdd((item[key] ?? item["name"])?.ToString() ?? "", Meaning.Plain(item));
        }

        return found;
    }

    private static JsonObject Shown(string json) => DesignerForm.Of(new RunbookVersion("", 1, VersionState.Draft, false, json, 0, false, default, default, "", null));

    private static JsonObject Only(JsonObject json, Func<string, bool> wanted) =>
        new(json.Where(p => wanted(p.Key)).Select(p => KeyValuePair.Create(p.Key, Meaning.Plain(p.Value))));

    private static Dictionary<string, JsonNode?> Fields(JsonNode? json) =>
        (json as JsonObject ?? []).Where(p => p.Value is not null && p.Key != StoredForm.RevisionProperty).ToDictionary(p => p.Key, p => p.Value, StringComparer.Ordinal);

    private static Dictionary<string, JsonNode?> Values(JsonNode? list) =>
        (list as JsonArray ?? []).OfType<JsonNode>().Select(v => v.ToString()).Distinct(StringComparer.Ordinal).ToDictionary(v => v, _ => (JsonNode?)null, StringComparer.Ordinal);
}

/// <summary>Collects differences.</summary>
internal sealed class Changes
{
    private readonly List<DefinitionChange> all = [];

    public IReadOnlyList<DefinitionChange> All => all;

    public void Add(DefinitionChange change) => all.Add(change);

    /// <summary>Things that are known by a key on both sides; what is an object is compared field by field.</summary>
    public void ByKey(string subject, Dictionary<string, JsonNode?> from, Dictionary<string, JsonNode?> to)
    {
        foreach (var key in from.Keys.Union(to.Keys, StringComparer.Ordinal))
        {
            var (before, after) = (from.GetValueOrDefault(key), to.GetValueOrDefault(key));
            var title = ((after ?? before) as JsonObject)?["name"]?.ToString() ?? key;
            if (!from.ContainsKey(key))
            {
                Add(new DefinitionChange(ChangeKind.Added, subject, key, title, null, null, null, after?.DeepClone(), false));
            }
            else if (!to.ContainsKey(key))
            {
                Add(new DefinitionChange(ChangeKind.Removed, subject, key, title, null, null, before?.DeepClone(), null, false));
            }
            else if (before is JsonObject a && after is JsonObject b && subject is "input" or "output" or "variable")
            {
                Fields(subject, key, title, null, (JsonObject)before!, (JsonObject)after!);
            }
            else if (!JsonNode.DeepEquals(before, after))
            {
                Add(new DefinitionChange(ChangeKind.Changed, subject, key, title, null, "value", before?.DeepClone(), after?.DeepClone(), false));
            }
        }
    }

    public void Fields(string subject, string id, string title, string? type, JsonObject from, JsonObject to, Func<string, bool>? isLayout = null)
    {
        foreach (var field in from.Select(p => p.Key).Union(to.Select(p => p.Key), StringComparer.Ordinal))
        {
            if (!JsonNode.DeepEquals(from[field], to[field]))
            {
                Add(new DefinitionChange(ChangeKind.Changed, subject, id, title, type, field, from[field]?.DeepClone(), to[field]?.DeepClone(), isLayout?.Invoke(field) ?? false));
            }
        }
    }
}
