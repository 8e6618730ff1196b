using Runbooks.Server.Access;
using Runbooks.Server.Runs;
using Runbooks.Server.Views;
using Runbooks.Workflows.Journal;
using Runbooks.Workflows.Operations;
using Runbooks.Workflows.Runs;

namespace Runbooks.Server.Api;

/// <summary>POST /api/runs.</summary>
internal static class RunStart
{
    public static async Task<IResult> StartAsync(HttpRequest request, RunRequests requests, IRunStore store, People people, CancellationToken cancellationToken)
    {
        var (body, problem) = await RequestBody.ReadAsync(request, ["runbook", "input", "actor", "reason", "correlationId", "dryRun"], cancellationToken);
        if (body is null)
        {
            return problem!;
        }

        var runbook = body.RequiredText("runbook");
        var input = body.Object("input");
        var reason = body.Text("reason");
        var correlation = body.Text("correlationId", longest: 200);
        var dryRun = body.Flag("dryRun");
        var person = Caller.Of(request, body, people);
        var key = Caller.Key(request, body) ?? "";
        if (body.Errors.Count > 0)
        {
            return Problems.Invalid(Problems.InvalidInput, "The request is not valid", body.Errors);
        }

        if (!person.May(Permission.Run))
        {
            return Problems.Lacks(person, Permission.Run);
        }

        var wish = new StartRequest(runbook, input, ActorName.StartedBy(person.Name, reason), key.Length > 0 ? $"api:{key}" : null, correlation) { IsDryRun = dryRun };
        return await requests.StartAsync(wish, cancellationToken) switch
        {
            StartAnswer.UnknownRunbook unknown => Problems.Invalid(
                Problems.UnknownRunbook, "No such runbook", [("runbook", $"There is no runbook '{unknown.DefinitionId}'. Known: {string.Join(", ", unknown.Known)}.")]),
            StartAnswer.Invalid invalid => Problems.Invalid(
                Problems.InvalidInput, "The inputs are not valid", invalid.Problems.Select(p => (p.Field, p.Message))),
            StartAnswer.Refused refused => Problems.CannotStart(refused),
            StartAnswer.Accepted accepted => await AcceptedAsync(accepted, wish, key, requests, store, cancellationToken),
            _ => throw new InvalidOperationException("An answer to a start request has no translation."),
        };
    }

    private static async Task<IResult> AcceptedAsync(StartAnswer.Accepted accepted, StartRequest wish, string key, RunRequests requests, IRunStore store, CancellationToken cancellationToken)
    {
        var run = await store.FindAsync(accepted.RunId, cancellationToken)
            ?? throw new InvalidOperationException($"Run {accepted.RunId} was accepted and can't be found.");
        if (accepted.AlreadyThere && !await requests.AsksForAsync(run, wish, cancellationToken))
        {
            return Problems.Of(
                StatusCodes.Status422UnprocessableEntity,
                Problems.KeyReused,
                "Idempotency key used for another request",
                $"The key '{key}' belongs to run {run.Id} of runbook '{run.DefinitionId}', which was started with other inputs. Use a new key for a new request.",
                new KeyValuePair<string, object?>("runId", run.Id.ToString()));
        }

        return new AcceptedRun(RunView.Of(run));
    }

    /// <summary>202 with the place of the run and its head.</summary>
    private sealed class AcceptedRun(RunView run) : IResult
    {
        public Task ExecuteAsync(HttpContext httpContext)
        {
            httpContext.Response.Headers.Location = $"/api/runs/{run.Id}";
            return Results.Json(run, ViewJson.Options, statusCode: StatusCodes.Status202Accepted).ExecuteAsync(httpContext);
        }
    }
}
