using Runbooks.Server.Runs;
using Runbooks.Server.Views;
using Runbooks.Workflows.Journal;
using Runbooks.Workflows.Runs;

namespace Runbooks.Server.Api;

internal static class RunEndpoints
{
    private const int JournalPage = 1000;

    public static void MapRuns(this IEndpointRouteBuilder routes)
    {
        var runs = routes.MapGroup("/api/runs").WithTags("Runs");
        _ = runs.MapPost("", RunStart.StartAsync)
            .WithName("StartRun").WithSummary("Starts a runbook. With an Idempotency-Key header, repeating the request names the run that is there.")
            .Accepts<StartRunBody>("application/json")
            .Produces<RunView>(StatusCodes.Status202Accepted)
            .ProducesProblem(StatusCodes.Status400BadRequest).ProducesProblem(StatusCodes.Status409Conflict).ProducesProblem(StatusCodes.Status415UnsupportedMediaType).ProducesProblem(StatusCodes.Status422UnprocessableEntity);
        _ = runs.MapGet("", ListAsync)
            .WithName("ListRuns").WithSummary("Runs, newest first. Filters: runbook, status, open, parent; pages with before (a createdAt) and limit.")
            .Produces<IReadOnlyList<RunView>>().ProducesProblem(StatusCodes.Status400BadRequest);
        _ = runs.MapGet("/{id}", FindAsync)
            .WithName("GetRun").WithSummary("A run with its stages, steps and child runs.")
            .Produces<RunDetail>().ProducesProblem(StatusCodes.Status404NotFound);
        _ = runs.MapGet("/{id}/journal", JournalAsync)
            .WithName("GetJournal").WithSummary("Journal entries of a run after a sequence number, in order, at most 1000.")
            .Produces<IReadOnlyList<JournalEntry>>().ProducesProblem(StatusCodes.Status404NotFound);
        _ = runs.MapGet("/{id}/events", RunEventStream.OpenAsync)
            .WithName("FollowRun").WithSummary("The run live, as server-sent events; resumes after Last-Event-ID without losing an entry.");
        _ = runs.MapPost("/{id}/cancel", (string id, HttpRequest request, RunRequests requests, CancellationToken cancellationToken) => AskAsync(id, request, requests.CancelAsync, cancellationToken))
            .WithName("CancelRun").WithSummary("Cancels a run; what it had changed is undone.")
            .Accepts<ReasonBody>("application/json").Produces<RunView>(StatusCodes.Status202Accepted)
            .ProducesProblem(StatusCodes.Status400BadRequest).ProducesProblem(StatusCodes.Status404NotFound).ProducesProblem(StatusCodes.Status409Conflict);
        _ = runs.MapPost("/{id}/retry", (string id, HttpRequest request, RunRequests requests, CancellationToken cancellationToken) => AskAsync(id, request, requests.RetryAsync, cancellationToken))
            .WithName("RetryRun").WithSummary("Lets a run that needs attention look again and go on.")
            .Accepts<ReasonBody>("application/json").Produces<RunView>(StatusCodes.Status202Accepted)
            .ProducesProblem(StatusCodes.Status400BadRequest).ProducesProblem(StatusCodes.Status404NotFound).ProducesProblem(StatusCodes.Status409Conflict);
    }

    private static async Task<IResult> ListAsync(HttpRequest request, IRunStore store, CancellationToken cancellationToken)
    {
        var (filter, errors) = RunQuery.Read(request.Query);
        return errors.Count > 0
            ? Problems.Invalid(Problems.InvalidQuery, "The filter is not valid", errors)
            : Results.Json((await store.ListAsync(filter, cancellationToken)).Select(RunView.Of), ViewJson.Options);
    }

    private static async Task<IResult> FindAsync(string id, RunRequests requests, CancellationToken cancellationToken) =>
        RunId.TryParse(id, out var run) && await requests.DetailAsync(run, cancellationToken) is { } detail
            ? Results.Json(detail, ViewJson.Options)
            : Problems.NoSuchRun(id);

    private static async Task<IResult> JournalAsync(string id, HttpRequest request, IRunStore store, CancellationToken cancellationToken)
    {
        var after = 0L;
        if (request.Query["after"].ToString() is { Length: > 0 } text && !long.TryParse(text, out after))
        {
            return Problems.Invalid(Problems.InvalidQuery, "The filter is not valid", [("after", $"'{text}' is not a sequence number.")]);
        }

        return RunId.TryParse(id, out var run) && await store.FindAsync(run, cancellationToken) is not null
            ? Results.Json(await store.JournalAsync(run, after, JournalPage, cancellationToken), ViewJson.Options)
            : Problems.NoSuchRun(id);
    }

    private static async Task<IResult> AskAsync(string id, HttpRequest request, Func<RunId, string, string, CancellationToken, Task<RunRequestAnswer>> ask, CancellationToken cancellationToken)
    {
        var (body, problem) = await RequestBody.ReadAsync(request, ["reason"], cancellationToken);
        if (body is null)
        {
            return problem!;
        }

        var reason = body.RequiredText("reason");
        if (body.Errors.Count > 0)
        {
            return Problems.Invalid(Problems.InvalidInput, "The request is not valid", body.Errors);
        }

        return !RunId.TryParse(id, out var run)
            ? Problems.NoSuchRun(id)
            : await ask(run, "api", reason, cancellationToken) switch
            {
                RunRequestAnswer.Accepted accepted => Results.Json(RunView.Of(accepted.Run), ViewJson.Options, statusCode: StatusCodes.Status202Accepted),
                RunRequestAnswer.NotNow no => NotNow(no),
                _ => Problems.NoSuchRun(id),
            };
    }

    private static IResult NotNow(RunRequestAnswer.NotNow no) => Problems.Of(
        StatusCodes.Status409Conflict,
        Problems.NotNow,
        "Not allowed in this state",
        $"Run {no.Run.Id} is {Logging.RunWords.Of(no.Run.Status)}. {(no.Allowed.Count == 0 ? "Nothing can be asked of it any more." : $"Now it can be asked to: {string.Join(", ", no.Allowed)}.")}",
        new KeyValuePair<string, object?>("state", ViewWords.Of(no.Run.Status)),
        new KeyValuePair<string, object?>("allowed", no.Allowed));
}

/// <summary>Body of POST /api/runs.</summary>
internal sealed record StartRunBody(string Runbook, System.Text.Json.Nodes.JsonObject? Input, string? Reason, string? CorrelationId);

/// <summary>Body of a request about a run.</summary>
internal sealed record ReasonBody(string Reason);
