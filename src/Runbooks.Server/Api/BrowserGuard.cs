namespace Runbooks.Server.Api;

/// <summary>
/// What keeps other sites' pages out while there is no login: a browser says where a request comes from, and a page of
/// another origin may neither change anything nor open a live connection. Also the headers that bind our own page.
/// </summary>
internal static class BrowserGuard
{
    /// <summary>
    /// Everything from ourselves. Inline style attributes are allowed because bars get their length by them; inline
    /// scripts and style elements are not.
    /// </summary>
    private const string ContentPolicy =
        "default-src 'self'; script-src 'self'; style-src-elem 'self'; style-src-attr 'unsafe-inline'; img-src 'self' data:; font-src 'self'; " +
        "connect-src 'self'; object-src 'none'; base-uri 'self'; form-action 'self'; frame-ancestors 'none'";

    public static void UseBrowserGuard(this IApplicationBuilder app) => app.Use(async (context, next) =>
    {
        var headers = context.Response.Headers;
        headers.ContentSecurityPolicy = ContentPolicy;
        headers.XContentTypeOptions = "nosniff";
        headers["Referrer-Policy"] = "no-referrer";
        headers["Cross-Origin-Opener-Policy"] = "same-origin";
        var request = context.Request;
        var isHarmless = (HttpMethods.IsGet(request.Method) || HttpMethods.IsHead(request.Method)) && !IsUpgrade(request);
        if (!isHarmless && request.Headers.Origin.ToString() is { Length: > 0 } origin && !IsOurs(origin, request.Host))
        {
            await Problems.Of(StatusCodes.Status403Forbidden, Problems.CrossOrigin, "Another site's request", $"The request comes from '{origin}'. Only pages of this server may change anything.").ExecuteAsync(context);
            return;
        }

        await next(context);
    });

    /// <summary>Asked of the header: a hub looks at its socket by itself, behind this.</summary>
    private static bool IsUpgrade(HttpRequest request) => request.Headers.Upgrade.ToString().Length > 0;

    private static bool IsOurs(string origin, HostString host) =>
        Uri.TryCreate(origin, UriKind.Absolute, out var from) && string.Equals(from.Authority, host.Value, StringComparison.OrdinalIgnoreCase);
}
