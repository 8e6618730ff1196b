using Microsoft.AspNetCore.Http.HttpResults;
using Runbooks.Server.Access;
using Runbooks.Server.Pages.Designer;

namespace Runbooks.Server.StudioHost;

/// <summary>
/// The pages on which Elsa Studio's elements stand: runbooks and their editor, runs and their viewer. What Studio itself
/// navigates to leads to the same pages.
/// </summary>
internal static class StudioEndpoints
{
    /// <summary>
    /// What these pages need beyond the rest of the product: to compile WebAssembly, and to put style elements into the page.
    /// Scripts come from files of ours, and none is made from text. The hashes are those of the two scripts that Studio writes
    /// into the page itself, for the keys of its editor and of its list of runs; for another one a browser names the hash that
    /// is missing.
    /// </summary>
    internal const string ContentPolicy =
        "default-src 'self'; script-src 'self' 'wasm-unsafe-eval' 'sha256-snlP1jz0gjwc5cTz9ErZcliXuCK63+Mmf68RRCeptgc=' 'sha256-vu6sQrKXQHR4Yn3FMMihA/9TxxfIXnCxKwvLrTPJ5ts='; " +
        "style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; font-src 'self' data:; " +
        "connect-src 'self'; worker-src 'self' blob:; object-src 'none'; base-uri 'self'; form-action 'self'; frame-ancestors 'none'";

    public static void MapStudio(this IEndpointRouteBuilder routes)
    {
        var package = routes.ServiceProvider.GetRequiredService<StudioPackage>();
        if (package.IsThere)
        {
            routes.MapStudioFiles(package);
        }

        var pages = routes.MapGroup("").ExcludeFromDescription();
        _ = pages.MapGet("/runbooks", (HttpRequest request, People people) => Page(package, people, request, StudioView.Runbooks()));
        _ = pages.MapGet("/runbooks/{id}", (string id, HttpRequest request, People people) => Page(package, people, request, StudioView.Editor(id)));
        _ = pages.MapGet("/instances", (HttpRequest request, People people) => Page(package, people, request, StudioView.Runs()));
        _ = pages.MapGet("/instances/{id}", (string id, HttpRequest request, People people) => Page(package, people, request, StudioView.Viewer(id)));

        _ = pages.MapGet("/studio", () => Results.LocalRedirect("/runbooks"));
        _ = pages.MapGet("/workflows/definitions", () => Results.LocalRedirect("/runbooks"));
        _ = pages.MapGet("/workflows/definitions/{id}/edit", (string id) => Results.LocalRedirect(StudioView.Editor(id).Path));
        _ = pages.MapGet("/workflows/instances", () => Results.LocalRedirect("/instances"));
        _ = pages.MapGet("/workflows/instances/{id}/view", (string id) => Results.LocalRedirect(StudioView.Viewer(id).Path));
        _ = pages.MapGet("/diagnostics/{**rest}", (string? workflowInstanceId) =>
            Results.LocalRedirect(workflowInstanceId is { Length: > 0 } run ? $"/runs/{Uri.EscapeDataString(run)}" : "/"));
    }

    private static RazorComponentResult<StudioPage> Page(StudioPackage package, People people, HttpRequest request, StudioView view)
    {
        var response = request.HttpContext.Response;
        response.Headers.CacheControl = "no-store";
        response.Headers.ContentSecurityPolicy = ContentPolicy;
        return new RazorComponentResult<StudioPage>(new Dictionary<string, object?>
        {
            [nameof(StudioPage.Package)] = package,
            [nameof(StudioPage.View)] = view,
            [nameof(StudioPage.Person)] = people.Of(request).GivenName,
        });
    }
}
