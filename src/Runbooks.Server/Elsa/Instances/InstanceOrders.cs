using System.Text.Json.Nodes;
using Runbooks.Server.Access;
using Runbooks.Server.Orders;
using Runbooks.Workflows.Journal;
using Runbooks.Workflows.Operations;
using Runbooks.Workflows.Runs;

namespace Runbooks.Server.Elsa.Instances;

/// <summary>Cancelling from Studio's lists: our cancel, which undoes what the run had changed. Deleting is refused: audit needs what happened.</summary>
internal static class InstanceOrders
{
    private const string KeptByRetention = "Runs are not deleted by hand: their history is what audits look at. How long it is kept is set by Retention.";

    public static void MapInstanceOrders(this RouteGroupBuilder api)
    {
        _ = api.MapPost("/cancel/workflow-instances/{id}", CancelAsync);
        _ = api.MapPost("/bulk-actions/cancel/workflow-instances", CancelManyAsync);
        _ = api.MapDelete("/workflow-instances/{id}", DeleteAsync);
        _ = api.MapPost("/bulk-actions/delete/workflow-instances/by-id", () => ElsaRefusal.Of(KeptByRetention));
    }

    /// <summary>Which order Studio's cancel is.</summary>
    public static RunOrder Cancel(Person person) => new(RunVerb.Cancel, person.Name, ElsaRequest.Reason);

    /// <summary>Why an order was not taken; null when it was.</summary>
    public static string? WhyNot(RunId run, OrderAnswer answer) => answer switch
    {
        OrderAnswer.Accepted => null,
        OrderAnswer.UnknownRun => $"There is no run {run}.",
        OrderAnswer.NotNow no => $"Run {run}: {no.Why}",
        OrderAnswer.Invalid invalid => string.Join(" ", invalid.Errors.Select(e => $"{e.Field}: {e.Message}")),
        _ => $"Run {run} was given another order under the same key.",
    };

    private static async Task<IResult> CancelAsync(string id, HttpRequest request, OrderDesk desk, People people, CancellationToken cancellationToken)
    {
        var (person, forbidden) = ElsaRequest.Operator(request, people);
        if (forbidden is not null)
        {
            return forbidden;
        }

        return !RunId.TryParse(id, out var run) ? ElsaRefusal.Of($"There is no run '{id}'.")
            : WhyNot(run, await desk.GiveAsync(run, Cancel(person), wait: true, cancellationToken)) is { } why ? ElsaRefusal.Of(why)
            : Results.Ok();
    }

    private static async Task<IResult> CancelManyAsync(HttpRequest request, BulkOrders bulk, IRunReader reader, People people, CancellationToken cancellationToken)
    {
        var (person, forbidden) = ElsaRequest.Operator(request, people);
        var (body, refusal) = await ElsaRequest.BodyAsync(request, cancellationToken);
        if ((forbidden ?? refusal) is { } no)
        {
            return no;
        }

        var runs = await OpenAsync(body, reader, cancellationToken);
        if (runs is null)
        {
            return ElsaRefusal.Of("Say which runs: 'ids', 'definitionVersionId' or 'definitionId'.");
        }

        var answers = await bulk.GiveAsync(runs, Cancel(person), cancellationToken);
        return ElsaJson.Ok(new { cancelled = answers.Count(a => a.Answer is OrderAnswer.Accepted) });
    }

    /// <summary>Open runs that a body names, at most as many as one request may reach; null when it names none at all.</summary>
    private static async Task<IReadOnlyList<RunId>?> OpenAsync(JsonObject body, IRunReader reader, CancellationToken cancellationToken)
    {
        var query = InstanceQueries.Of(body);
        if (InstanceQueries.IsEmpty(query))
        {
            return null;
        }

        var open = Enum.GetValues<RunStatus>().Where(s => !s.IsEnd()).ToArray();
        var page = await reader.QueryAsync(query with { Statuses = query.Statuses is null ? open : [.. open.Intersect(query.Statuses)], Take = BulkOrders.Most, Skip = 0 }, cancellationToken);
        return [.. page.Items.Select(r => r.Id)];
    }

    private static async Task<IResult> DeleteAsync(string id, InstanceReader instances, CancellationToken cancellationToken) =>
        await instances.HeadAsync(id, cancellationToken) is { } run && !run.Status.IsEnd()
            ? ElsaRefusal.Of($"Run {run.Id} is open; cancel it instead, so that what it has changed is undone. {KeptByRetention}")
            : ElsaRefusal.Of(KeptByRetention);
}
