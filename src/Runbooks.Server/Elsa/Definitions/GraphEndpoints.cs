using System.Text.Json.Nodes;
using Runbooks.Server.Access;
using Runbooks.Workflows.Library;
using Runbooks.Workflows.Library.Forms;

namespace Runbooks.Server.Elsa.Definitions;

/// <summary>Parts of a definition, which Studio asks for when it opens what lies inside of an activity.</summary>
internal static class GraphEndpoints
{
    public static void MapGraph(this RouteGroupBuilder api)
    {
        _ = api.MapGet("/workflow-definitions/subgraph/{id}", (string id, string? parentNodeId, HttpRequest request, IRunbookLibrary library, DefinitionViews views, People people, CancellationToken cancellationToken) =>
            PartAsync(id, request, library, views, people, d => ActivityGraph.Subgraph(d, parentNodeId), cancellationToken));
        _ = api.MapGet("/workflow-definitions/subgraph/segments/{id}", (string id, string? childNodeId, HttpRequest request, IRunbookLibrary library, DefinitionViews views, People people, CancellationToken cancellationToken) =>
            PartAsync(id, request, library, views, people, d => ActivityGraph.Segments(d, childNodeId ?? ""), cancellationToken));
    }

    private static async Task<IResult> PartAsync(string id, HttpRequest request, IRunbookLibrary library, DefinitionViews views, People people, Func<JsonObject, JsonObject?> part, CancellationToken cancellationToken) =>
        await DefinitionEndpoints.FindAsync(library, id, cancellationToken) is { } version && part(views.Definition(version, people.Of(request))) is { } found
            ? ElsaJson.Ok(found)
            : DefinitionEndpoints.NotThere($"such node in version '{id}'");
}
