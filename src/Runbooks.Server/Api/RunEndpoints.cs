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
            .WithName("StartRun").WithSummary("Starts a runbook; with dryRun nothing is changed. With an Idempotency-Key header, repeating the request names the run that is there.")
            .Accepts<StartRunBody>("application/json")
            .Produces<RunView>(StatusCodes.Status202Accepted)
            .ProducesProblem(StatusCodes.Status400BadRequest).ProducesProblem(StatusCodes.Status403Forbidden).ProducesProblem(StatusCodes.Status409Conflict).ProducesProblem(StatusCodes.Status415UnsupportedMediaType).ProducesProblem(StatusCodes.Status422UnprocessableEntity);
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
}

/// <summary>Body of POST /api/runs.</summary>
internal sealed record StartRunBody(string Runbook, System.Text.Json.Nodes.JsonObject? Input, string? Actor, string? Reason, string? CorrelationId, bool DryRun = false);
