using System.Text.Json.Nodes;
using Runbooks.Workflows.Activities;
using Runbooks.Workflows.Journal;
using Runbooks.Workflows.Runs;
using Runbooks.Workflows.Tests.Engine;
using static Runbooks.Workflows.Tests.Engine.Definition;

namespace Runbooks.Workflows.Tests.Conformance;

/// <summary>Known troubles of elsa-core that show outside of the order of steps. The others are files here, named by their number.</summary>
public sealed class IssueTests
{
    [Fact]
    public async Task Issue_5134_a_waiting_activity_in_a_loop_is_started_and_resumed_once_per_round()
    {
        var engine = await EngineAsync(Of("w", Activity(
            "each",
            "Elsa.ForEach",
            ("items", Wrapped("Object", "Object", "[1,2,3]")),
            ("body", Activity("wait", "Elsa.Delay", ("timeSpan", Literal("00:00:01", "TimeSpan")))))));

        var run = await engine.RunAsync("w");

        var events = (await engine.JournalAsync(run.Id)).Where(e => e.NodeId == "Workflow1:each:wait").Select(e => (e.ExecutionNumber, e.Event)).ToArray();
        Assert.Equal(3, events.Count(e => e.Event == JournalEvents.Started));
        Assert.Equal(3, events.Count(e => e.Event == JournalEvents.Resumed));
        Assert.All(events.GroupBy(e => e.ExecutionNumber), step => Assert.Single(step, e => e.Event == JournalEvents.Started));
    }

    [Fact]
    public async Task Pull_request_4813_the_child_run_of_a_cancelled_branch_is_cancelled()
    {
        var engine = await EngineAsync(
            Of("child", Activity("long", "Elsa.Delay", ("timeSpan", Literal("10.00:00:00", "TimeSpan")))),
            Of("w", Flowchart(
                "f",
                "start -> call; start -> quick; call -> join; quick -> join; join -> after",
                Activity("start", "Elsa.Start"),
                Activity("call", "Elsa.ExecuteWorkflow", ("workflowDefinitionId", Literal("child"))),
                Activity("quick", "Elsa.Delay", ("timeSpan", Literal("00:00:05", "TimeSpan"))),
                Activity("join", "Elsa.FlowJoin", ("mode", Literal("WaitAny"))),
                Activity("after", "Elsa.WriteLine", ("text", Literal("after"))))));

        var run = await engine.RunAsync("w");

        Assert.Equal(RunStatus.Finished, run.Status);
        Assert.Contains("after", await engine.CompletedAsync(run.Id));
        var child = Assert.Single(await engine.Store.ListAsync(new RunFilter { ParentRunId = run.Id }, CancellationToken.None));
        Assert.Equal(RunStatus.Cancelled, child.Status);
    }

    private static Task<EngineUnderTest> EngineAsync(params string[] definitions) =>
        new EngineUnderTest(ActivityRegistry.WithElsaActivities()).LoadAsync(definitions);
}
