using System.Text.Json.Nodes;
using Runbooks.Server.Access;

namespace Runbooks.Server.Elsa.Instances;

/// <summary>Studio's Run button, and starting through Elsa's API.</summary>
internal static class StartEndpoints
{
    /// <summary>Where Studio finds the instance that it has started.</summary>
    public const string InstanceHeader = "x-elsa-workflow-instance-id";

    public const string CannotStartHeader = "x-elsa-workflow-cannot-start";

    /// <summary>Runs that one request may start.</summary>
    private const int MostAtOnce = 100;

    public static void MapStarts(this RouteGroupBuilder api)
    {
        _ = api.MapPost("/workflow-definitions/{definitionId}/execute", ExecuteAsync);
        _ = api.MapPost("/workflow-definitions/{definitionId}/dispatch", DispatchAsync);
        _ = api.MapPost("/workflow-definitions/{definitionId}/bulk-dispatch", BulkDispatchAsync);
    }

    private static async Task<IResult> ExecuteAsync(string definitionId, HttpRequest request, StudioStarts starts, People people, InstanceReader instances, CancellationToken cancellationToken)
    {
        var (start, refusal) = await StartAsync(definitionId, request, starts, people, cancellationToken);
        switch (start)
        {
            case StudioStart.Started started:
                request.HttpContext.Response.Headers[InstanceHeader] = started.Run.ToString();
                return ElsaJson.Ok(new { workflowState = (await instances.InstanceAsync(started.Run.ToString(), cancellationToken))?.WorkflowState });
            case StudioStart.CannotStart:
                request.HttpContext.Response.Headers[CannotStartHeader] = "True";
                return ElsaJson.Ok(new { workflowState = (JsonObject?)null });
            default:
                return refusal!;
        }
    }

    private static async Task<IResult> DispatchAsync(string definitionId, HttpRequest request, StudioStarts starts, People people, CancellationToken cancellationToken)
    {
        var (start, refusal) = await StartAsync(definitionId, request, starts, people, cancellationToken);
        return start switch
        {
            StudioStart.Started started => ElsaJson.Ok(new { workflowInstanceId = started.Run.ToString() }),
            StudioStart.CannotStart no => ElsaRefusal.Of(no.Why),
            _ => refusal!,
        };
    }

    private static async Task<IResult> BulkDispatchAsync(string definitionId, HttpRequest request, StudioStarts starts, People people, CancellationToken cancellationToken)
    {
        var (person, forbidden) = ElsaRequest.Operator(request, people);
        var (body, refusal) = await ElsaRequest.BodyAsync(request, cancellationToken);
        if ((forbidden ?? refusal) is { } no)
        {
            return no;
        }

        var count = InstanceQueries.Whole(body, "count") ?? 1;
        if (count is < 1 or > MostAtOnce)
        {
            return ElsaRefusal.Of($"'count' is {count}; it can be 1 to {MostAtOnce}.");
        }

        var ids = new List<string>();
        for (var i = 0; i < count; i++)
        {
            if (await starts.StartAsync(definitionId, body, person, cancellationToken) is not StudioStart.Started started)
            {
                break;
            }

            ids.Add(started.Run.ToString());
        }

        return ids.Count == 0
            ? ElsaRefusal.Of($"No run of '{definitionId}' could be started; start one to see why.")
            : ElsaJson.Ok(new { workflowInstanceIds = ids });
    }

    private static async Task<(StudioStart? Start, IResult? Refusal)> StartAsync(string definitionId, HttpRequest request, StudioStarts starts, People people, CancellationToken cancellationToken)
    {
        var (person, forbidden) = ElsaRequest.Operator(request, people);
        var (body, refusal) = await ElsaRequest.BodyAsync(request, cancellationToken);
        if ((forbidden ?? refusal) is { } no)
        {
            return (null, no);
        }

        if (InstanceQueries.Text(body, "instanceId") is not null)
        {
            return (null, ElsaRefusal.Of("Ids of instances are given by the server; leave 'instanceId' out. To start once however often the request is sent, use POST /api/runs with an Idempotency-Key."));
        }

        return await starts.StartAsync(definitionId, body, person, cancellationToken) is var start && start is StudioStart.Refused why
            ? (null, ElsaRefusal.Of(why.Why))
            : (start, null);
    }
}
