using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using Runbooks.Server.Access;
using Runbooks.Server.Orders;
using Runbooks.Workflows.Journal;
using Runbooks.Workflows.Operations;
using Runbooks.Workflows.Runs;

namespace Runbooks.Server.Elsa.Instances;

/// <summary>
/// Elsa's alterations, as far as they are orders of ours: cancel, and retry. The others change what a run is without its
/// history saying so, and are refused with the order that is meant instead.
/// </summary>
internal static class Alterations
{
    private static readonly Dictionary<string, string> Instead = new(StringComparer.OrdinalIgnoreCase)
    {
        ["Migrate"] = "A run stays on the version that it was started with. Cancel it and start the new version, or restart it after its end.",
        ["ScheduleActivity"] = "Use restart-from (POST /api/runs/{id}:restart-from): it undoes what followed the step before it executes it again.",
        ["ModifyVariable"] = "Variables are what the steps have made of them. Retry a failed step with other inputs (POST /api/runs/{id}:retry), or restart the run.",
        ["CancelActivity"] = "A single step is not cancelled. Skip a failed one (POST /api/runs/{id}:skip), or cancel the run.",
    };

    public static void MapAlterations(this RouteGroupBuilder api)
    {
        _ = api.MapPost("/alterations/workflows/retry", RetryAsync);
        _ = api.MapPost("/alterations/submit", SubmitAsync);
        _ = api.MapPost("/alterations/run", RunAsync);
        _ = api.MapPost("/alterations/dry-run", DryRunAsync);
        _ = api.MapGet("/alterations/{id}", (string id, AlterationPlans plans) => plans.Find(id) is { } plan ? ElsaJson.Ok(plan) : ElsaRequest.NoSuchInstance(id));
    }

    /// <summary>What is wrong with the alterations that are asked for; none: all of them are Cancel.</summary>
    internal static IReadOnlyList<string> Problems(JsonObject body)
    {
        var types = (body["alterations"] as JsonArray ?? []).OfType<JsonObject>().Select(a => InstanceQueries.Text(a, "type") ?? "").ToArray();
        return types.Length == 0
            ? ["There are no 'alterations'. Cancel is the one that is carried out here."]
            : [.. types.Where(t => !string.Equals(t, "Cancel", StringComparison.OrdinalIgnoreCase)).Distinct(StringComparer.Ordinal)
                .Select(t => Instead.TryGetValue(t, out var instead) ? $"{t} is not carried out here. {instead}" : $"There is no alteration '{t}'. Known: Cancel.")];
    }

    private static async Task<IResult> RetryAsync(HttpRequest request, OrderDesk desk, People people, CancellationToken cancellationToken)
    {
        var (person, body, no) = await ReadAsync(request, people, cancellationToken);
        if (no is not null)
        {
            return no;
        }

        var activities = JournalFilters.Texts(body, "activityIds");
        var results = new List<object>();
        foreach (var id in JournalFilters.Texts(body, "workflowInstanceIds").Distinct(StringComparer.Ordinal).Take(BulkOrders.Most))
        {
            var problems = RunId.TryParse(id, out var run) ? await RetryOneAsync(run, activities, person, desk, cancellationToken) : [$"There is no run '{id}'."];
            results.Add(Result(id, problems));
        }

        return ElsaJson.Ok(new { results });
    }

    private static async Task<IReadOnlyList<string>> RetryOneAsync(RunId run, IReadOnlyList<string> activities, Person person, OrderDesk desk, CancellationToken cancellationToken)
    {
        var order = new RunOrder(RunVerb.Retry, person.Name, ElsaRequest.Reason);
        if (activities.Count == 0)
        {
            return InstanceOrders.WhyNot(run, await desk.GiveAsync(run, order, wait: true, cancellationToken)) is { } why ? [why] : [];
        }

        var problems = new List<string>();
        foreach (var activity in activities.Distinct(StringComparer.Ordinal))
        {
            var step = (await desk.FactsAsync(run, cancellationToken))?.Incidents().Select(i => i.Step).FirstOrDefault(s => string.Equals(s.ActivityId, activity, StringComparison.Ordinal));
            var problem = step is null
                ? $"Run {run}: nothing of activity '{activity}' has failed and waits."
                : InstanceOrders.WhyNot(run, await desk.GiveAsync(run, order with { Step = step.Number }, wait: true, cancellationToken));
            if (problem is not null)
            {
                problems.Add(problem);
            }
        }

        return problems;
    }

    private static async Task<IResult> SubmitAsync(HttpRequest request, BulkOrders bulk, IRunReader reader, People people, AlterationPlans plans, CancellationToken cancellationToken)
    {
        var (person, body, no) = await ReadAsync(request, people, cancellationToken);
        if ((no ?? Refused(body)) is { } refusal)
        {
            return refusal;
        }

        var answers = await bulk.GiveAsync(await SelectedAsync(body["filter"] as JsonObject ?? [], reader, cancellationToken), InstanceOrders.Cancel(person), cancellationToken);
        return ElsaJson.Ok(new { planId = plans.Keep(body, answers) });
    }

    private static async Task<IResult> RunAsync(HttpRequest request, BulkOrders bulk, People people, CancellationToken cancellationToken)
    {
        var (person, body, no) = await ReadAsync(request, people, cancellationToken);
        if ((no ?? Refused(body)) is { } refusal)
        {
            return refusal;
        }

        var runs = JournalFilters.Texts(body, "workflowInstanceIds").Take(BulkOrders.Most).Select(id => RunId.TryParse(id, out var run) ? run : default).ToArray();
        var answers = await bulk.GiveAsync(runs, InstanceOrders.Cancel(person), cancellationToken);
        return ElsaJson.Ok(new { results = answers.Select(a => Result(a.Id.ToString(), InstanceOrders.WhyNot(a.Id, a.Answer) is { } why ? [why] : [])) });
    }

    private static async Task<IResult> DryRunAsync(HttpRequest request, IRunReader reader, CancellationToken cancellationToken)
    {
        var (body, refusal) = await ElsaRequest.BodyAsync(request, cancellationToken);
        return refusal ?? ElsaJson.Ok(new { workflowInstanceIds = (await SelectedAsync(body["filter"] as JsonObject ?? body, reader, cancellationToken)).Select(r => r.ToString()) });
    }

    /// <summary>Open runs that a filter selects. An empty filter selects all only when it says so.</summary>
    private static async Task<IReadOnlyList<RunId>> SelectedAsync(JsonObject filter, IRunReader reader, CancellationToken cancellationToken)
    {
        var query = InstanceQueries.Of(filter);
        if (InstanceQueries.IsEmpty(query) && InstanceQueries.Flag(filter, "emptyFilterSelectsAll") != true)
        {
            return [];
        }

        var page = await reader.QueryAsync(query with { Take = BulkOrders.Most, Skip = 0 }, cancellationToken);
        return [.. page.Items.Where(r => !r.Status.IsEnd()).Select(r => r.Id)];
    }

    private static IResult? Refused(JsonObject body) => Problems(body) is { Count: > 0 } problems ? ElsaRefusal.Of(problems) : null;

    private static async Task<(Person Person, JsonObject Body, IResult? Refusal)> ReadAsync(HttpRequest request, People people, CancellationToken cancellationToken)
    {
        var (person, forbidden) = ElsaRequest.Operator(request, people);
        var (body, refusal) = await ElsaRequest.BodyAsync(request, cancellationToken);
        return (person, body, forbidden ?? refusal);
    }

    private static object Result(string id, IReadOnlyList<string> problems) => new
    {
        workflowInstanceId = id,
        log = new { logEntries = problems.Select(p => new { message = p, logLevel = "Error", timestamp = TimeProvider.System.GetUtcNow(), eventName = (string?)null }) },
        workflowHasScheduledWork = problems.Count == 0,
        isSuccessful = problems.Count == 0,
    };
}

/// <summary>The last plans that were carried out, for whoever asks what became of one. They are for looking only, and end with the process: each run's history says what was asked of it.</summary>
internal sealed class AlterationPlans(IIdSource ids, TimeProvider clock)
{
    private const int Most = 100;

    private readonly ConcurrentDictionary<string, JsonObject> plans = new(StringComparer.Ordinal);
    private readonly ConcurrentQueue<string> order = new();

    public JsonObject? Find(string id) => plans.GetValueOrDefault(id);

    public string Keep(JsonObject body, IReadOnlyList<(RunId Id, OrderAnswer Answer)> answers)
    {
        var id = ids.Next().ToString("n");
        plans[id] = new JsonObject
        {
            ["plan"] = new JsonObject
            {
                ["id"] = id,
                ["alterations"] = body["alterations"]?.DeepClone(),
                ["workflowInstanceFilter"] = body["filter"]?.DeepClone(),
                ["status"] = "Completed",
                ["createdAt"] = clock.GetUtcNow(),
                ["completedAt"] = clock.GetUtcNow(),
            },
            ["jobs"] = new JsonArray([.. answers.Select(a => new JsonObject
            {
                ["id"] = $"{id}-{a.Id}",
                ["planId"] = id,
                ["workflowInstanceId"] = a.Id.ToString(),
                ["status"] = a.Answer is OrderAnswer.Accepted ? "Completed" : "Failed",
                ["log"] = InstanceOrders.WhyNot(a.Id, a.Answer) is { } why ? new JsonArray(new JsonObject { ["message"] = why, ["logLevel"] = "Error" }) : new JsonArray(),
            })]),
        };
        order.Enqueue(id);
        while (order.Count > Most && order.TryDequeue(out var oldest))
        {
            _ = plans.TryRemove(oldest, out _);
        }

        return id;
    }
}
