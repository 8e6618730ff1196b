using System.Text;
using System.Text.Json.Nodes;
using Runbooks.Workflows.Activities;
using Runbooks.Workflows.Definitions;
using Runbooks.Workflows.Journal.InMemory;
using Runbooks.Workflows.Tests.Conformance;
using Runbooks.Workflows.Tests.Engine;
using static Runbooks.Workflows.Tests.Engine.Definition;

namespace Runbooks.Workflows.Tests.Definitions;

/// <summary>Whatever is loaded is answered: read, or refused with a reason. Nothing throws, and nothing takes the process with it.</summary>
public sealed class HostileInputTests
{
    private static readonly DefinitionReader Reader = new(World.Registry());

    [Fact]
    public void Ten_megabytes_are_refused_unread() =>
        Refused("{\"definitionId\":\"w\",\"description\":\"" + new string('x', 10_000_000) + "\",\"root\":{}}", "at most 2000000");

    [Fact]
    public void Json_that_is_nested_without_end_is_refused() =>
        Refused("{\"definitionId\":\"w\",\"root\":{\"a\":" + new string('[', 100_000) + new string(']', 100_000) + "}}", "depth");

    [Fact]
    public async Task Json_as_deep_as_it_may_be_can_also_be_published()
    {
        var value = new string('[', 150) + new string(']', 150);
        var catalog = new DefinitionCatalog(new InMemoryDefinitionStore(TimeProvider.System), Reader);

        var problems = await catalog.LoadAsync([("w.json", Of("w", Mark("a")).Replace("\"customProperties\":{}", $"\"customProperties\":{{\"deep\":{value}}}", StringComparison.Ordinal))], CancellationToken.None);

        Assert.Empty(problems);
        Assert.Equal(["w"], catalog.Ids);
    }

    [Theory]
    [InlineData("""{"definitionId":"w","definitionId":"v","root":{"id":"a","type":"Elsa.Start"}}""", "definitionId")]
    [InlineData("""{"definitionId":"w","root":{"id":"a","id":"b","type":"Elsa.Start"}}""", "id")]
    [InlineData("""{"definitionId":"w","root":{"id":"a","Id":"b","type":"Elsa.Start"}}""", "differ only in case")]
    [InlineData("""{"definitionId":"w","root":[]}""", "'root' is missing")]
    [InlineData("""{"definitionId":7,"root":{"id":"a","type":"Elsa.Start"}}""", "'definitionId' is missing")]
    [InlineData("""{"definitionId":"w","root":{"id":"a:b","type":"Elsa.Start"}}""", "colon")]
    [InlineData("\"\\ud800\"", "an object")]
    public void Odd_objects_are_refused(string json, string expected) => Refused(json, expected);

    [Fact]
    public void Endless_lists_are_refused_with_a_list_that_ends()
    {
        var problems = Refused("{\"definitionId\":\"w\",\"root\":{\"id\":\"s\",\"type\":\"Elsa.Sequence\",\"activities\":[" + string.Join(',', Enumerable.Repeat("{}", 100_000)) + "]}}", "needs 'id' and 'type'");

        Assert.True(problems.Count < 1_000, $"{problems.Count} problems were listed.");
    }

    [Fact]
    public void More_activities_than_anybody_can_draw_are_refused() =>
        Refused(Of("w", Sequence("s", [.. Enumerable.Range(0, 10_001).Select(i => Activity($"a{i}", "Elsa.Start"))])), "more than 10000 activities");

    [Fact]
    public async Task Workflows_that_multiply_are_refused_before_they_fill_the_memory()
    {
        var catalog = new DefinitionCatalog(new InMemoryDefinitionStore(TimeProvider.System), Reader);
        var levels = Enumerable.Range(0, 16).Select(level => ($"l{level:00}.json", Level(level))).ToArray();

        var problems = await catalog.LoadAsync(levels, CancellationToken.None);

        Assert.Contains(problems, p => p.Message.Contains("more than 10000 activities", StringComparison.Ordinal));
        Assert.NotEmpty(catalog.Ids);
    }

    /// <summary>Changes good definitions at random, from a seed that a failure names.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void A_definition_with_a_piece_out_of_place_is_read_or_refused(int seed)
    {
        var random = new Random(seed);
        var good = ConformanceFile.Names.Select(ConformanceFile.Read).SelectMany(f => f.Definitions).Select(d => d.ToJsonString()).ToArray();
        for (var i = 0; i < 1_500; i++)
        {
            var json = random.Next(3) == 0 ? Garbled(good[random.Next(good.Length)], random) : Displaced(good[random.Next(good.Length)], random);
            try
            {
                var reading = Reader.Read(json, "w.json");
                Assert.True(reading.Definition is not null || reading.Problems.Count > 0);
            }
            catch (Exception e) when (e is not Xunit.Sdk.XunitException)
            {
                Assert.Fail($"Seed {seed}, {i}: {e.GetType().Name}: {e.Message}\n{json}");
            }
        }
    }

    private static string Level(int level)
    {
        JsonObject Use(string id) => Activity(id, $"L{level - 1:00}", ("workflowDefinitionId", $"l{level - 1:00}"));
        var json = JsonNode.Parse(Of($"l{level:00}", level == 0 ? Activity("leaf", "Elsa.Start") : Sequence("s", Use("x"), Use("y"))))!;
        json["options"] = new JsonObject { ["usableAsActivity"] = true };
        return json.ToJsonString();
    }

    private static string Garbled(string json, Random random)
    {
        var text = new StringBuilder(json);
        for (var n = random.Next(1, 4); n > 0; n--)
        {
            text[random.Next(text.Length)] = "{}[]\",:0aA\\"[random.Next(11)];
        }

        return text.ToString();
    }

    private static string Displaced(string json, Random random)
    {
        var top = JsonNode.Parse(json)!.AsObject();
        var objects = All(top).OfType<JsonObject>().Where(o => o.Count > 0).ToArray();
        for (var n = random.Next(1, 4); n > 0; n--)
        {
            var target = objects[random.Next(objects.Length)];
            var key = target.ElementAt(random.Next(target.Count)).Key;
            target[key] = random.Next(7) switch
            {
                0 => null,
                1 => JsonValue.Create(random.Next()),
                2 => JsonValue.Create(true),
                3 => JsonValue.Create("x"),
                4 => new JsonArray(1, "x", null),
                5 => new JsonObject { ["id"] = 3, ["type"] = new JsonArray() },
                _ => objects[random.Next(objects.Length)].DeepClone(),
            };
            objects = [.. All(top).OfType<JsonObject>().Where(o => o.Count > 0)];
        }

        return top.ToJsonString();
    }

    private static IEnumerable<JsonNode> All(JsonNode? node) => node switch
    {
        JsonObject o => o.SelectMany(p => All(p.Value)).Prepend(o),
        JsonArray a => a.SelectMany(All).Prepend(a),
        null => [],
        _ => [node],
    };

    private static IReadOnlyList<DefinitionProblem> Refused(string json, string expected)
    {
        var reading = Reader.Read(json, "w.json");

        Assert.Null(reading.Definition);
        Assert.Contains(reading.Problems, p => p.Message.Contains(expected, StringComparison.Ordinal));
        return reading.Problems;
    }
}
