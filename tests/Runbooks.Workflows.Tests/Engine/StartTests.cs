using System.Text.Json.Nodes;
using Runbooks.Workflows.Runs;
using static Runbooks.Workflows.Tests.Engine.Definition;

namespace Runbooks.Workflows.Tests.Engine;

/// <summary>Wishes to start a run that can't be fulfilled say which input is wrong, and start nothing.</summary>
public sealed class StartTests
{
    [Theory]
    [InlineData("""{"Count":"many"}""", "Count", "whole number")]
    [InlineData("""{"Count":1.5}""", "Count", "whole number")]
    [InlineData("""{"Count":1,"Name":7}""", "Name", "text")]
    [InlineData("""{"Count":1,"Colour":"red"}""", "Colour", "no such input")]
    [InlineData("{}", "Count", "required")]
    [InlineData("""{"Count":null}""", "Count", "required")]
    public async Task A_wrong_input_is_named_and_nothing_is_started(string input, string field, string expected)
    {
        var engine = await EngineAsync();

        var answer = await engine.Starter.StartAsync(new StartRequest("w", JsonNode.Parse(input)!.AsObject(), "test"), CancellationToken.None);

        var problem = Assert.Single(Assert.IsType<StartAnswer.Invalid>(answer).Problems);
        Assert.Equal(field, problem.Field);
        Assert.Contains(expected, problem.Message, StringComparison.Ordinal);
        Assert.Empty(await engine.Store.ListAsync(new Workflows.Journal.RunFilter(), CancellationToken.None));
    }

    [Fact]
    public async Task An_unknown_runbook_is_answered_with_those_that_exist()
    {
        var engine = await EngineAsync();

        var answer = await engine.Starter.StartAsync(new StartRequest("nope", [], "test"), CancellationToken.None);

        Assert.Equal(["w"], Assert.IsType<StartAnswer.UnknownRunbook>(answer).Known);
    }

    [Fact]
    public async Task Defaults_are_filled_in_and_text_that_means_a_number_is_taken_as_one()
    {
        var engine = await EngineAsync();

        var id = await engine.StartAsync("w", new JsonObject { ["count"] = "3" });

        Assert.Equal("""{"Count":3,"Name":"nobody"}""", (await engine.FindAsync(id)).Input.ToJsonString());
    }

    private static Task<EngineUnderTest> EngineAsync()
    {
        var json = JsonNode.Parse(Of("w", Sequence("s"), [("Count", "Int32"), ("Name", "String")]))!.AsObject();
        json["customProperties"] = new JsonObject
        {
            ["runbooks:requiredInputs"] = new JsonArray("Count"),
            ["runbooks:inputDefaults"] = new JsonObject { ["Name"] = "nobody" },
        };
        return new EngineUnderTest(World.Registry()).LoadAsync(json.ToJsonString());
    }
}
