using System.Text.Json.Nodes;
using Runbooks.Workflows.Activities;
using Runbooks.Workflows.Definitions;
using Runbooks.Workflows.Journal.InMemory;
using Runbooks.Workflows.Tests.Engine;
using static Runbooks.Workflows.Tests.Engine.Definition;

namespace Runbooks.Workflows.Tests.Definitions;

/// <summary>Workflows that are used as activities: which version, and what is refused.</summary>
public sealed class CompositionTests
{
    private readonly InMemoryDefinitionStore store = new(TimeProvider.System);
    private readonly DefinitionCatalog catalog;

    public CompositionTests() => catalog = NewCatalog();

    [Fact]
    public async Task The_version_is_settled_when_the_outer_workflow_is_published()
    {
        await LoadAsync(Outer(), Inner("first"));
        await LoadAsync(Inner("second"));

        Assert.Equal("first", Leaf(catalog.Latest("outer")!));
        Assert.Equal([new WorkflowReference("inner", 1)], catalog.Latest("outer")!.Uses);
        Assert.Contains("\"workflowDefinitionVersionId\":\"inner:1\"", (await store.LatestAsync("outer", CancellationToken.None))!.Json, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Another_process_reads_the_version_that_was_settled()
    {
        await LoadAsync(Outer(), Inner("first"));
        await LoadAsync(Inner("second"));

        Assert.Equal("first", Leaf((await NewCatalog().FindAsync("outer", 1, CancellationToken.None))!));
    }

    [Fact]
    public async Task Publishing_the_outer_workflow_again_takes_the_newer_one_as_a_new_version()
    {
        await LoadAsync(Outer(), Inner("first"));
        await LoadAsync(Inner("second"), Outer());

        Assert.Equal((2, "second"), (catalog.Latest("outer")!.Version, Leaf(catalog.Latest("outer")!)));
        Assert.Equal("first", Leaf((await catalog.FindAsync("outer", 1, CancellationToken.None))!));

        await LoadAsync(Outer(), Inner("second"));
        Assert.Equal(2, catalog.Latest("outer")!.Version);
    }

    [Fact]
    public async Task A_version_that_the_definition_names_is_taken()
    {
        await LoadAsync(Inner("first"));
        await LoadAsync(Inner("second"));

        await LoadAsync(Outer("inner:1"));

        Assert.Equal("first", Leaf(catalog.Latest("outer")!));
    }

    [Fact]
    public async Task A_version_that_does_not_exist_is_refused() =>
        await RefusedAsync("use", "version 7", Inner("first"), Outer("inner:7"));

    [Fact]
    public async Task A_workflow_that_does_not_exist_is_refused() => await RefusedAsync("use", "'inner'", Outer());

    [Fact]
    public async Task A_workflow_that_uses_itself_is_refused() =>
        await RefusedAsync(null, "self → self", Usable(Of("self", Sequence("s", Use("use", "Self", "self")))));

    [Fact]
    public async Task A_circle_through_what_is_published_already_is_refused()
    {
        await LoadAsync(Inner("first"));
        await LoadAsync(Usable(Outer()));

        await RefusedAsync("use", "inner → outer → inner", Usable(Of("inner", Sequence("s", Use("use", "Outer", "outer")))));
        Assert.Equal("first", Leaf(catalog.Latest("outer")!));
    }

    [Fact]
    public async Task Those_behind_a_refused_one_are_refused_and_the_others_load()
    {
        var problems = await catalog.LoadAsync([("outer.json", Outer()), ("inner.json", Usable(Of("inner", Activity("x", "No.Such")))), ("fine.json", Of("fine", Mark("m")))], CancellationToken.None);

        Assert.Equal(["fine"], catalog.Ids);
        Assert.Equal(["inner.json", "outer.json"], problems.Select(p => p.Source).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task An_input_that_it_needs_and_is_not_given_is_refused()
    {
        var inner = JsonNode.Parse(Usable(Of("inner", Mark("m"), [("Who", "String")])))!;
        inner["customProperties"] = new JsonObject { ["runbooks:requiredInputs"] = new JsonArray("Who") };

        await RefusedAsync("use", "'who'", inner.ToJsonString(), Outer());
    }

    [Fact]
    public async Task An_outcome_that_it_does_not_have_is_refused() => await RefusedAsync(
        "use",
        "'Perhaps'",
        Inner("m"),
        Of("outer", Flowchart("f", "use:Perhaps -> m", Use("use", "Inner", "inner"), Mark("m"))));

    [Fact]
    public async Task The_designer_is_told_of_workflows_that_may_be_used()
    {
        await LoadAsync(Inner("m"), Of("other", Mark("m")));

        var descriptor = Assert.Single(catalog.Activities);
        Assert.Equal(("Inner", EffectKind.Changes), (descriptor.TypeName, descriptor.Kind));
    }

    [Theory]
    [InlineData("wait for host", "WaitForHost")]
    [InlineData("Power-off (safe)", "PowerOffSafe")]
    public void A_type_is_named_by_the_workflow(string name, string type) => Assert.Equal(type, Children.WorkflowActivity.TypeNameOf(name));

    private static string Leaf(WorkflowDefinition definition) => Assert.Single(definition.ByNodeId.Values, a => a.Type == "Test.Mark").Id;

    private static string Inner(string leaf) => Usable(Of("inner", Mark(leaf)));

    private static string Outer(string? version = null) => Of("outer", Sequence("s", Use("use", "Inner", "inner", version)));

    private static JsonObject Use(string id, string type, string workflow, string? version = null) =>
        Activity(id, type, ("workflowDefinitionId", workflow), ("workflowDefinitionVersionId", version));

    private static string Usable(string json)
    {
        var top = JsonNode.Parse(json)!;
        top["options"] = new JsonObject { ["usableAsActivity"] = true };
        return top.ToJsonString();
    }

    private DefinitionCatalog NewCatalog() => new(store, new DefinitionReader(World.Registry()));

    private async Task LoadAsync(params string[] definitions) =>
        Assert.Empty(await catalog.LoadAsync([.. definitions.Select((json, i) => ($"{i}.json", json))], CancellationToken.None));

    private async Task RefusedAsync(string? activity, string words, params string[] definitions)
    {
        var problems = await catalog.LoadAsync([.. definitions.Select((json, i) => ($"{i}.json", json))], CancellationToken.None);

        Assert.Contains(problems, p => p.ActivityId == activity && p.Message.Contains(words, StringComparison.Ordinal));
    }
}
