using Microsoft.AspNetCore.Http.HttpResults;
using Runbooks.Fleet.Migrations;
using Runbooks.Server.Access;
using Runbooks.Server.Library;
using Runbooks.Server.Runs;
using Runbooks.Server.Views;
using Runbooks.Workflows.Library;
using Runbooks.Workflows.Runs;

namespace Runbooks.Server.Pages;

/// <summary>
/// The console: one page, rendered on the server from the same boards that the API reads. <c>console.js</c> listens to the
/// hub and brings the page up to date in place; without it the page is simply what it was when it was loaded.
/// </summary>
internal static class ConsoleEndpoints
{
    public static void MapConsole(this IEndpointRouteBuilder routes)
    {
        _ = routes.MapGet("/", (HttpRequest request, People people) => Page(request, people, null)).ExcludeFromDescription();
        _ = routes.MapGet("/runs/{id}", RunPageAsync).ExcludeFromDescription();
        _ = routes.MapGet("/migrations", MigrationsPageAsync).ExcludeFromDescription();
        _ = routes.MapGet("/runbooks/{id}/versions", VersionsPageAsync).ExcludeFromDescription();
    }

    private static async Task<RazorComponentResult> RunPageAsync(string id, HttpRequest request, People people, RunRequests requests, CancellationToken cancellationToken)
    {
        var detail = RunId.TryParse(id, out var run) ? await requests.DetailAsync(run, cancellationToken) : null;
        var page = Page(request, people, new RunSelection(id, detail));
        page.StatusCode = detail is null ? StatusCodes.Status404NotFound : StatusCodes.Status200OK;
        return page;
    }

    private static async Task<RazorComponentResult> MigrationsPageAsync(HttpRequest request, IMigrationHistory history, MigrationForecaster forecaster, People people, CancellationToken cancellationToken)
    {
        request.HttpContext.Response.Headers.CacheControl = "no-store";
        var newest = await history.ListAsync(200, cancellationToken);
        return new RazorComponentResult<MigrationsPage>(new Dictionary<string, object?>
        {
            [nameof(MigrationsPage.Migrations)] = newest.Reverse().Select(MigrationView.Of).ToList(),
            [nameof(MigrationsPage.Models)] = forecaster.Figures(),
            [nameof(MigrationsPage.Person)] = people.Of(request).GivenName,
        });
    }

    private static async Task<RazorComponentResult> VersionsPageAsync(string id, string? from, string? to, HttpRequest request, VersionDesk desk, IRunbookLibrary library, People people, CancellationToken cancellationToken)
    {
        var view = await desk.VersionsAsync(id, cancellationToken);
        request.HttpContext.Response.Headers.CacheControl = "no-store";
        return new RazorComponentResult<VersionsPage>(new Dictionary<string, object?>
        {
            [nameof(VersionsPage.Id)] = id,
            [nameof(VersionsPage.View)] = view,
            [nameof(VersionsPage.Diff)] = view is null || from is null || to is null ? null : await desk.DiffAsync(id, from, to, cancellationToken),
            [nameof(VersionsPage.History)] = await library.HistoryAsync(id, 50, cancellationToken),
            [nameof(VersionsPage.Reader)] = people.Of(request),
            [nameof(VersionsPage.From)] = from ?? "",
            [nameof(VersionsPage.To)] = to ?? "",
        })
        { StatusCode = view is null ? StatusCodes.Status404NotFound : StatusCodes.Status200OK };
    }

    private static RazorComponentResult<App> Page(HttpRequest request, People people, RunSelection? selected)
    {
        request.HttpContext.Response.Headers.CacheControl = "no-store";
        return new RazorComponentResult<App>(new Dictionary<string, object?>
        {
            [nameof(App.Selected)] = selected,
            [nameof(App.Person)] = people.Of(request).GivenName,
            [nameof(App.ShowAll)] = request.Query.ContainsKey("all"),
        });
    }
}

/// <summary>The run that the page shows in detail; the detail is null when there is no such run.</summary>
public sealed record RunSelection(string Id, Views.RunDetail? Detail);
