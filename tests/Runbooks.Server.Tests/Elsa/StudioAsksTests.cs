using System.Text.Json.Nodes;
using Runbooks.Server.Elsa.Instances;
using Runbooks.Workflows.Activities;
using Runbooks.Workflows.Definitions;
using Runbooks.Workflows.Journal;
using Runbooks.Workflows.Library;
using Runbooks.Workflows.Runs;

namespace Runbooks.Server.Tests.Elsa;

/// <summary>What Studio asks, as queries of ours.</summary>
public sealed class StudioAsksTests
{
    [Fact]
    public void The_list_is_asked_with_all_its_filters()
    {
        var id = Guid.NewGuid().ToString("n");
        var query = Query($$"""
            {"page":2,"pageSize":15,"searchTerm":"host","definitionIds":["a","b"],"correlationId":"c","version":4,"hasIncidents":true,"isSystem":false,
             "status":"Running","subStatuses":["Suspended"],"ids":["{{id}}"],"orderBy":"LastExecuted","orderDirection":"Ascending",
             "timestampFilters":[{"column":"CreatedAt","operator":"GreaterThanOrEqual","timestamp":"2026-03-01T12:00:00Z"},{"column":"Nonsense","operator":"Is","timestamp":"2026-03-01"}]}
            """);

        Assert.Equal((30, 15, "host", "c", 4, true), (query.Skip, query.Take, query.Text, query.CorrelationId, query.Version, query.HasTrouble));
        Assert.Equal(["a", "b"], query.DefinitionIds!);
        Assert.Equal([RunStatus.Suspended, RunStatus.Paused, RunStatus.NeedsAttention], query.Statuses!);
        Assert.Equal((RunOrdering.Updated, false), (query.Ordering, query.Descending));
        Assert.Equal([new MomentCondition(RunMoment.Created, Comparison.NotBefore, new DateTimeOffset(2026, 3, 1, 12, 0, 0, TimeSpan.Zero))], query.Moments);
        Assert.Equal(id, Assert.Single(query.Ids!).ToString());
    }

    [Fact]
    public void Nothing_asked_is_the_first_page_of_all_newest_first()
    {
        var query = Query("""{"page":null,"searchTerm":"","status":null,"definitionIds":[]}""");

        Assert.True(InstanceQueries.IsEmpty(query));
        Assert.Equal((0, RunOrdering.Created, true), (query.Skip, query.Ordering, query.Descending));
    }

    [Theory]
    [InlineData("""{"pageSize":100000}""", 500)]
    [InlineData("""{"pageSize":-1}""", 1)]
    [InlineData("""{"page":2147483647,"pageSize":500}""", 500)]
    public void A_page_is_never_too_large(string body, int take) => Assert.Equal(take, Query(body).Take);

    [Fact]
    public void A_version_of_a_runbook_is_asked_for_by_its_id_and_system_workflows_do_not_exist()
    {
        var query = Query("""{"definitionVersionId":"migrate-vm.-7"}""");

        Assert.Equal(("migrate-vm", -7), (Assert.Single(query.DefinitionIds!), query.Version));
        Assert.Empty(Query("""{"isSystem":true}""").Statuses!);
        Assert.Empty(Query("""{"definitionVersionIds":["nonsense"]}""").Statuses!);
    }

    [Fact]
    public void The_journal_of_the_root_shows_what_happened_to_the_run_and_that_of_a_part_does_not()
    {
        var definition = Definition();
        var root = JournalFilters.Of(Filter("""{"activityNodeIds":["Workflow1:f:a","Workflow1:f:part"],"excludedActivityTypes":["Elsa.Workflow","Elsa.Flowchart"]}"""), definition, 0, 110);
        var part = JournalFilters.Of(Filter("""{"activityNodeIds":["Workflow1:f:part:b"],"excludedActivityTypes":["Elsa.Workflow","Elsa.Flowchart"]}"""), definition, 0, 110);
        var all = JournalFilters.Of(null, definition, -5, 100_000);

        Assert.Equal((true, false, true), (root.WithRun, part.WithRun, all.WithRun));
        Assert.Equal(["Workflow1:f", "Workflow1:f:part"], root.NotNodeIds.Order(StringComparer.Ordinal));
        Assert.Null(all.NodeIds);
        Assert.Equal((0, 500), (all.Skip, all.Take));
        Assert.Equal(["Workflow1:f:part:b"], JournalFilters.Of(Filter("""{"activityIds":["b"]}"""), definition, 0, 1).NodeIds!);
        Assert.Empty(JournalFilters.Of(Filter("""{"activityIds":["nonsense"]}"""), definition, 0, 1).NodeIds!);
    }

    [Theory]
    [InlineData("Latest", true, null)]
    [InlineData(null, true, null)]
    [InlineData("Published", false, null)]
    [InlineData("Draft", true, null)]
    [InlineData("4", true, null)]
    [InlineData("3", false, null)]
    [InlineData("2", false, "Version 2")]
    public void Studio_runs_what_it_shows_a_draft_when_there_is_one(string? options, bool draft, string? refusal)
    {
        var (chosen, why) = StudioStarts.Choose("w", [Version(4, VersionState.Draft), Version(3, VersionState.Published), Version(2, VersionState.Superseded)], options);

        Assert.Equal(draft, chosen);
        Assert.Equal(refusal is not null, why?.StartsWith(refusal ?? "?", StringComparison.Ordinal) ?? false);
    }

    [Theory]
    [InlineData("Latest", null)]
    [InlineData("3", null)]
    [InlineData("Draft", "has no draft")]
    public void Without_a_draft_the_published_version_is_what_runs(string options, string? refusal)
    {
        var (draft, why) = StudioStarts.Choose("w", [Version(3, VersionState.Published)], options);

        Assert.False(draft);
        Assert.Contains(refusal ?? "", why ?? "", StringComparison.Ordinal);
        Assert.Equal(refusal is null, why is null);
    }

    [Fact]
    public void Only_what_looks_or_computes_is_tested_alone()
    {
        var definition = Definition();

        Assert.Null(ActivityTester.WhyNot(definition.ByNodeId["Workflow1:f:a"]));
        Assert.Contains("'Cordon' would change the fleet", ActivityTester.WhyNot(definition.ByNodeId["Workflow1:f:part"])!, StringComparison.Ordinal);
        Assert.Contains("starts another runbook", ActivityTester.WhyNot(definition.ByNodeId["Workflow1:f:call"])!, StringComparison.Ordinal);
    }

    [Fact]
    public void Alterations_that_are_not_carried_out_are_refused_with_what_to_do_instead()
    {
        Assert.Empty(Alterations.Problems(Filter("""{"alterations":[{"type":"Cancel"}]}""")));
        Assert.Contains("restart-from", Assert.Single(Alterations.Problems(Filter("""{"alterations":[{"type":"Cancel"},{"type":"ScheduleActivity"}]}"""))), StringComparison.Ordinal);
        Assert.Contains("Known: Cancel", Assert.Single(Alterations.Problems(Filter("""{"alterations":[{"type":"Nonsense"}]}"""))), StringComparison.Ordinal);
        Assert.NotEmpty(Alterations.Problems([]));
    }

    private static RunbookVersion Version(int number, VersionState state) =>
        new("w", number, state, state == VersionState.Draft || number == 3, "{}", 1, false, default, default, "anna", null);

    private static RunQuery Query(string json) => InstanceQueries.Of(Filter(json));

    private static JsonObject Filter(string json) => JsonNode.Parse(json)!.AsObject();

    private static WorkflowDefinition Definition() => new DefinitionReader(Runbooks.Activities.FleetActivities.AddFleetActivities(ActivityRegistry.WithElsaActivities())).Read(
        """
        { "definitionId": "w", "inputs": [], "outputs": [], "variables": [], "root": { "id": "f", "type": "Elsa.Flowchart", "connections": [], "activities": [
          { "id": "a", "type": "Elsa.WriteLine", "text": { "typeName": "String", "expression": { "type": "Literal", "value": "x" } } },
          { "id": "call", "type": "Elsa.ExecuteWorkflow", "workflowDefinitionId": { "typeName": "String", "expression": { "type": "Literal", "value": "x" } } },
          { "id": "part", "type": "Elsa.Flowchart", "connections": [], "activities": [
            { "id": "b", "type": "Runbooks.CordonHost", "metadata": { "displayText": "Cordon" }, "host": { "typeName": "String", "expression": { "type": "Literal", "value": "x" } } } ] } ] } }
        """,
        "test").Definition!;
}
