using System.Text.Json.Nodes;
using Runbooks.Workflows.Definitions;
using Runbooks.Workflows.Journal.InMemory;
using Runbooks.Workflows.Tests.Engine;
using static Runbooks.Workflows.Tests.Engine.Definition;

namespace Runbooks.Workflows.Tests.Definitions;

/// <summary>What can't run is refused when it is loaded, with file, activity and reason.</summary>
public sealed class DefinitionReaderTests
{
    private static readonly DefinitionReader Reader = new(World.Registry());

    [Theory]
    [InlineData("{ \"definitionId\": ", "Not JSON: line 1")]
    [InlineData("[]", "not an object")]
    [InlineData("{}", "'definitionId' is missing")]
    [InlineData("{\"definitionId\":\"w\"}", "'root' is missing")]
    public void A_malformed_file_is_refused_with_its_name(string json, string expected)
    {
        var reading = Reader.Read(json, "broken.json");

        Assert.Null(reading.Definition);
        Assert.Contains(reading.Problems, p => p.Source == "broken.json" && p.ToString().Contains(expected, StringComparison.Ordinal));
    }

    [Fact]
    public void An_unknown_type_names_the_activity_the_type_and_what_is_known() =>
        Refused(Of("w", Sequence("s", Activity("call", "Elsa.NoSuch"))), "call", "'Elsa.NoSuch' is not known", "Elsa.Sequence");

    [Fact]
    public void A_connection_to_nowhere_names_both_ends() =>
        Refused(Of("w", Flowchart("f", "a -> nowhere", Mark("a"))), "f", "from 'a' to 'nowhere'");

    [Fact]
    public void A_connection_by_an_outcome_that_does_not_exist_names_the_outcomes() =>
        Refused(Of("w", Flowchart("f", "a:Failed -> b", Mark("a"), Mark("b"))), "a", "'Failed'", "Done, Other");

    [Fact]
    public void Two_activities_with_one_id_are_refused() =>
        Refused(Of("w", Sequence("s", Mark("a"), Mark("a"))), "a", "Two activities have this id");

    [Fact]
    public void A_required_input_without_a_value_is_named() =>
        Refused(Of("w", Sequence("s", Activity("a", "Test.Mark"))), "a", "'markName'", "required");

    [Fact]
    public void An_input_that_the_type_does_not_have_is_named() =>
        Refused(Of("w", Sequence("s", Activity("a", "Test.Mark", ("markName", Literal("x")), ("colour", Literal("red"))))), "a", "no input 'colour'");

    [Fact]
    public void A_literal_of_the_wrong_type_is_named_with_what_was_found() =>
        Refused(Of("w", Activity("if", "Elsa.If", ("condition", Literal("maybe", "Boolean")))), "if", "true or false", "maybe");

    [Theory]
    [InlineData("Liquid")]
    [InlineData("CSharp")]
    public void An_expression_language_that_cannot_run_is_named(string language) =>
        Refused(Of("w", Sequence("s", Activity("a", "Test.Mark", ("markName", Wrapped("String", language, "x"))))), "a", $"'{language}'");

    [Theory]
    [InlineData("1 +")]
    [InlineData("return `a${1`;")]
    [InlineData("import('fs')")]
    public void A_script_that_cannot_run_is_refused_with_line_and_column(string code) =>
        Refused(Of("w", Sequence("s", Activity("a", "Test.Mark", ("markName", Script(code, "String"))))), "a", "line ", "column ");

    [Fact]
    public void A_variable_that_is_not_in_scope_is_named() =>
        Refused(Of("w", Activity("set", "Elsa.SetVariable", ("variable", new JsonObject { ["id"] = "v-X", ["name"] = "X" }), ("value", Literal("1")))), "set", "'X' is not in scope");

    [Fact]
    public void A_workflow_input_that_does_not_exist_is_named() =>
        Refused(Of("w", Sequence("s", Activity("a", "Test.Mark", ("markName", Wrapped("String", "Input", """{"name":"Who"}"""))))), "a", "input 'Who'");

    [Theory]
    [InlineData("activationStrategyType", "Acme.OnlyOnMondaysStrategy")]
    [InlineData("incidentStrategyType", "IgnoreStrategy, Acme")]
    public void An_option_that_cannot_be_honoured_is_refused(string option, string value)
    {
        var json = JsonNode.Parse(Of("w", Mark("a")))!.AsObject();
        json["options"] = new JsonObject { [option] = value };

        var problem = Assert.Single(Reader.Read(json.ToJsonString(), "w.json").Problems);
        Assert.Contains(option, problem.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_tree_that_is_nested_too_deeply_is_refused()
    {
        var inner = Mark("leaf");
        for (var depth = 0; depth < 80; depth++)
        {
            inner = Sequence($"s{depth}", inner);
        }

        Assert.Contains(Reader.Read(Of("w", inner), "w.json").Problems, p => p.Message.Contains("nested deeper", StringComparison.Ordinal));
    }

    [Fact]
    public void All_problems_are_told_at_once() =>
        Assert.Equal(3, Reader.Read(Of("w", Sequence("s", Activity("a", "No.Such"), Activity("b", "Test.Mark"), Mark("c"), Mark("c"))), "w.json").Problems.Count);

    [Fact]
    public async Task A_refused_file_does_not_keep_the_others_from_loading()
    {
        var catalog = new DefinitionCatalog(new InMemoryDefinitionStore(TimeProvider.System), Reader);

        var problems = await catalog.LoadAsync([("good.json", Of("good", Mark("a"))), ("bad.json", "{")], CancellationToken.None);

        Assert.Equal(["good"], catalog.Ids);
        Assert.Equal("bad.json", Assert.Single(problems).Source);
    }

    [Fact]
    public async Task A_call_of_a_runbook_that_was_refused_is_refused_too()
    {
        var catalog = new DefinitionCatalog(new InMemoryDefinitionStore(TimeProvider.System), Reader);
        var caller = Of("caller", Activity("call", "Elsa.ExecuteWorkflow", ("workflowDefinitionId", Literal("bad"))));

        var problems = await catalog.LoadAsync([("bad.json", Of("bad", Activity("x", "No.Such"))), ("caller.json", caller)], CancellationToken.None);

        Assert.Empty(catalog.Ids);
        Assert.Contains(problems, p => p is { Source: "caller.json", ActivityId: "call" } && p.Message.Contains("'bad'", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_changed_file_is_a_new_version_and_the_old_one_stays()
    {
        var catalog = new DefinitionCatalog(new InMemoryDefinitionStore(TimeProvider.System), Reader);
        _ = await catalog.LoadAsync([("w.json", Of("w", Mark("a")))], CancellationToken.None);
        _ = await catalog.LoadAsync([("w.json", Of("w", Mark("a")))], CancellationToken.None);
        Assert.Equal(1, catalog.Latest("w")!.Version);

        _ = await catalog.LoadAsync([("w.json", Of("w", Mark("b")))], CancellationToken.None);

        Assert.Equal(2, catalog.Latest("w")!.Version);
        Assert.Equal("a", (await catalog.FindAsync("w", 1, CancellationToken.None))!.Root.Id);
    }

    private static void Refused(string json, string activity, params string[] words)
    {
        var reading = Reader.Read(json, "w.json");

        Assert.Null(reading.Definition);
        var problem = Assert.Single(reading.Problems);
        Assert.Equal(("w.json", activity), (problem.Source, problem.ActivityId));
        Assert.All(words, word => Assert.Contains(word, problem.Message, StringComparison.Ordinal));
    }
}
