using System.Diagnostics;
using System.Text.Json.Nodes;

namespace Runbooks.Bench.Studio;

/// <summary>How long the server takes for its two largest answers.</summary>
internal static class ServerCase
{
    private const double MostMs = 50;
    private const int Activities = 200;
    private const int Rounds = 50;

    public static async Task RunAsync(StudioServer server, CancellationToken cancellationToken)
    {
        _ = await server.PostAsync("/elsa/api/workflow-definitions/import", Large(), cancellationToken);
        await MeasureAsync(server, "definition-200-activities", "/elsa/api/workflow-definitions/by-definition-id/large?versionOptions=Latest", cancellationToken);
        await MeasureAsync(server, "descriptors", "/elsa/api/descriptors/activities?Refresh=True", cancellationToken);
    }

    private static async Task MeasureAsync(StudioServer server, string name, string path, CancellationToken cancellationToken)
    {
        Output.Say($"{name}: {Rounds} requests one after the other, after three that warm it up");
        var times = new List<double>();
        long bytes = 0;
        for (var i = -3; i < Rounds; i++)
        {
            var clock = Stopwatch.StartNew();
            bytes = (await server.Http.GetByteArrayAsync(path, cancellationToken)).Length;
            if (i >= 0)
            {
                times.Add(clock.Elapsed.TotalMilliseconds);
            }
        }

        times.Sort();
        var slowest = times[(int)(times.Count * 0.95)];
        Output.Result(new { @case = name, medianMs = Output.Round(times[times.Count / 2]), p95Ms = Output.Round(slowest), wantedAtMost = MostMs, kilobytes = Output.Round(bytes / 1e3, 0), ok = slowest <= MostMs });
    }

    /// <summary>A line of activities, every fourth of the fleet.</summary>
    private static JsonObject Large()
    {
        static string Id(int i) => $"a{i}";
        var activities = Enumerable.Range(0, Activities).Select(i => new JsonObject
        {
            ["id"] = Id(i),
            ["nodeId"] = $"Workflow1:Flowchart1:{Id(i)}",
            ["name"] = Id(i),
            ["type"] = i == 0 ? "Elsa.Start" : i % 4 == 0 ? "Runbooks.CordonHost" : "Elsa.WriteLine",
            ["version"] = 1,
            ["customProperties"] = new JsonObject(),
            ["metadata"] = new JsonObject { ["designer"] = new JsonObject { ["position"] = new JsonObject { ["x"] = i % 20 * 280, ["y"] = i / 20 * 140 } } },
            [i % 4 == 0 ? "host" : "text"] = i == 0 ? null : new JsonObject { ["typeName"] = "String", ["expression"] = new JsonObject { ["type"] = "Literal", ["value"] = i % 4 == 0 ? "host01" : $"step {i}" } },
        });
        var connections = Enumerable.Range(1, Activities - 1).Select(i => new JsonObject
        {
            ["source"] = new JsonObject { ["activity"] = Id(i - 1), ["port"] = "Done" },
            ["target"] = new JsonObject { ["activity"] = Id(i), ["port"] = "In" },
            ["vertices"] = new JsonArray(),
        });
        return new JsonObject
        {
            ["id"] = "large-1",
            ["definitionId"] = "large",
            ["name"] = "Large",
            ["version"] = 1,
            ["inputs"] = new JsonArray(),
            ["outputs"] = new JsonArray(),
            ["outcomes"] = new JsonArray(),
            ["variables"] = new JsonArray(),
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
                ["connections"] = new JsonArray([.. connections]),
            },
        };
    }
}
