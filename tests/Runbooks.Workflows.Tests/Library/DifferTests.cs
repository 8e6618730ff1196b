using System.Text.Json.Nodes;
using Runbooks.Workflows.Library.Diff;

namespace Runbooks.Workflows.Tests.Library;

/// <summary>What differs between two definitions, said so that an operator knows what would happen otherwise.</summary>
public sealed class DifferTests
{
    private const string Original =
        """
        {
          "definitionId": "d", "name": "D", "description": "old", "inputs": [ { "name": "Vm", "type": "String" } ], "outputs": [], "outcomes": ["Late"],
          "variables": [ { "id": "v1", "name": "Left", "typeName": "Int32", "value": "0" } ],
          "options": { "activationStrategyType": null }, "customProperties": { "runbooks:requiredInputs": ["Vm"] },
          "root": { "id": "Flowchart1", "type": "Elsa.Flowchart", "version": 1, "activities": [
            { "id": "s", "type": "Elsa.Start", "metadata": { "designer": { "position": { "x": 0, "y": 0 } } } },
            { "id": "w", "type": "Elsa.WriteLine", "name": "Line", "metadata": { "displayText": "Say it", "designer": { "position": { "x": 9, "y": 0 } } },
              "text": { "typeName": "String", "expression": { "type": "Literal", "value": "hello" } } },
            { "id": "i", "type": "Elsa.If", "then": { "id": "t", "type": "Elsa.Sequence", "activities": [ { "id": "a", "type": "Elsa.Break" }, { "id": "b", "type": "Elsa.End" } ] } } ],
            "connections": [ { "source": { "activity": "s", "port": "Done" }, "target": { "activity": "w", "port": "In" }, "vertices": [] }, { "source": { "activity": "w" }, "target": { "activity": "i" } } ] }
        }
        """;

    [Fact]
    public void Nothing_is_different_when_only_order_and_what_the_designer_adds_differ()
    {
        var other = Changed(d =>
        {
            var activities = d["root"]!["activities"]!.AsArray();
            var line = activities[1]!;
            activities.RemoveAt(1);
            line["text"]!["memoryReference"] = null;
            line["metadata"]!["designer"]!["size"] = new JsonObject { ["width"] = 1, ["height"] = 2 };
            line["nodeId"] = "Workflow1:Flowchart1:w";
            activities.Add(line);
            var connections = d["root"]!["connections"]!.AsArray();
            var first = connections[0]!;
            connections.RemoveAt(0);
            connections.Add(first);
            d["createdAt"] = "2026-01-01T00:00:00Z";
        });

        Assert.Empty(DefinitionDiffer.Of(Original, other).Changes);
    }

    [Fact]
    public void Moving_something_on_the_canvas_is_layout_only()
    {
        var diff = DefinitionDiffer.Of(Original, Changed(d =>
        {
            d["root"]!["activities"]![1]!["metadata"]!["designer"]!["position"]!["x"] = 500;
            d["root"]!["connections"]![0]!["vertices"] = JsonNode.Parse("""[{ "x": 1, "y": 2 }]""");
        }));

        Assert.Equal(2, diff.Changes.Count);
        Assert.True(diff.IsLayoutOnly);
    }

    [Fact]
    public void Every_kind_of_change_is_one_line()
    {
        var diff = DefinitionDiffer.Of(Original, Changed(d =>
        {
            d["description"] = "new";
            d["inputs"]!.AsArray().Add(JsonNode.Parse("""{ "name": "Host", "type": "String" }"""));
            d["inputs"]![0]!["type"] = "Int32";
            d["outcomes"] = new JsonArray();
            d["variables"]![0]!["name"] = "VmsLeft";
            d["options"]!["activationStrategyType"] = "SingletonStrategy";
            d["customProperties"]!["runbooks:requiredInputs"] = new JsonArray("Vm", "Host");
            var root = d["root"]!;
            root["activities"]![1]!["text"]!["expression"] = JsonNode.Parse("""{ "type": "JavaScript", "value": "'bye'" }""");
            root["activities"]![1]!["metadata"]!["displayText"] = "Say bye";
            root["activities"]!.AsArray().Add(JsonNode.Parse("""{ "id": "n", "type": "Elsa.Finish", "name": "Finish1" }"""));
            root["connections"]![1]!["target"]!["activity"] = "n";
            var inside = root["activities"]![2]!["then"]!["activities"]!.AsArray();
            var first = inside[0]!;
            inside.RemoveAt(0);
            inside.Add(first);
        }));

        Assert.False(diff.IsLayoutOnly);
        Assert.Equal(
            [
                """+ activity 'Finish1' (Elsa.Finish, n)""",
                """+ connection 'Say bye [Done] → Finish1'""",
                """+ input 'Host'""",
                """+ option 'activationStrategyType' = "SingletonStrategy" """.Trim(),
                """- connection 'Say bye [Done] → i'""",
                """- outcome 'Late'""",
                """~ activity 'Say bye' (Elsa.WriteLine, w): metadata.displayText: "Say it" → "Say bye" """.Trim(),
                """~ activity 'Say bye' (Elsa.WriteLine, w): text: Literal "hello" → JavaScript "'bye'" """.Trim(),
                """~ activity 't' (Elsa.Sequence, t): order: ["a","b"] → ["b","a"]""",
                """~ definition: description: "old" → "new" """.Trim(),
                """~ input 'Vm': type: "String" → "Int32" """.Trim(),
                """~ property 'runbooks:requiredInputs': value: ["Vm"] → ["Vm","Host"]""",
                """~ variable 'VmsLeft': name: "Left" → "VmsLeft" """.Trim(),
            ],
            diff.Changes.Select(c => c.ToString()).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void An_activity_that_went_elsewhere_says_where_it_was()
    {
        var diff = DefinitionDiffer.Of(Original, Changed(d =>
        {
            var inside = d["root"]!["activities"]![2]!["then"]!["activities"]!.AsArray();
            var moved = inside[1]!;
            inside.RemoveAt(1);
            d["root"]!["activities"]!.AsArray().Add(moved);
        }));

        Assert.Equal("""~ activity 'b' (Elsa.End, b): place: "t.activities" → "Flowchart1.activities" """.Trim(), Assert.Single(diff.Changes).ToString());
    }

    private static string Changed(Action<JsonNode> change)
    {
        var json = JsonNode.Parse(Original)!;
        change(json);
        return json.ToJsonString();
    }
}
