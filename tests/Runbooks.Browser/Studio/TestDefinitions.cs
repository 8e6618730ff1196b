using System.Text.Json.Nodes;

namespace Runbooks.Browser.Studio;

/// <summary>Small runbooks, drawn as the designer draws.</summary>
internal static class TestDefinitions
{
    /// <summary>A line of activities, each left by Done.</summary>
    public static JsonObject Line(string id, string name, params JsonObject[] activities)
    {
        for (var i = 0; i < activities.Length; i++)
        {
            activities[i]["nodeId"] = $"Workflow1:Flowchart1:{activities[i]["id"]}";
            activities[i]["customProperties"] = new JsonObject();
            activities[i]["metadata"] = new JsonObject { ["designer"] = new JsonObject { ["position"] = new JsonObject { ["x"] = i * 280, ["y"] = 0 } } };
        }

        return new JsonObject
        {
            ["id"] = $"{id}-1",
            ["definitionId"] = id,
            ["name"] = name,
            ["description"] = "For a test.",
            ["createdAt"] = "2026-11-21T00:00:00+00:00",
            ["version"] = 1,
            ["isLatest"] = true,
            ["isPublished"] = false,
            ["variables"] = new JsonArray(),
            ["inputs"] = new JsonArray(),
            ["outputs"] = new JsonArray(),
            ["outcomes"] = new JsonArray(),
            ["customProperties"] = new JsonObject(),
            ["options"] = new JsonObject(),
            ["root"] = new JsonObject
            {
                ["id"] = "Flowchart1",
                ["nodeId"] = "Workflow1:Flowchart1",
                ["name"] = "Flowchart1",
                ["type"] = "Elsa.Flowchart",
                ["version"] = 1,
                ["customProperties"] = new JsonObject { ["notFoundConnections"] = new JsonArray() },
                ["metadata"] = new JsonObject(),
                ["variables"] = new JsonArray(),
                ["activities"] = new JsonArray([.. activities]),
                ["connections"] = new JsonArray([.. activities.Zip(activities.Skip(1), static (a, b) => new JsonObject
                {
                    ["source"] = new JsonObject { ["activity"] = a["id"]!.ToString(), ["port"] = "Done" },
                    ["target"] = new JsonObject { ["activity"] = b["id"]!.ToString(), ["port"] = "In" },
                    ["vertices"] = new JsonArray(),
                })]),
            },
        };
    }

    /// <summary>An activity with one plain input, or none.</summary>
    public static JsonObject Activity(string id, string type, string? input = null, string value = "")
    {
        var activity = new JsonObject { ["id"] = id, ["name"] = id, ["type"] = type, ["version"] = 1 };
        if (input is not null)
        {
            activity[input] = new JsonObject { ["typeName"] = "String", ["expression"] = new JsonObject { ["type"] = "Literal", ["value"] = value } };
        }

        return activity;
    }
}
