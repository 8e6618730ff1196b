using System.Text.Json.Nodes;

namespace Runbooks.Workflows.Library.Forms;

/// <summary>A version as Elsa Studio needs it: whatever it can't do without is there, and what it can't draw is hidden in placeholders.</summary>
public static class DesignerForm
{
    /// <summary>The fields of <c>options</c>; Studio shows what is missing as if it were set to nothing.</summary>
    private static readonly (string Name, JsonNode? Default)[] Options =
    [
        ("activationStrategyType", null), ("usableAsActivity", false), ("autoUpdateConsumingWorkflows", false),
        ("activityCategory", null), ("incidentStrategyType", null), ("commitStrategyName", null),
    ];

    private static readonly HashSet<string> Ordered = new(StringComparer.Ordinal)
    {
        "id", "definitionId", "tenantId", "name", "description", "createdAt", "version", "toolVersion", "isReadonly", "isSystem", "isLatest", "isPublished",
        "inputs", "outputs", "outcomes", "variables", "options", "customProperties", "root", "links",
    };

    /// <param name="version">The version.</param>
    /// <param name="isKnown">Whether the designer has a descriptor for an activity.</param>
    /// <param name="isReadonly">Whoever asks may not change it.</param>
    public static JsonObject Of(RunbookVersion version, Func<JsonObject, bool> isKnown, bool isReadonly)
    {
        ArgumentNullException.ThrowIfNull(version);
        var shown = Of(version);
        shown["isReadonly"] = isReadonly;
        shown["customProperties"]![StoredForm.RevisionProperty] = version.Revision;
        var root = shown["root"];
        _ = shown.Remove("root");
        shown["root"] = Placeholders.Put(root, isKnown);
        ActivityTree.NumberNodes(shown["root"]);
        return shown;
    }

    /// <summary>The same for other programs: without placeholders and revision.</summary>
    internal static JsonObject Of(RunbookVersion version)
    {
        var stored = StoredForm.Parse(version.Json);
        var shown = new JsonObject
        {
            ["id"] = version.Id.ToString(),
            ["definitionId"] = version.DefinitionId,
            ["tenantId"] = stored["tenantId"]?.DeepClone(),
            ["name"] = stored["name"]?.DeepClone() ?? version.DefinitionId,
            ["description"] = stored["description"]?.DeepClone() ?? "",
            ["createdAt"] = version.CreatedAt,
            ["version"] = version.Version,
            ["toolVersion"] = stored["toolVersion"]?.DeepClone(),
            ["isReadonly"] = false,
            ["isSystem"] = stored["isSystem"]?.DeepClone() ?? false,
            ["isLatest"] = version.IsLatest,
            ["isPublished"] = version.State == VersionState.Published,
        };
        foreach (var list in StoredForm.Lists)
        {
            shown[list] = stored[list] as JsonArray is { } items ? items.DeepClone() : new JsonArray();
        }

        shown["options"] = OptionsOf(stored["options"] as JsonObject);
        shown["customProperties"] = stored["customProperties"] as JsonObject is { } custom ? custom.DeepClone() : new JsonObject();
        foreach (var (key, value) in stored.Where(p => !Ordered.Contains(p.Key) && !p.Key.StartsWith('$')))
        {
            shown[key] = value?.DeepClone();
        }

        // What was just read belongs to nobody else: it is moved and not copied.
        var root = stored["root"];
        _ = stored.Remove("root");
        shown["root"] = root;
        ActivityTree.NumberNodes(shown["root"]);
        return shown;
    }

    private static JsonObject OptionsOf(JsonObject? stored)
    {
        var options = new JsonObject();
        foreach (var (name, usual) in Options)
        {
            options[name] = stored?[name]?.DeepClone() ?? usual?.DeepClone();
        }

        foreach (var (key, value) in (stored ?? []).Where(p => !options.ContainsKey(p.Key)))
        {
            options[key] = value?.DeepClone();
        }

        return options;
    }
}
