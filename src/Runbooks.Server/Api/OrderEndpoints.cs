using System.Text.Json.Nodes;
using Runbooks.Server.Access;
using Runbooks.Server.Orders;
using Runbooks.Server.Views;
using Runbooks.Workflows.Operations;
using Runbooks.Workflows.Runs;

namespace Runbooks.Server.Api;

/// <summary>What people may ask of runs: <c>POST /api/runs/{id}:verb</c>, and of many at once: <c>POST /api/runs:bulk</c>.</summary>
internal static class OrderEndpoints
{
    private static readonly string[] Fields = ["actor", "reason", "step", "inputs", "outcome", "outputs", "found"];

    public static void MapOrders(this IEndpointRouteBuilder routes)
    {
        foreach (var verb in RunVerbs.All)
        {
            Describe(routes.MapPost($"/api/runs/{{id}}:{verb.Word()}", (string id, HttpRequest request, OrderDesk desk, People people, CancellationToken cancellationToken) => GiveAsync(id, verb, request, desk, people, named: true, cancellationToken)), verb)
                .WithName($"{verb}Run").WithSummary(SummaryOf(verb));
        }

        // Callers from before names: they say only why.
        foreach (var verb in new[] { RunVerb.Cancel, RunVerb.Retry })
        {
            Describe(routes.MapPost($"/api/runs/{{id}}/{verb.Word()}", (string id, HttpRequest request, OrderDesk desk, People people, CancellationToken cancellationToken) => GiveAsync(id, verb, request, desk, people, named: false, cancellationToken)), verb)
                .WithName($"{verb}RunUnnamed").WithSummary($"As :{verb.Word()}, for callers that do not say who they are.");
        }

        _ = routes.MapPost("/api/runs:bulk", BulkAsync).WithTags("Operations")
            .WithName("OrderManyRuns").WithSummary($"One order to many runs, by their ids or by a filter; answers for each. At most {BulkOrders.Most} runs.")
            .Accepts<BulkBody>("application/json").Produces<JsonObject>(StatusCodes.Status202Accepted)
            .ProducesProblem(StatusCodes.Status400BadRequest).ProducesProblem(StatusCodes.Status403Forbidden);
    }

    private static async Task<IResult> GiveAsync(string id, RunVerb verb, HttpRequest request, OrderDesk desk, People people, bool named, CancellationToken cancellationToken)
    {
        var (body, problem) = await RequestBody.ReadAsync(request, Fields, cancellationToken);
        if (body is null)
        {
            return problem!;
        }

        var person = named ? people.Named(Caller.RequiredActor(request, body)) : Caller.Of(request, body, people);
        var order = new RunOrder(verb, person.Name, body.RequiredText("reason"))
        {
            Key = Caller.Key(request, body),
            Step = body.Whole("step"),
            Inputs = body.OptionalObject("inputs"),
            Outcome = body.Text("outcome"),
            Outputs = body.OptionalObject("outputs"),
            Found = body.Text("found"),
        };
        return body.Errors.Count > 0 ? Problems.Invalid(Problems.InvalidInput, "The request is not valid", body.Errors)
            : !person.May(Permission.Run) ? Problems.Lacks(person, Permission.Run)
            : !RunId.TryParse(id, out var run) ? Problems.NoSuchRun(id)
            : OrderAnswers.Of(id, await desk.GiveAsync(run, order, wait: true, cancellationToken));
    }

    private static async Task<IResult> BulkAsync(HttpRequest request, BulkOrders bulk, People people, CancellationToken cancellationToken)
    {
        var (body, problem) = await RequestBody.ReadAsync(request, ["verb", "ids", "filter", "actor", "reason"], cancellationToken);
        if (body is null)
        {
            return problem!;
        }

        var (verb, ids, filter) = BulkRequest.Read(body);
        var person = people.Named(Caller.RequiredActor(request, body));
        var order = new RunOrder(verb, person.Name, body.RequiredText("reason")) { Key = Caller.Key(request, body) };
        if (body.Errors.Count > 0)
        {
            return Problems.Invalid(Problems.InvalidInput, "The request is not valid", body.Errors);
        }

        if (!person.May(Permission.Run))
        {
            return Problems.Lacks(person, Permission.Run);
        }

        var (runs, more) = ids is not null ? (ids, false) : await bulk.FindAsync(filter!, cancellationToken);
        var answers = await bulk.GiveAsync(runs, order, cancellationToken);
        return Results.Json(
            new JsonObject
            {
                ["verb"] = verb.Word(),
                ["asked"] = answers.Count,
                ["accepted"] = answers.Count(a => a.Answer is OrderAnswer.Accepted),
                ["more"] = more,
                ["runs"] = new JsonArray([.. answers.Select(a => OrderAnswers.Line(a.Id, a.Answer))]),
            },
            ViewJson.Options,
            statusCode: StatusCodes.Status202Accepted);
    }

    private static RouteHandlerBuilder Describe(RouteHandlerBuilder route, RunVerb verb) => route.WithTags("Operations")
        .Accepts<OrderBody>("application/json").Produces<RunView>(StatusCodes.Status202Accepted)
        .ProducesProblem(StatusCodes.Status400BadRequest).ProducesProblem(StatusCodes.Status403Forbidden).ProducesProblem(StatusCodes.Status404NotFound)
        .ProducesProblem(StatusCodes.Status409Conflict).ProducesProblem(StatusCodes.Status422UnprocessableEntity);

    private static string SummaryOf(RunVerb verb) => verb switch
    {
        RunVerb.Pause => "Lets effects in flight end and starts no other; parts of the run too.",
        RunVerb.Resume => "Goes on after a pause.",
        RunVerb.Cancel => "Ends a run; what it had changed is undone.",
        RunVerb.Retry => "Looks again at a failed or unknown step, or at all of them; 'step' with 'inputs' gives a failed step other inputs.",
        RunVerb.Skip => "Goes on behind a failed step as if it had been done, by 'outcome' and with 'outputs'.",
        RunVerb.Resolve => "Says what a person found about an unknown step or a failed undo: 'found' is done or notDone.",
        RunVerb.RestartFrom => "Undoes what followed 'step' and executes it again, with 'inputs' in place of its own where given.",
        RunVerb.Undo => "Undoes a run that has finished.",
        RunVerb.Restart => "Starts a new run in place of one that has ended, with 'inputs' in place of its own where given.",
        _ => throw new InvalidOperationException($"'{verb}' has no summary."),
    };
}

/// <summary>Body of an order.</summary>
internal sealed record OrderBody(string Actor, string Reason, long? Step, JsonObject? Inputs, string? Outcome, JsonObject? Outputs, string? Found);

/// <summary>Body of a bulk order: ids or a filter.</summary>
internal sealed record BulkBody(string Verb, IReadOnlyList<string>? Ids, BulkFilterBody? Filter, string Actor, string Reason);

/// <summary>Which runs a bulk order is for; at least one field.</summary>
internal sealed record BulkFilterBody(string? Runbook, RunStatus? Status, string? Host);
