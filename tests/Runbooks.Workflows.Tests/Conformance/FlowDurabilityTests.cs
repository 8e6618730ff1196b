using System.Text.Json.Nodes;
using Runbooks.Workflows.Runs;
using Runbooks.Workflows.Tests.Engine;
using static Runbooks.Workflows.Tests.Engine.Definition;

namespace Runbooks.Workflows.Tests.Conformance;

/// <summary>What control flow remembers survives the death of its process, and does not grow.</summary>
public sealed class FlowDurabilityTests
{
    private readonly World world = new();

    /// <summary>A loop with a join, a race, a workflow used as an activity and rounds side by side; each mark must be set once.</summary>
    private static readonly string[] Everything =
    [
        With(Of("part", Sequence("ps", Activity("part", "Test.Mark", ("markName", Script("'part ' + getInput('Name')", "String")))), [("Name", "String")]), top => top["options"] = new JsonObject { ["usableAsActivity"] = true }),
        Of(
            "w",
            Flowchart(
                "f",
                "add -> a; add -> b; a -> join; b -> join; join -> more; more:True -> add; more:False -> rounds; rounds -> last",
                Activity("add", "Elsa.SetVariable", ("variable", new JsonObject { ["id"] = "v-N", ["name"] = "N" }), ("value", Script("variables.N + 1"))),
                Activity("a", "Test.Mark", ("markName", Script("'a' + variables.N", "String"))),
                Activity("b", "Part", ("workflowDefinitionId", "part"), ("name", Script("'b' + variables.N", "String"))),
                Activity("join", "Elsa.FlowJoin", ("mode", Literal("WaitAll"))),
                Activity("more", "Elsa.FlowDecision", ("condition", Script("variables.N < 2", "Boolean"))),
                Activity("rounds", "Elsa.ParallelForEach", ("items", Wrapped("Object", "Object", "[1,2,3]")), ("maxConcurrency", Literal("2", "Int32")), ("body", Activity("round", "Test.Mark", ("markName", Script("'round ' + variables.CurrentValue", "String"))))),
                Mark("last")),
            ("N", "Int32", "0")),
    ];

    [Fact]
    public async Task Death_at_any_journal_point_changes_nothing_about_what_is_done()
    {
        for (var dieAt = 1; ; dieAt++)
        {
            world.Reset();
            var engine = await EngineAsync(Everything);
            engine.Probe.DieAt = dieAt;

            var run = await engine.RunAsync("w");

            Assert.Equal((dieAt, RunStatus.Finished), (dieAt, run.Status));
            Assert.Equal((dieAt, "a1,a2,last,part b1,part b2,round 1,round 2,round 3"), (dieAt, string.Join(',', world.Marks)));
            Assert.Equal((dieAt, "do last"), (dieAt, world.History[^1]));
            if (engine.Probe.Deaths == 0)
            {
                Assert.True(dieAt > 20, $"Only {dieAt} points were seen.");
                return;
            }
        }
    }

    [Theory]
    [InlineData("CounterBased")]
    [InlineData("TokenBased")]
    public async Task The_state_of_a_flowchart_does_not_grow_with_the_rounds_of_its_loops(string mode)
    {
        Assert.Equal(await StateAfterAsync(mode, 5), await StateAfterAsync(mode, 200));
    }

    [Fact]
    public async Task Where_a_loop_over_items_is_does_not_stand_beside_its_items()
    {
        var engine = await EngineAsync(Of("w", Activity("each", "Elsa.ForEach", ("items", Script("'x'.repeat(300).split('')")), ("body", Activity("line", "Elsa.WriteLine", ("text", Literal("x")))))));

        var run = await engine.RunAsync("w");

        var steps = await engine.StepsAsync(run.Id);
        Assert.Equal(300, steps.Count(s => s.ActivityId == "line"));
        Assert.Empty(steps.Single(s => s.ActivityId == "each").State);
    }

    [Fact]
    public async Task A_script_cannot_move_the_loop_that_it_runs_in()
    {
        var engine = await EngineAsync(Of("w", Activity("each", "Elsa.ForEach", ("items", Wrapped("Object", "Object", "[1,2]")), ("body", Activity("js", "Elsa.RunJavaScript", ("script", Literal("setVariable('CurrentIndex', -1)")))))));

        var run = await engine.RunAsync("w");

        Assert.True(run.Status.IsEnd());
        Assert.True((await engine.StepsAsync(run.Id)).Count(s => s.ActivityId == "js") <= 2);
    }

    [Fact]
    public async Task A_dead_path_may_be_as_long_as_the_flowchart()
    {
        const int Length = 5_000;
        var names = Enumerable.Range(0, Length).Select(i => $"n{i}").ToArray();
        var engine = await EngineAsync(Of("w", Flowchart(
            "f",
            $"d:True -> n0; d:False -> end; {string.Join("; ", names.Zip(names.Skip(1), (a, b) => $"{a} -> {b}"))}; {names[^1]} -> end",
            [Activity("d", "Elsa.FlowDecision", ("condition", Literal("false", "Boolean"))), .. names.Select(n => Activity(n, "Elsa.Start")), Mark("end")])));

        var run = await engine.RunAsync("w");

        Assert.Equal((RunStatus.Finished, "do end"), (run.Status, Assert.Single(world.History)));
    }

    [Fact]
    public async Task A_loop_without_an_end_is_stopped_and_the_worker_goes_on()
    {
        var engine = await EngineAsync(
            Of("w", Activity("loop", "Elsa.While", ("condition", Literal("true", "Boolean")), ("body", Activity("start", "Elsa.Start")))),
            Of("other", Mark("fine")));
        var id = await engine.StartAsync("w");

        var other = await engine.RunAsync("other");

        var run = await engine.FindAsync(id);
        Assert.Equal((RunStatus.Faulted, RunStatus.Finished), (run.Status, other.Status));
        Assert.Contains("loops without an end", run.Reason, StringComparison.Ordinal);
    }

    private static string With(string json, Action<JsonObject> change)
    {
        var top = JsonNode.Parse(json)!.AsObject();
        change(top);
        return top.ToJsonString();
    }

    private async Task<int> StateAfterAsync(string mode, int rounds)
    {
        var engine = await EngineAsync(With(
            Of(
                "w",
                Flowchart(
                    "f",
                    "start -> a; a -> b; a -> c; b -> join; c -> join; join -> more; more:True -> a; more:False -> end",
                    Activity("start", "Elsa.Start"),
                    Activity("a", "Elsa.SetVariable", ("variable", new JsonObject { ["id"] = "v-N", ["name"] = "N" }), ("value", Script("variables.N + 1"))),
                    Activity("b", "Elsa.Start"),
                    Activity("c", "Elsa.Start"),
                    Activity("join", "Elsa.FlowJoin", ("mode", Literal("WaitAll"))),
                    Activity("more", "Elsa.FlowDecision", ("condition", Script($"variables.N < {rounds}", "Boolean"))),
                    Activity("end", "Elsa.Start")),
                ("N", "Int32", "0")),
            top => top["customProperties"] = new JsonObject { ["Flowchart:ExecutionMode"] = mode }));

        var run = await engine.RunAsync("w");

        Assert.Equal(rounds, run.Variables["v-N"]!.GetValue<int>());
        return Numbers((await engine.StepsAsync(run.Id)).Single(s => s.ActivityId == "f").State);
    }

    private static int Numbers(JsonNode? node) => node switch
    {
        JsonObject o => o.Sum(p => Numbers(p.Value)),
        JsonArray a => a.Sum(Numbers),
        _ => 1,
    };

    private Task<EngineUnderTest> EngineAsync(params string[] definitions) => new EngineUnderTest(World.Registry()).With(world).LoadAsync(definitions);
}
