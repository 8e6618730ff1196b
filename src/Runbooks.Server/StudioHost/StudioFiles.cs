using Microsoft.Net.Http.Headers;
using Runbooks.Server.Api;

namespace Runbooks.Server.StudioHost;

/// <summary>Serves the files of Elsa Studio, compressed as they came, to be kept for ever.</summary>
internal static class StudioFiles
{
    private const string Forever = "public, max-age=31536000, immutable";

    public static void MapStudioFiles(this IEndpointRouteBuilder routes, StudioPackage package)
    {
        string[] reading = [HttpMethods.Get, HttpMethods.Head];
        _ = routes.MapMethods($"{package.Base}/{{**path}}", reading, (string path, HttpRequest request) => Serve(package, path, request)).ExcludeFromDescription();

        // Its scripts ask for parts of itself relative to the page. The console's own files have routes of their own, and go first.
        _ = routes.MapMethods("/_content/{**path}", reading, (string path, HttpResponse response) => Elsewhere(package, $"_content/{path}", response)).ExcludeFromDescription();
        _ = routes.MapMethods("/_framework/{**path}", reading, (string path, HttpResponse response) => Elsewhere(package, $"_framework/{path}", response)).ExcludeFromDescription();
    }

    private static IResult Serve(StudioPackage package, string path, HttpRequest request)
    {
        if (package.Find(path) is not { } file)
        {
            return Results.NotFound();
        }

        var (served, encoding) = Best(file, request.GetTypedHeaders().AcceptEncoding);
        var headers = request.HttpContext.Response.Headers;
        headers.CacheControl = Forever;
        if (file.Brotli is not null || file.Gzip is not null)
        {
            headers.Vary = HeaderNames.AcceptEncoding;
        }

        if (encoding is not null)
        {
            headers.ContentEncoding = encoding;
        }

        // The path holds the version of a package whose content its lock file fixes: nothing else tells representations apart.
        return Results.File(served, file.ContentType, entityTag: new EntityTagHeaderValue($"\"{package.Version}-{encoding ?? "plain"}\""));
    }

    private static IResult Elsewhere(StudioPackage package, string path, HttpResponse response)
    {
        response.Headers.CacheControl = "no-cache";
        return package.Find(path) is null ? Results.NotFound() : Results.LocalRedirect($"{package.Base}/{path}", permanent: false, preserveMethod: true);
    }

    /// <summary>The smallest form that the browser takes. Browsers take brotli over HTTPS and from their own machine only.</summary>
    internal static (string Path, string? Encoding) Best(StudioFile file, IList<StringWithQualityHeaderValue> accepted)
    {
        if (file.Brotli is { } brotli && accepted.Takes("br"))
        {
            return (brotli, "br");
        }

        return file.Gzip is { } gzip && accepted.Takes("gzip") ? (gzip, "gzip") : (file.Path, null);
    }
}
