using System.Text.Json.Nodes;

namespace Runbooks.JavaScript.Tests;

/// <summary>The functions and variables that a script has, under Elsa's names.</summary>
public sealed class ScriptFunctionTests
{
    private readonly ScriptScope scope = new()
    {
        Values = { ["Count"] = 1, ["Hosts"] = JsonNode.Parse("""["h1"]"""), ["last host"] = null, ["Big"] = 9_007_199_254_740_993 },
        Outputs = { ["plan.Result"] = JsonNode.Parse("[1,2]"), ["plan.Reason"] = "full" },
    };

    [Theory]
    [InlineData("variables.Count", "1")]
    [InlineData("getVariable('Count')", "1")]
    [InlineData("getCount() + getHosts().length", "2")]
    [InlineData("Object.keys(variables)", """["Count","Hosts","last host","Big"]""")]
    [InlineData("getInput('Vm') + getVm() + getDiskSize()", "\"vm07vm0740\"")]
    [InlineData("getInput('nope')", "null")]
    [InlineData("getInput('constructor')", "null")]
    [InlineData("getOutputFrom('plan')", "[1,2]")]
    [InlineData("getOutputFrom('plan', 'Reason')", "\"full\"")]
    [InlineData("getOutputFrom('nope')", "null")]
    [InlineData("getLastResult().moved", "3")]
    [InlineData("getWorkflowInstanceId()", "\"run-1\"")]
    [InlineData("getWorkflowInstanceName()", "null")]
    [InlineData("[getWorkflowDefinitionId(), getWorkflowDefinitionVersion(), getWorkflowDefinitionVersionId()]", """["migrate-vm",3,"migrate-vm:3"]""")]
    [InlineData("getCorrelationId()", "\"ticket-9\"")]
    [InlineData("JSON.parse(toJson({ a: 1 }))", """{"a":1}""")]
    [InlineData("[isNullOrEmpty(''), isNullOrEmpty(null), isNullOrEmpty(' '), isNullOrWhiteSpace(' \\t'), isNullOrWhiteSpace(undefined), isNullOrWhiteSpace('x')]", "[true,true,false,true,true,false]")]
    [InlineData("parseGuid('{00112233-4455-6677-8899-AABBCCDDEEFF}')", "\"00112233-4455-6677-8899-aabbccddeeff\"")]
    [InlineData("stringToBase64('äö€')", "\"w6TDtuKCrA==\"")]
    [InlineData("stringFromBase64(stringToBase64('a😀b'))", "\"a😀b\"")]
    [InlineData("bytesToString(bytesFromBase64('YWJj'))", "\"abc\"")]
    [InlineData("bytesToBase64(bytesFromString('ab'))", "\"YWI=\"")]
    [InlineData("bytesFromString('abc')", "\"YWJj\"")]
    [InlineData("newShortGuid().length", "22")]
    public void A_function_gives_its_value(string code, string expected) =>
        Assert.True(JsonNode.DeepEquals(JsonNode.Parse(expected), Js.Evaluate(code, scope)), Js.Json(code, scope));

    [Theory]
    [InlineData("variables.Count = 2")]
    [InlineData("variables.Count++")]
    [InlineData("setVariable('Count', 2)")]
    [InlineData("setCount(2)")]
    public void Setting_a_variable_sets_it_in_the_run(string code)
    {
        _ = Js.Evaluate(code, scope);

        Assert.Equal("2", scope.Values["Count"]!.ToJsonString());
    }

    [Fact]
    public void A_change_inside_of_a_value_is_a_change()
    {
        _ = Js.Evaluate("variables.Hosts.push('h2'); setLastHost('h2'); return 0;", scope);

        Assert.Equal("""["h1","h2"]""", scope.Values["Hosts"]!.ToJsonString());
        Assert.Equal("\"h2\"", scope.Values["last host"]!.ToJsonString());
    }

    [Fact]
    public void A_variable_that_was_only_read_keeps_what_JavaScript_can_not_hold()
    {
        var before = scope.Values["Big"];
        _ = Js.Evaluate("[variables.Big, { ...variables }]", scope);

        Assert.Same(before, scope.Values["Big"]);
    }

    [Fact]
    public void A_script_that_fails_changes_nothing()
    {
        Assert.Contains("no variable 'Nope'", Js.Fails("variables.Count = 5; setCorrelationId('x'); variables.Nope = 1; return 1;", scope), StringComparison.Ordinal);
        _ = Js.Fails("variables.Count = 5; setCorrelationId('x'); nope();", scope);

        Assert.Equal("1", scope.Values["Count"]!.ToJsonString());
        Assert.Equal("ticket-9", scope.CorrelationId);
    }

    [Fact]
    public void The_run_can_be_given_a_name_and_a_correlation_id()
    {
        Assert.Equal("""["a","b"]""", Js.Json("setCorrelationId('a'); setWorkflowInstanceName('b'); return [getCorrelationId(), getWorkflowInstanceName()];", scope));

        Assert.Equal(("a", "b"), (scope.CorrelationId, scope.RunName));
    }

    [Fact]
    public void Outputs_are_asked_for_only_when_the_script_does()
    {
        _ = Js.Evaluate("1", scope);
        Assert.Equal(0, scope.OutputsAsked);

        _ = Js.Evaluate("getOutputFrom('plan') && getOutputFrom('plan')", scope);
        Assert.Equal(2, scope.OutputsAsked);
    }

    [Fact]
    public void Functions_of_variables_never_hide_those_of_the_product()
    {
        scope.Values["Variable"] = 8;

        Assert.Equal("1", Js.Json("getVariable('Count')", scope));
    }

    [Fact]
    public void Time_comes_from_the_run_and_stands_still()
    {
        Assert.Equal("""[1769853600000,"2026-01-31T10:00:00.000Z",0,10,"undefined"]""", Js.Json("[Date.now(), new Date(), new Date().getTimezoneOffset(), new Date().getHours(), typeof performance]", scope));
    }

    [Fact]
    public void Chance_comes_from_the_run()
    {
        const string Code = "[Math.random(), Math.random(), newGuid()]";
        var first = Js.Json(Code, scope);
        Assert.Equal(first, Js.Json(Code, scope));

        scope.Seed = 2;
        Assert.NotEqual(first, Js.Json(Code, scope));
        Assert.Equal("[true,true]", Js.Json("const r = Array.from({ length: 1000 }, () => Math.random()); return [r.every(x => x >= 0 && x < 1), Math.abs(r.reduce((a, b) => a + b) / 1000 - 0.5) < 0.1];", scope));
    }

    [Theory]
    [InlineData("setOutcome('Done'); return 1;", new[] { "Done" })]
    [InlineData("setOutcomes(['A', 'B']); return 1;", new[] { "A", "B" })]
    [InlineData("setOutcome('A'); setOutcome('B'); return 1;", new[] { "B" })]
    [InlineData("return 1;", null)]
    public void Statements_give_a_value_outcomes_and_changes(string code, string[]? outcomes)
    {
        var result = Js.Runner.RunStatements("variables.Count = 4; " + code, scope);

        Assert.Equal("1", result.Value!.ToJsonString());
        Assert.Equal(outcomes, result.Outcomes);
        Assert.Equal("4", Assert.Single(result.Changed).Value!.ToJsonString());
        Assert.Equal("4", scope.Values["Count"]!.ToJsonString());
    }
}
