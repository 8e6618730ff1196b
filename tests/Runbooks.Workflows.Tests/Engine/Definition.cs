using System.Text.Json.Nodes;

namespace Runbooks.Workflows.Tests.Engine;

/// <summary>Writes small definitions in Elsa's format.</summary>
public static class Definition
{
    public static string Of(string id, JsonObject root, params (string Name, string Type, string? Default)[] variables) => Of(id, root, [], variables);

    public static string Of(string id, JsonObject root, (string Name, string Type)[] inputs, params (string Name, string Type, string? Default)[] variables) => new JsonObject
    {
        ["definitionId"] = id,
        ["name"] = id,
        ["version"] = 1,
        ["inputs"] = new JsonArray([.. inputs.Select(i => new JsonObject { ["name"] = i.Name, ["type"] = i.Type })]),
        ["variables"] = new JsonArray([.. variables.Select(v => new JsonObject { ["id"] = $"v-{v.Name}", ["name"] = v.Name, ["typeName"] = v.Type, ["value"] = v.Default })]),
        ["options"] = new JsonObject(),
        ["customProperties"] = new JsonObject(),
        ["root"] = root,
    }.ToJsonString();

    public static JsonObject Activity(string id, string type, params (string Key, JsonNode? Value)[] fields)
    {
        var json = new JsonObject { ["id"] = id, ["name"] = id, ["type"] = type, ["version"] = 1 };
        foreach (var (key, value) in fields)
        {
            json[key] = value;
        }

        return json;
    }

    public static JsonObject Mark(string id) => Activity(id, "Test.Mark", ("markName", Literal(id)));

    public static JsonObject Seal(string id) => Activity(id, "Test.Seal", ("markName", Literal(id)));

    public static JsonObject Fault(string id, string message = "It was meant to fail.") => Activity(id, "Elsa.Fault", ("message", Literal(message)));

    /// <summary>Asks for approval, of somebody with the role approver.</summary>
    public static JsonObject Approval(string id, params (string Key, JsonNode? Value)[] more) => Activity(
        id,
        "Runbooks.RequestApproval",
        [("subject", Literal("Empty host01?")), ("roles", Wrapped("String[]", "Object", """["approver"]""")), .. more]);

    public static JsonObject Sequence(string id, params JsonObject[] activities) => Activity(id, "Elsa.Sequence", ("activities", new JsonArray([.. activities])));

    /// <param name="id">The flowchart's id.</param>
    /// <param name="connections">Such as <c>"a -> b"</c> or <c>"decide:True -> c"</c>, separated by semicolons.</param>
    /// <param name="activities">Its activities.</param>
    public static JsonObject Flowchart(string id, string connections, params JsonObject[] activities) => Activity(
        id,
        "Elsa.Flowchart",
        ("activities", new JsonArray([.. activities])),
        ("connections", new JsonArray([.. connections.Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).Select(Connection)])));

    public static JsonObject Literal(JsonNode value, string type = "String") => Wrapped(type, "Literal", value);

    public static JsonObject Script(string code, string type = "Object") => Wrapped(type, "JavaScript", code);

    public static JsonObject Wrapped(string type, string syntax, JsonNode value) =>
        new() { ["typeName"] = type, ["expression"] = new JsonObject { ["type"] = syntax, ["value"] = value } };

    private static JsonNode Connection(string text)
    {
        var ends = text.Split("->", StringSplitOptions.TrimEntries);
        var source = ends[0].Split(':');
        return new JsonObject
        {
            ["source"] = new JsonObject { ["activity"] = source[0], ["port"] = source.Length > 1 ? source[1] : null },
            ["target"] = new JsonObject { ["activity"] = ends[1], ["port"] = "In" },
        };
    }
}
