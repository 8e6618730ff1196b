using System.Text.Json.Nodes;

namespace Runbooks.Workflows.Tests.Conformance;

/// <summary>One file of the specification: definitions, and what a run of the last one must do.</summary>
public sealed class ConformanceFile
{
    private ConformanceFile(string name, JsonObject json)
    {
        Name = name;
        Json = json;
    }

    public static IEnumerable<string> Names => Directory.EnumerateFiles(Folder, "*.json").Select(f => Path.GetFileNameWithoutExtension(f)).Order(StringComparer.Ordinal);

    public string Name { get; }

    public JsonObject Json { get; }

    public IReadOnlyList<string> Covers => Texts(Json["covers"]);

    public IReadOnlyList<JsonObject> Definitions => [.. Json["definitions"]!.AsArray().Select(d => d!.AsObject())];

    public JsonObject? Input => Json["input"]?.DeepClone().AsObject();

    public JsonObject? Expected => Json["expected"] as JsonObject;

    public JsonObject? Refused => Json["refused"] as JsonObject;

    private static string Folder => Path.Combine(AppContext.BaseDirectory, "Conformance");

    public static ConformanceFile Read(string name) =>
        new(name, JsonNode.Parse(File.ReadAllText(Path.Combine(Folder, name + ".json")))!.AsObject());

    public static IReadOnlyList<string> Texts(JsonNode? list) => [.. (list as JsonArray ?? []).Select(n => n!.GetValue<string>())];

    /// <summary>Types of all activities in the definitions.</summary>
    public IReadOnlySet<string> Types() => Definitions.SelectMany(d => Objects(d["root"])).Select(o => o["type"]?.ToString()).OfType<string>().ToHashSet(StringComparer.Ordinal);

    private static IEnumerable<JsonObject> Objects(JsonNode? node) => node switch
    {
        JsonObject o => o.SelectMany(p => Objects(p.Value)).Prepend(o),
        JsonArray a => a.SelectMany(Objects),
        _ => [],
    };
}
