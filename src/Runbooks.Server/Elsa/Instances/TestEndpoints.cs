using System.Text.Json.Nodes;
using Runbooks.Server.Access;
using Runbooks.Workflows.Definitions;
using Runbooks.Workflows.Library;
using Runbooks.Workflows.Runs;

namespace Runbooks.Server.Elsa.Instances;

/// <summary>The designer's Test tab.</summary>
internal static class TestEndpoints
{
    public static void MapActivityTests(this RouteGroupBuilder api) => _ = api.MapPost("/tests/activities", TestAsync);

    private static async Task<IResult> TestAsync(HttpRequest request, ActivityTester tester, DefinitionCatalog catalog, People people, IRunbookLibrary library, CancellationToken cancellationToken)
    {
        var (person, forbidden) = ElsaRequest.Operator(request, people);
        var (body, refusal) = await ElsaRequest.BodyAsync(request, cancellationToken);
        if ((forbidden ?? refusal) is { } no)
        {
            return no;
        }

        var handle = body["workflowDefinitionHandle"] as JsonObject ?? [];
        var (definition, why) = await FindAsync(handle, catalog, library, cancellationToken);
        if (definition is null)
        {
            return ElsaRefusal.Of(why!);
        }

        var activity = body["activityHandle"] as JsonObject ?? [];
        if ((InstanceQueries.Text(activity, "activityId") ?? InstanceQueries.Text(activity, "activityNodeId")) is not { } activityId)
        {
            return ElsaRefusal.Of("Say which activity: 'activityHandle.activityId'.");
        }

        var test = await tester.TestAsync(definition, activityId, person.Name, cancellationToken);
        return test is { Step: { } step } ? ElsaJson.Ok(Answer(step)) : ElsaRefusal.Of(test.Refusal!);
    }

    private static object Answer(ActivityExecution step) => new
    {
        activityState = step.Inputs,
        outputs = step.Outputs,
        payload = new JsonObject { ["Outcomes"] = new JsonArray([.. step.Outcomes.Select(o => JsonValue.Create(o))]) },
        exception = step.Error is { Length: > 0 } error ? ExceptionShape.Of(step.Status.ToString(), error) : null,
        status = step.Status.ToString(),
    };

    /// <summary>The version that is meant; of a draft what it is at this moment. Or why there is none.</summary>
    private static async Task<(WorkflowDefinition? Definition, string? Why)> FindAsync(JsonObject handle, DefinitionCatalog catalog, IRunbookLibrary library, CancellationToken cancellationToken)
    {
        var named = VersionId.TryParse(InstanceQueries.Text(handle, "definitionVersionId"), out var version);
        if ((named ? version.DefinitionId : InstanceQueries.Text(handle, "definitionId")) is not { } id)
        {
            return (null, "Say which runbook: 'workflowDefinitionHandle.definitionId' or 'definitionVersionId'.");
        }

        var versions = await library.ListAsync(id, cancellationToken);
        var wanted = named ? versions.FirstOrDefault(v => v.Version == version.Version) : versions.FirstOrDefault(v => v.IsLatest);
        if (wanted?.State == VersionState.Draft && await library.KeepDraftAsync(id, cancellationToken) is { } kept)
        {
            version = kept;
            named = true;
        }

        var found = named ? await catalog.FindAsync(id, version.Version, cancellationToken) : await catalog.LatestAsync(id, cancellationToken);
        if (found is not null)
        {
            return (found, null);
        }

        var problems = named ? await catalog.ProblemsOfAsync(id, version.Version, cancellationToken) : [];
        return (null, problems.Count > 0 ? $"The runbook can't run as it is: {string.Join(" ", problems.Select(p => p.Message))}" : $"There is no runbook '{id}' that can be run here.");
    }
}
