using System.Text.Json.Nodes;
using Runbooks.Workflows.Runs;
using static Runbooks.Workflows.Tests.Engine.Definition;

namespace Runbooks.Workflows.Tests.Engine;

public sealed class ControlFlowTests
{
    private readonly World world = new();

    [Fact]
    public async Task A_sequence_runs_its_activities_in_order()
    {
        var (run, completed) = await RunAsync(Of("w", Sequence("s", Mark("a"), Mark("b"), Mark("c"))));

        Assert.Equal(RunStatus.Finished, run.Status);
        Assert.Equal(["a", "b", "c", "s"], completed);
        Assert.Equal(["do a", "do b", "do c"], world.History);
    }

    [Fact]
    public async Task A_decision_follows_one_outcome_and_the_join_behind_it_runs_once()
    {
        var (run, completed) = await RunAsync(Of("w", Flowchart(
            "f",
            "start -> decide; decide:True -> yes; decide:False -> no; yes -> join; no -> join",
            Activity("start", "Elsa.Start"),
            Activity("decide", "Elsa.FlowDecision", ("condition", Script("1 + 1 === 2", "Boolean"))),
            Mark("yes"),
            Mark("no"),
            Mark("join"))));

        Assert.Equal(RunStatus.Finished, run.Status);
        Assert.Equal(["start", "decide", "yes", "join", "f"], completed);
    }

    [Fact]
    public async Task A_join_waits_for_every_path_that_is_alive()
    {
        var (run, completed) = await RunAsync(Of("w", Flowchart(
            "f",
            "start -> a; start -> b; a -> a2; a2 -> join; b -> join; join -> last",
            Activity("start", "Elsa.Start"),
            Mark("a"),
            Mark("a2"),
            Mark("b"),
            Mark("join"),
            Mark("last"))));

        Assert.Equal(RunStatus.Finished, run.Status);
        Assert.Equal(1, completed.Count(c => c == "join"));
        Assert.True(Array.IndexOf(completed, "join") > Array.IndexOf(completed, "a2"));
        Assert.True(Array.IndexOf(completed, "join") > Array.IndexOf(completed, "b"));
    }

    [Fact]
    public async Task A_backward_connection_loops_until_the_decision_leaves_it()
    {
        var (run, completed) = await RunAsync(Of(
            "w",
            Flowchart(
                "f",
                "start -> count; count -> more; more:True -> count; more:False -> after",
                Activity("start", "Elsa.Start"),
                Activity("count", "Elsa.SetVariable", ("variable", new JsonObject { ["id"] = "v-N", ["name"] = "N" }), ("value", Script("variables.N + 1"))),
                Activity("more", "Elsa.FlowDecision", ("condition", Script("variables.N < 3", "Boolean"))),
                Mark("after")),
            ("N", "Int32", "0")));

        Assert.Equal(RunStatus.Finished, run.Status);
        Assert.Equal(3, completed.Count(c => c == "count"));
        Assert.Equal(1, completed.Count(c => c == "after"));
        Assert.Equal(3, run.Variables["v-N"]!.GetValue<int>());
    }

    [Theory]
    [InlineData("true", "then")]
    [InlineData("false", "else")]
    public async Task If_runs_the_branch_of_its_condition(string condition, string expected)
    {
        var (run, completed) = await RunAsync(Of("w", Activity("if", "Elsa.If", ("condition", Literal(condition, "Boolean")), ("then", Mark("then")), ("else", Mark("else")))));

        Assert.Equal(RunStatus.Finished, run.Status);
        Assert.Equal([expected, "if"], completed);
    }

    [Fact]
    public async Task ForEach_shows_its_body_each_item_and_its_index()
    {
        var body = Activity("mark", "Test.Mark", ("markName", Script("variables.CurrentIndex + ':' + variables.CurrentValue.name", "String")));
        var (run, _) = await RunAsync(Of("w", Activity("each", "Elsa.ForEach", ("items", Wrapped("Object", "Object", """[{"name":"a"},{"name":"b"}]""")), ("body", body))));

        Assert.Equal(RunStatus.Finished, run.Status);
        Assert.Equal(["do 0:a", "do 1:b"], world.History);
    }

    [Fact]
    public async Task Finish_ends_the_run_from_the_depth_of_a_branch()
    {
        var (run, completed) = await RunAsync(Of("w", Sequence("s", Activity("if", "Elsa.If", ("condition", Literal("true", "Boolean")), ("then", Activity("finish", "Elsa.Finish"))), Mark("never"))));

        Assert.Equal(RunStatus.Finished, run.Status);
        Assert.DoesNotContain("never", completed);
        Assert.Empty(world.History);
    }

    [Fact]
    public async Task A_terminal_activity_ends_its_flowchart_and_the_outer_sequence_goes_on()
    {
        var (_, completed) = await RunAsync(Of("w", Sequence("s", Flowchart("f", "a -> end; end -> never", Mark("a"), Activity("end", "Elsa.End"), Mark("never")), Mark("after"))));

        Assert.Equal(["a", "end", "f", "after", "s"], completed);
    }

    [Fact]
    public async Task Outputs_reach_variables_scripts_and_later_inputs()
    {
        var (run, _) = await RunAsync(Of(
            "w",
            Sequence(
                "s",
                Activity("first", "Test.Mark", ("markName", Wrapped("String", "Input", """{"name":"Who"}""")), ("result", new JsonObject { ["memoryReference"] = new JsonObject { ["id"] = "v-Seen" } })),
                Activity("second", "Test.Mark", ("markName", Script("variables.Seen + '/' + getOutputFrom('first') + '/' + getInput('Who') + '/' + getLastResult()", "String")))),
            [("Who", "String")],
            ("Seen", "String", null)), new JsonObject { ["Who"] = "x" });

        Assert.Equal(RunStatus.Finished, run.Status);
        Assert.Equal(["do x", "do x/x/x/x"], world.History);
    }

    [Fact]
    public async Task Parallel_branches_have_their_effects_in_flight_at_the_same_time()
    {
        using var both = new CountdownEvent(2);
        world.OnDo = (name, _) =>
        {
            if (name is "a" or "b")
            {
                both.Signal();
                Assert.True(both.Wait(TimeSpan.FromSeconds(20)), "The other branch was not started while this one was in flight.");
            }

            return null;
        };

        var (run, _) = await RunAsync(Of("w", Flowchart("f", "start -> a; start -> b", Activity("start", "Elsa.Start"), Mark("a"), Mark("b"))));

        Assert.Equal(RunStatus.Finished, run.Status);
    }

    [Fact]
    public async Task A_flowchart_that_cycles_without_an_effect_is_stopped_and_named()
    {
        var (run, _) = await RunAsync(Of("w", Flowchart(
            "f",
            "decide:True -> decide",
            Activity("decide", "Elsa.FlowDecision", ("condition", Literal("true", "Boolean"))))));

        Assert.Equal(RunStatus.Faulted, run.Status);
        Assert.Contains("loops without an end", run.Reason, StringComparison.Ordinal);
    }

    private async Task<(Run Run, string[] Completed)> RunAsync(string definition, JsonObject? input = null)
    {
        var engine = await new EngineUnderTest(World.Registry()).With(world).LoadAsync(definition);
        var run = await engine.RunAsync("w", input);
        return (run, await engine.CompletedAsync(run.Id));
    }
}
