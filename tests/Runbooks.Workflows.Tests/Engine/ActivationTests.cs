using System.Text.Json.Nodes;
using Runbooks.Workflows.Journal;
using Runbooks.Workflows.Runs;
using static Runbooks.Workflows.Tests.Engine.Definition;

namespace Runbooks.Workflows.Tests.Engine;

/// <summary>The activation strategy of a definition, for runs that people start and for children.</summary>
public sealed class ActivationTests
{
    [Fact]
    public async Task A_second_run_of_a_singleton_is_refused_with_the_one_that_is_open_until_that_has_ended()
    {
        var engine = await EngineAsync(Strategy("SingletonStrategy", Of("w", Sequence("s", Activity("d", "Elsa.Event", ("eventName", Literal("x")))))));
        var open = await engine.StartAsync("w");

        var refused = Assert.IsType<StartAnswer.Refused>(await StartAsync(engine, "w"));

        Assert.Equal(open, refused.OpenRun);
        Assert.Equal($"Not started: run {open} is open, and only one run of runbook 'w' may be open at a time.", refused.Reason);
        await engine.Store.SendAsync(new Stimulus("c", open, StimulusKind.Cancel, null, null, "anna", "enough"), CancellationToken.None);
        await engine.WorkAsync();
        Assert.IsType<StartAnswer.Accepted>(await StartAsync(engine, "w"));
    }

    [Fact]
    public async Task A_run_is_refused_by_the_correlation_id_of_another_runbook()
    {
        var engine = await EngineAsync(Strategy("Elsa.Workflows.ActivationValidators.CorrelationStrategy, Elsa.Workflows.Core", Of("w", Sequence("s"))), Of("v", Sequence("s")));
        Assert.IsType<StartAnswer.Accepted>(await StartAsync(engine, "v", "c1"));

        Assert.IsType<StartAnswer.Refused>(await StartAsync(engine, "w", "c1"));
        Assert.IsType<StartAnswer.Accepted>(await StartAsync(engine, "w", "c2"));
    }

    [Theory]
    [InlineData("Elsa.ExecuteWorkflow", true)]
    [InlineData("Elsa.DispatchWorkflow", false)]
    public async Task A_parent_goes_on_when_its_child_may_not_start_and_knows_why(string type, bool waits)
    {
        var engine = await EngineAsync(
            Strategy("SingletonStrategy", Of("child", Sequence("s", Activity("d", "Elsa.Event", ("eventName", Literal("x")))))),
            Of("parent", Sequence("s", Activity("c", type, ("workflowDefinitionId", Literal("child"))), Mark("a"))));
        var open = await engine.StartAsync("child");
        await engine.WorkAsync();

        var parent = await engine.RunAsync("parent");

        Assert.Equal(RunStatus.Finished, parent.Status);
        var child = Assert.Single(await engine.Store.ListAsync(new RunFilter { ParentRunId = parent.Id }, CancellationToken.None));
        Assert.Equal(RunStatus.Cancelled, child.Status);
        Assert.Contains(open.ToString(), child.Reason, StringComparison.Ordinal);
        var outputs = (await engine.StepsAsync(parent.Id)).Single(s => s.ActivityId == "c").Outputs;
        Assert.Equal(child.Id.ToString(), (string?)(waits ? outputs["Result"]!["workflowInstanceId"] : outputs["ChildInstanceId"]));
        Assert.Equal(waits, outputs["Result"]?["cannotStart"]?.GetValue<bool>() ?? false);
    }

    private static async Task<EngineUnderTest> EngineAsync(params string[] definitions) => await new EngineUnderTest(World.Registry()).With(new World()).LoadAsync(definitions);

    private static Task<StartAnswer> StartAsync(EngineUnderTest engine, string runbook, string? correlation = null) =>
        engine.Starter.StartAsync(new StartRequest(runbook, [], "test", CorrelationId: correlation), CancellationToken.None);

    private static string Strategy(string name, string definition)
    {
        var json = JsonNode.Parse(definition)!.AsObject();
        json["options"] = new JsonObject { ["activationStrategyType"] = name };
        return json.ToJsonString();
    }
}
