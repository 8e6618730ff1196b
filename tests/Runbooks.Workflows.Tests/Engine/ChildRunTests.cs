using Runbooks.Workflows.Journal;
using Runbooks.Workflows.Runs;
using static Runbooks.Workflows.Tests.Engine.Definition;

namespace Runbooks.Workflows.Tests.Engine;

public sealed class ChildRunTests
{
    private readonly World world = new();

    [Fact]
    public async Task A_parent_waits_for_its_child_and_sees_how_it_ended()
    {
        var engine = await EngineAsync(Of("child", Sequence("cs", Mark("a"))), Of("parent", Sequence("ps", Call("call", "child"), After("call"))));

        var run = await engine.RunAsync("parent");

        Assert.Equal(RunStatus.Finished, run.Status);
        Assert.Equal(["do a", "do after Finished"], world.History);
    }

    [Fact]
    public async Task A_child_that_is_compensated_does_not_fail_its_parent_by_itself()
    {
        var engine = await EngineAsync(Of("child", Sequence("cs", Mark("a"), Fault("stop"))), Of("parent", Sequence("ps", Call("call", "child"), After("call"))));

        var run = await engine.RunAsync("parent");

        Assert.Equal(RunStatus.Finished, run.Status);
        Assert.Equal(["do a", "undo a", "do after Compensated"], world.History);
    }

    [Fact]
    public async Task A_dispatched_child_is_not_waited_for()
    {
        var engine = await EngineAsync(
            Of("child", Sequence("cs", Activity("wait", "Elsa.Delay", ("timeSpan", Literal("00:00:05", "TimeSpan"))), Mark("late"))),
            Of("parent", Sequence("ps", Activity("send", "Elsa.DispatchWorkflow", ("workflowDefinitionId", Literal("child"))), Mark("early"))));

        _ = await engine.RunAsync("parent");

        Assert.Equal(["do early", "do late"], world.History);
    }

    [Fact]
    public async Task Cancelling_a_parent_cancels_the_child_first_and_undoes_both()
    {
        var engine = await EngineAsync(
            Of("child", Sequence("cs", Mark("b"), Activity("wait", "Elsa.Delay", ("timeSpan", Literal("10.00:00:00", "TimeSpan"))))),
            Of("parent", Sequence("ps", Mark("a"), Call("call", "child"))));
        var id = await engine.StartAsync("parent");
        for (var i = 0; i < 2; i++)
        {
            var claim = await engine.Store.ClaimNextAsync("worker-1", engine.Options.Lease, CancellationToken.None);
            await engine.Executor("worker-1").ExecuteAsync(claim!, CancellationToken.None);
        }

        Assert.Equal(["a", "b"], world.Marks);
        _ = await engine.Store.SendAsync(new Stimulus("c", id, StimulusKind.Cancel, null, null, "ada", null), CancellationToken.None);
        await engine.WorkAsync();

        Assert.Equal(RunStatus.Cancelled, (await engine.FindAsync(id)).Status);
        var child = Assert.Single(await engine.Store.ListAsync(new RunFilter { ParentRunId = id }, CancellationToken.None));
        Assert.Equal(RunStatus.Cancelled, child.Status);
        Assert.Equal(["do a", "do b", "undo b", "undo a"], world.History);
    }

    [Fact]
    public async Task Calling_an_unknown_runbook_fails_with_the_known_ones_named()
    {
        var engine = await EngineAsync(Of("parent", Sequence("ps", Mark("a"), Activity("call", "Elsa.ExecuteWorkflow", ("workflowDefinitionId", Script("'no-' + 'such'", "String"))))));

        var run = await engine.RunAsync("parent");

        Assert.Equal(RunStatus.Compensated, run.Status);
        Assert.Contains("'no-such'", run.Reason, StringComparison.Ordinal);
        Assert.Empty(world.Marks);
    }

    [Fact]
    public async Task Death_at_any_journal_point_of_parent_and_child_makes_neither_twice()
    {
        for (var dieAt = 1; ; dieAt++)
        {
            world.Reset();
            var engine = await EngineAsync(Of("child", Sequence("cs", Mark("a"))), Of("parent", Sequence("ps", Call("call", "child"), After("call"))));
            engine.Probe.DieAt = dieAt;
            var run = await engine.RunAsync("parent");

            Assert.Equal((dieAt, RunStatus.Finished), (dieAt, run.Status));
            Assert.Equal((dieAt, "do a,do after Finished"), (dieAt, string.Join(',', world.History)));
            _ = Assert.Single(await engine.Store.ListAsync(new RunFilter { ParentRunId = run.Id }, CancellationToken.None));
            if (engine.Probe.Deaths == 0)
            {
                Assert.True(dieAt > 10, $"Only {dieAt} points were seen.");
                return;
            }
        }
    }

    private static System.Text.Json.Nodes.JsonObject Call(string id, string child) =>
        Activity(id, "Elsa.ExecuteWorkflow", ("workflowDefinitionId", Literal(child)));

    private static System.Text.Json.Nodes.JsonObject After(string call) =>
        Activity("after", "Test.Mark", ("markName", Script($"'after ' + getOutputFrom('{call}').subStatus", "String")));

    private Task<EngineUnderTest> EngineAsync(params string[] definitions) => new EngineUnderTest(World.Registry()).With(world).LoadAsync(definitions);
}
