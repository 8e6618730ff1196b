using Runbooks.Server.Views;
using Runbooks.Workflows.Activities;
using Runbooks.Workflows.Definitions;

namespace Runbooks.Server.Api;

internal static class RunbookEndpoints
{
    public static void MapRunbooks(this IEndpointRouteBuilder routes)
    {
        _ = routes.MapGet("/api/runbooks", (DefinitionCatalog catalog) => RunbookList.Of(catalog))
            .WithName("ListRunbooks").WithTags("Runbooks").WithSummary("Runbooks that can be started with their inputs, and definitions that were refused with the reasons.");
        _ = routes.MapGet("/api/runbooks/{id}", Find)
            .WithName("GetRunbook").WithTags("Runbooks").WithSummary("One runbook.")
            .Produces<RunbookView>().ProducesProblem(StatusCodes.Status404NotFound);
        _ = routes.MapGet("/api/activities", (ActivityRegistry registry) => registry.Descriptors.Select(ActivityView.Of))
            .WithName("ListActivities").WithTags("Runbooks").WithSummary("Activity types that definitions may use: what each does to the world, and how it is undone.");
    }

    private static IResult Find(string id, DefinitionCatalog catalog) =>
        catalog.Latest(id) is { } definition
            ? Results.Json(RunbookView.Of(definition), ViewJson.Options)
            : Problems.Of(StatusCodes.Status404NotFound, Problems.UnknownRunbook, "No such runbook", $"There is no runbook '{id}'. Known: {string.Join(", ", catalog.Ids)}.");
}
