using Microsoft.AspNetCore.Diagnostics;

namespace Runbooks.Server.Api;

/// <summary>The edge: a bug or a broken environment becomes problem+json without its insides, and one line in the log.</summary>
internal sealed class ApiExceptionHandler(ILogger<ApiExceptionHandler> logger) : IExceptionHandler
{
    public async ValueTask<bool> TryHandleAsync(HttpContext httpContext, Exception exception, CancellationToken cancellationToken)
    {
        if (httpContext.RequestAborted.IsCancellationRequested)
        {
            return true;
        }

        if (exception is BadHttpRequestException bad)
        {
            await Problems.Of(bad.StatusCode, Problems.MalformedBody, "The request can't be read", bad.Message).ExecuteAsync(httpContext);
            return true;
        }

        logger.LogError(exception, "{Method} {Path} failed ({Trace})", httpContext.Request.Method, httpContext.Request.Path, httpContext.TraceIdentifier);
        var isOutage = IsOutage(exception);
        await Problems.Of(
            isOutage ? StatusCodes.Status503ServiceUnavailable : StatusCodes.Status500InternalServerError,
            isOutage ? Problems.Unavailable : Problems.Internal,
            isOutage ? "The database can't be reached" : "The server failed",
            isOutage ? "Nothing is known of what was asked for. GET /health/ready tells when it works again; repeat the request then, with its Idempotency-Key." : "It is a bug; the server's log has the details.",
            new KeyValuePair<string, object?>("trace", httpContext.TraceIdentifier)).ExecuteAsync(httpContext);
        return true;
    }

    /// <summary>Data libraries wrap what the database's driver says.</summary>
    private static bool IsOutage(Exception? exception) =>
        exception is not null && (exception is System.Data.Common.DbException or TimeoutException || IsOutage(exception.InnerException));
}
