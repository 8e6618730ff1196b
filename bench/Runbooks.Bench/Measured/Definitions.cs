using System.Text.Json.Nodes;

namespace Runbooks.Bench.Measured;

/// <summary>The measured runbooks, in Elsa's format.</summary>
internal static class Definitions
{
    public static string TenSteps => Of("ten-steps", Activity("s", "Elsa.Sequence", ("activities", new JsonArray([.. Enumerable.Range(1, 10).Select(i => (JsonNode)Tick($"t{i}"))]))));

    /// <summary>Waits for a day, or until it is woken.</summary>
    public static string Waits => Of("waits", Activity("s", "Elsa.Sequence", ("activities", new JsonArray(Delay("wait", "1.00:00:00"), Tick("after")))));

    /// <summary>Waits again and again, each time for no time at all.</summary>
    public static string WaitsOften(int rounds) => Of($"waits-{rounds}", ForEach(rounds, Delay("wait", "00:00:00")));

    /// <summary>A loop with one effect in each round.</summary>
    public static string Loop(int rounds) => Of($"loop-{rounds}", ForEach(rounds, Tick("t")));

    /// <summary>A loop with one effect and one wait in each round.</summary>
    public static string LoopThatWaits(int rounds) =>
        Of($"waiting-loop-{rounds}", For(rounds, Activity("s", "Elsa.Sequence", ("activities", new JsonArray(Tick("t"), Delay("wait", "00:00:00"))))));

    private static JsonObject ForEach(int rounds, JsonObject body) => Activity(
        "each",
        "Elsa.ForEach",
        ("items", Input("Object", new JsonArray([.. Enumerable.Range(0, rounds).Select(i => (JsonNode)JsonValue.Create($"item {i}"))]))),
        ("body", body));

    private static JsonObject For(int rounds, JsonObject body) =>
        Activity("for", "Elsa.For", ("start", Input("Literal", JsonValue.Create(1))), ("end", Input("Literal", JsonValue.Create(rounds))), ("body", body));

    private static JsonObject Tick(string id) => Activity(id, "Bench.Tick");

    private static JsonObject Delay(string id, string time) => Activity(id, "Elsa.Delay", ("timeSpan", Input("Literal", JsonValue.Create(time))));

    private static JsonObject Input(string syntax, JsonNode value) =>
        new() { ["typeName"] = "Object", ["expression"] = new JsonObject { ["type"] = syntax, ["value"] = value } };

    private static JsonObject Activity(string id, string type, params (string Key, JsonNode Value)[] fields)
    {
        var json = new JsonObject { ["id"] = id, ["name"] = id, ["type"] = type, ["version"] = 1 };
        foreach (var (key, value) in fields)
        {
            json[key] = value;
        }

        return json;
    }

    private static string Of(string id, JsonObject root) => new JsonObject
    {
        ["definitionId"] = id,
        ["name"] = id,
        ["version"] = 1,
        ["inputs"] = new JsonArray(),
        ["variables"] = new JsonArray(),
        ["options"] = new JsonObject(),
        ["customProperties"] = new JsonObject(),
        ["root"] = root,
    }.ToJsonString();
}
