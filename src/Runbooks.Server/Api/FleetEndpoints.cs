using Runbooks.Server.Startup;
using Runbooks.Server.Views;

namespace Runbooks.Server.Api;

internal static class FleetEndpoints
{
    public static void MapFleet(this IEndpointRouteBuilder routes)
    {
        _ = routes.MapGet("/api/fleet", (FleetViewMaker maker) => maker.Make())
            .WithName("GetFleet").WithTags("Fleet").WithSummary("Hosts with their VMs, loads, thresholds, reservations and problems, as last seen.");
        _ = routes.MapGet("/health/live", () => Results.Ok(new { status = "live" }))
            .WithName("Live").WithTags("Health").WithSummary("Answers while the process runs.");
        _ = routes.MapGet("/health/ready", Ready)
            .WithName("Ready").WithTags("Health").WithSummary("200 when every part of the server works; 503 with the parts that do not.");
    }

    private static IResult Ready(ServiceHealth health) =>
        health.IsReady
            ? Results.Ok(new { status = "ready", problems = health.Problems })
            : Results.Json(new { status = "not ready", problems = health.Problems }, statusCode: StatusCodes.Status503ServiceUnavailable);
}
