using System.Text.Json.Nodes;
using Runbooks.Workflows.Definitions;
using Runbooks.Workflows.Runs;
using Runbooks.Workflows.Tests.Engine;
using static Runbooks.Workflows.Tests.Engine.Definition;

namespace Runbooks.Workflows.Tests.Expressions;

/// <summary>Scripts of definitions: what they can do, and that a hostile one stops itself and nothing else.</summary>
public sealed class JavaScriptTests
{
    [Theory]
    [InlineData("1 + 2", "3")]
    [InlineData("({ a: [1, 2], b: 'x' })", """{"a":[1,2],"b":"x"}""")]
    [InlineData("var t = 0; for (var i = 0; i < 4; i++) { t += i; } return t;", "6")]
    [InlineData("toJson({ a: 1 })", "\"{\\u0022a\\u0022:1}\"")]
    [InlineData("isNullOrEmpty('') && !isNullOrWhiteSpace('x')", "true")]
    [InlineData("let a = 1; const b = 2; return a + b;", "3")]
    [InlineData("[1, 2].map(x => `${x}`)", """["1","2"]""")]
    [InlineData("undefined", null)]
    public async Task A_script_gives_its_value(string code, string? expected) =>
        Assert.Equal(expected, (await RunAsync(code)).Variables["v-R"]?.ToJsonString());

    [Fact]
    public async Task Setting_a_variable_in_a_script_sets_it_in_the_run()
    {
        var run = await RunAsync("variables.Other = variables.Other + 1; return 0;", ("Other", "Int32", "41"));

        Assert.Equal(42, run.Variables["v-Other"]!.GetValue<int>());
    }

    [Theory]
    [InlineData("while (true) { }")]
    [InlineData("(function f() { return f(); })()")]
    [InlineData("throw new Error('Enough.')")]
    [InlineData("variables.nope = 1; return 1;")]
    [InlineData("System.IO.File.ReadAllText('/etc/passwd')")]
    [InlineData("importNamespace('System.IO')")]
    [InlineData("getConfig('Database')")]
    [InlineData("require('fs')")]
    public async Task A_hostile_or_wrong_script_faults_its_run_with_a_reason(string code)
    {
        var run = await RunAsync(code);

        Assert.Equal(RunStatus.Faulted, run.Status);
        Assert.StartsWith("set: ", run.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void A_definition_is_refused_with_activity_input_line_and_column()
    {
        var reading = new DefinitionReader(World.Registry()).Read(Of("w", SetR("const a = 1;\nreturn a +;"), ("R", "Object", null)), "w.json");

        Assert.Equal("w.json: activity 'set': The JavaScript of input 'Value' can't run: line 2, column 11: Unexpected token.", Assert.Single(reading.Problems).ToString());
    }

    [Fact]
    public async Task Time_and_ids_come_from_the_engine()
    {
        var run = await RunAsync("({ now: new Date(), id: newGuid() })");

        var seen = run.Variables["v-R"]!;
        var id = Guid.Parse(seen["id"]!.GetValue<string>());
        Assert.Equal(7, id.Version);
        Assert.InRange(seen["now"]!.GetValue<DateTimeOffset>(), run.CreatedAt - TimeSpan.FromMilliseconds(1), run.FinishedAt!.Value);
    }

    private static JsonObject SetR(string code) =>
        Activity("set", "Elsa.SetVariable", ("variable", new JsonObject { ["id"] = "v-R", ["name"] = "R" }), ("value", Script(code)));

    private static async Task<Run> RunAsync(string code, params (string Name, string Type, string? Default)[] variables)
    {
        var engine = await new EngineUnderTest(World.Registry()).LoadAsync(Of(
            "w",
            SetR(code),
            [.. variables, ("R", "Object", null)]));
        return await engine.RunAsync("w");
    }
}
