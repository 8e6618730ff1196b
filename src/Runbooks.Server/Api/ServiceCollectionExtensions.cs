using Microsoft.AspNetCore.HostFiltering;
using Runbooks.Server.Configuration;
using Runbooks.Server.Views;

namespace Runbooks.Server.Api;

internal static class ServiceCollectionExtensions
{
    public static IServiceCollection AddFleetApi(this IServiceCollection services, Settings settings)
    {
        _ = services.ConfigureHttpJsonOptions(o => ViewJson.Configure(o.SerializerOptions));
        _ = services.AddProblemDetails();
        _ = services.AddExceptionHandler<ApiExceptionHandler>();
        _ = services.AddOpenApi("v1");
        _ = services.AddSingleton<FleetViewMaker>();
        if (!settings.Server.AllowRemote)
        {
            // A name that another site lets point to this machine is not ours (DNS rebinding).
            _ = services.Configure<HostFilteringOptions>(o => o.AllowedHosts = ["127.0.0.1", "localhost", "[::1]"]);
        }

        return services;
    }

    public static void MapFleetApi(this WebApplication app)
    {
        app.MapFleet();
        app.MapRunbooks();
        app.MapRuns();
        _ = app.MapOpenApi();
        _ = app.Map("/api/{**rest}", (HttpRequest request) => Problems.Of(
            StatusCodes.Status404NotFound, "unknown-path", "No such path", $"There is no {request.Method} {request.Path}. GET /openapi/v1.json lists what there is."));
    }
}
