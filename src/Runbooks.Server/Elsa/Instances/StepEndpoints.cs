using System.Globalization;
using Runbooks.Server.Elsa.Live;
using Runbooks.Workflows.Runs;

namespace Runbooks.Server.Elsa.Instances;

/// <summary>Steps as Studio shows them: the badges of the designer, and the list beside a selected activity.</summary>
internal static class StepEndpoints
{
    public static void MapSteps(this RouteGroupBuilder api)
    {
        _ = api.MapPost("/activity-executions/report", ReportAsync);
        _ = api.MapGet("/activity-executions/list", (HttpRequest request, InstanceReader instances, CancellationToken cancellationToken) =>
            ListAsync(request, instances, null, cancellationToken));
        _ = api.MapGet("/activity-execution-summaries/list", (HttpRequest request, InstanceReader instances, InstanceAudience audience, CancellationToken cancellationToken) =>
            ListAsync(request, instances, audience, cancellationToken));
        _ = api.MapGet("/activity-executions/by-id", (HttpRequest request, InstanceReader instances, InstanceAudience audience, CancellationToken cancellationToken) =>
            FindAsync(request.Query["id"], request, instances, audience, cancellationToken));
        _ = api.MapGet("/activity-executions/{id}", FindAsync);
        _ = api.MapGet("/activity-executions/{id}/call-stack", CallStackAsync);
        _ = api.MapGet("/resilience/retries/{id}", (string id) => ElsaJson.Ok(new { items = Array.Empty<object>(), totalCount = 0 }));
    }

    private static async Task<IResult> ReportAsync(HttpRequest request, InstanceReader instances, CancellationToken cancellationToken)
    {
        var (body, refusal) = await ElsaRequest.BodyAsync(request, cancellationToken);
        if (refusal is not null)
        {
            return refusal;
        }

        var nodes = JournalFilters.Texts(body, "activityNodeIds");
        var facts = await instances.FactsAsync(InstanceQueries.Text(body, "workflowInstanceId"), cancellationToken);
        var stats = facts is null ? [] : StepStats.Of(facts).Where(s => nodes.Count == 0 || nodes.Contains(s.ActivityNodeId, StringComparer.Ordinal));
        return ElsaJson.Ok(new { stats });
    }

    private static async Task<IResult> ListAsync(HttpRequest request, InstanceReader instances, InstanceAudience? polled, CancellationToken cancellationToken)
    {
        var records = await instances.RecordsAsync(
            request.Query["WorkflowInstanceId"], Given(request, "ActivityNodeId"), Given(request, "ActivityId"), cancellationToken);
        var completed = bool.TryParse(request.Query["Completed"], out var flag) ? flag : (bool?)null;
        var items = records.Where(r => completed is null || (r.CompletedAt is not null) == completed).Select(r => polled is null ? r : r.Short()).ToArray();
        Keep(request, polled, records);
        return ElsaJson.Ok(new { items, count = items.Length });
    }

    private static async Task<IResult> FindAsync(string? id, HttpRequest request, InstanceReader instances, InstanceAudience audience, CancellationToken cancellationToken)
    {
        if (await instances.RecordAsync(id, cancellationToken) is not { } found)
        {
            return ElsaRequest.NoSuchInstance(id);
        }

        Keep(request, audience, [found.Record]);
        return ElsaJson.Ok(found.Record);
    }

    /// <summary>What is asked for again and again while a step runs is kept by the browser for a while. What has ended is not asked for again.</summary>
    private static void Keep(HttpRequest request, InstanceAudience? polled, IReadOnlyList<StepRecord> records)
    {
        if (polled is not null && records.Count > 0 && records[^1].CompletedAt is null)
        {
            request.HttpContext.Response.Headers.CacheControl = string.Create(CultureInfo.InvariantCulture, $"private, max-age={polled.FreshFor.TotalSeconds:0}");
        }
    }

    /// <summary>The step and those around it, from the outside in; with the runs around its run when that is asked for.</summary>
    private static async Task<IResult> CallStackAsync(string id, HttpRequest request, InstanceReader instances, CancellationToken cancellationToken)
    {
        if (await instances.RecordAsync(id, cancellationToken) is not { } found)
        {
            return ElsaRequest.NoSuchInstance(id);
        }

        var stack = new List<StepRecord>();
        for (var (facts, record) = found; ;)
        {
            stack.Add(record);
            if (StepIds.Parse(record.SchedulingActivityExecutionId) is { } around)
            {
                record = around.Step == 0 ? StepRecord.OfRun(facts) : StepRecord.Of(facts, facts.Facts.Step(around.Step)!);
            }
            else if (bool.TryParse(request.Query["includeCrossWorkflowChain"], out var cross) && cross && ParentStep(facts.Run) is { } parent && await instances.RecordAsync(parent, cancellationToken) is { } outer)
            {
                (facts, record) = outer;
            }
            else
            {
                break;
            }
        }

        stack.Reverse();
        var (skip, take) = (Math.Max(0, ElsaRequest.Number(request, "skip", 0)), Math.Clamp(ElsaRequest.Number(request, "take", 100), 1, 500));
        return ElsaJson.Ok(new { activityExecutionId = id, items = stack.Skip(skip).Take(take), totalCount = stack.Count });
    }

    /// <summary>The step of the parent that waits for a run: the middle of the id of its bookmark.</summary>
    private static string? ParentStep(Run run) => run switch
    {
        { ParentRunId: { } parent, ParentBookmarkId: { } bookmark } when bookmark.Split('/') is [_, var step, ..] && long.TryParse(step, out var number) => StepIds.Of(parent, number),
        { ParentRunId: { } parent } => StepIds.Of(parent, 0),
        _ => null,
    };

    private static string? Given(HttpRequest request, string name) => request.Query[name].ToString() is { Length: > 0 } text ? text : null;
}
