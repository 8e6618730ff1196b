using System.Text.Json.Nodes;
using Runbooks.Server.Access;
using Runbooks.Workflows.Library;

namespace Runbooks.Server.Elsa.Definitions;

/// <summary>Reads definitions for Studio.</summary>
internal static class DefinitionEndpoints
{
    public static void MapElsaDefinitions(this RouteGroupBuilder api)
    {
        _ = api.MapGet("/workflow-definitions", ListAsync);
        _ = api.MapGet("/workflow-definitions/by-definition-id/{definitionId}", ByDefinitionIdAsync);
        _ = api.MapGet("/workflow-definitions/{definitionId}", ByDefinitionIdAsync);
        _ = api.MapGet("/workflow-definitions/by-id/{id}", ByIdAsync);
        _ = api.MapGet("/workflow-definitions/many-by-id", ManyByIdAsync);
        _ = api.MapGet("/workflow-definitions/query/count", CountAsync);
        _ = api.MapGet("/workflow-definitions/validation/is-name-unique", IsNameUniqueAsync);
        _ = api.MapGet("/workflow-definitions/{definitionId}/versions", VersionsAsync);
        _ = api.MapGet("/workflow-definitions/{definitionId}/consumers", (string definitionId, RunbookEditor editor) =>
            ElsaJson.Ok(new { consumingWorkflowDefinitionIds = editor.ConsumersOf(definitionId) }));
        api.MapChanges();
        api.MapBulkActions();
        api.MapFiles();
        api.MapGraph();
    }

    public static IResult NotThere(string what) => Results.Json(
        new { statusCode = 404, message = $"There is no {what}; it may have been deleted." }, ElsaJson.Options, statusCode: StatusCodes.Status404NotFound);

    public static async Task<RunbookVersion?> FindAsync(IRunbookLibrary library, string id, CancellationToken cancellationToken) =>
        VersionId.TryParse(id, out var version) ? await library.FindAsync(version, cancellationToken) : null;

    /// <summary>The version of a runbook that Studio means; of several the highest.</summary>
    public static async Task<RunbookVersion?> FindAsync(IRunbookLibrary library, string definitionId, VersionOptions options, CancellationToken cancellationToken) =>
        (await library.ListAsync(definitionId, cancellationToken)).Where(options.Admits).MaxBy(v => v.Version);

    private static async Task<IResult> ListAsync(HttpRequest request, IRunbookLibrary library, People people, CancellationToken cancellationToken)
    {
        var person = people.Of(request);
        var query = DefinitionQuery.Of(request);
        var (page, total) = query.Of(await CandidatesAsync(query, library, cancellationToken));
        return ElsaJson.Ok(new JsonObject
        {
            ["items"] = new JsonArray([.. page.Select(v => DefinitionViews.Summary(v.Version, v.Outline, person))]),
            ["totalCount"] = total,
            ["links"] = DefinitionViews.ListLinks(person),
        });
    }

    /// <summary>Reads no more than is asked for: a page of names needs no version of last year.</summary>
    private static async Task<IReadOnlyList<RunbookVersion>> CandidatesAsync(DefinitionQuery query, IRunbookLibrary library, CancellationToken cancellationToken)
    {
        if (query.Ids.Count > 0)
        {
            var found = new List<RunbookVersion>();
            foreach (var id in query.Ids)
            {
                found.AddRange(await FindAsync(library, id, cancellationToken) is { } version ? [version] : []);
            }

            return found;
        }

        return !query.ReachesBack ? await library.ListCurrentAsync(cancellationToken)
            : await library.ListAsync(query.DefinitionIds.Count == 1 ? query.DefinitionIds.First() : null, cancellationToken);
    }

    private static async Task<IResult> ByDefinitionIdAsync(string definitionId, HttpRequest request, IRunbookLibrary library, DefinitionViews views, People people, CancellationToken cancellationToken) =>
        await FindAsync(library, definitionId, VersionOptions.Of(request, "Latest"), cancellationToken) is { } version
            ? ElsaJson.Ok(views.Definition(version, people.Of(request)))
            : NotThere($"runbook '{definitionId}' in version '{VersionOptions.Of(request, "Latest").Text}'");

    private static async Task<IResult> ByIdAsync(string id, HttpRequest request, IRunbookLibrary library, DefinitionViews views, People people, CancellationToken cancellationToken) =>
        await FindAsync(library, id, cancellationToken) is { } version
            ? ElsaJson.Ok(views.Definition(version, people.Of(request)))
            : NotThere($"version '{id}' of a runbook");

    private static async Task<IResult> ManyByIdAsync(HttpRequest request, IRunbookLibrary library, DefinitionViews views, People people, CancellationToken cancellationToken)
    {
        var person = people.Of(request);
        var items = new JsonArray();
        foreach (var id in request.Query["ids"].OfType<string>().Distinct(StringComparer.Ordinal))
        {
            if (await FindAsync(library, id, cancellationToken) is { } version)
            {
                items.Add((JsonNode)views.Definition(version, person));
            }
        }

        return ElsaJson.Ok(new JsonObject { ["items"] = items, ["count"] = items.Count, ["links"] = DefinitionViews.ListLinks(person) });
    }

    private static async Task<IResult> CountAsync(IRunbookLibrary library, CancellationToken cancellationToken) =>
        ElsaJson.Ok(new { count = (await library.ListCurrentAsync(cancellationToken)).Count(v => v.IsLatest) });

    private static async Task<IResult> IsNameUniqueAsync(string? name, string? definitionId, RunbookEditor editor, CancellationToken cancellationToken) =>
        ElsaJson.Ok(new { isUnique = await editor.IsNameUniqueAsync(name ?? "", definitionId, cancellationToken) });

    private static async Task<IResult> VersionsAsync(string definitionId, HttpRequest request, IRunbookLibrary library, People people, CancellationToken cancellationToken)
    {
        var person = people.Of(request);
        var versions = await library.ListAsync(definitionId, cancellationToken);
        return versions.Count == 0
            ? NotThere($"runbook '{definitionId}'")
            : ElsaJson.Ok(new JsonObject
            {
                ["items"] = new JsonArray([.. versions.OrderByDescending(v => v.Version).Select(v => DefinitionViews.Summary(v, RunbookOutline.Of(v), person))]),
                ["totalCount"] = versions.Count,
            });
    }
}
