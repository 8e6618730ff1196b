using Microsoft.AspNetCore.HostFiltering;
using Runbooks.Server.Configuration;
using Runbooks.Server.Views;

namespace Runbooks.Server.Api;

internal static class ServiceCollectionExtensions
{
    public static IServiceCollection AddFleetApi(this IServiceCollection services, Settings settings)
    {
        _ = services.ConfigureHttpJsonOptions(o => ViewJson.Configure(o.SerializerOptions));
        _ = services.AddProblemDetails(o => o.CustomizeProblemDetails = c => c.ProblemDetails.Extensions.TryAdd("code", CodeOf(c.ProblemDetails.Status)));
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

    /// <summary>Routing comes here too when a path is known and the body is not of the type that it takes.</summary>
    private static IResult Elsewhere(HttpRequest request) =>
        HttpMethods.IsPost(request.Method) && !request.HasJsonContentType()
            ? Problems.NotJsonBody(request)
            : Problems.Of(StatusCodes.Status404NotFound, "unknown-path", "No such path", $"There is no {request.Method} {request.Path}. GET /openapi/v1.json lists what there is.");

    /// <summary>Codes of answers that routing gives without asking us.</summary>
    private static string CodeOf(int? status) => status switch
    {
        StatusCodes.Status405MethodNotAllowed => "method-not-allowed",
        StatusCodes.Status413PayloadTooLarge => "too-large",
        StatusCodes.Status415UnsupportedMediaType => Problems.NotJson,
        _ => $"http-{status}",
    };

    public static void MapFleetApi(this WebApplication app)
    {
        _ = app.UseStatusCodePages();
        app.MapFleet();
        app.MapShadow();
        app.MapMigrations();
        app.MapRunbooks();
        app.MapVersions();
        app.MapRuns();
        app.MapOrders();
        app.MapApprovals();
        app.MapEvents();
        app.MapTasks();
        _ = app.MapOpenApi();
        _ = app.Map("/api/{**rest}", Elsewhere).ExcludeFromDescription();
    }
}
