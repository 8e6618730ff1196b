using System.Text.Json.Nodes;
using Runbooks.Workflows.Journal;

namespace Runbooks.Server.Elsa.Instances;

/// <summary>Instances as Studio lists and opens them: our runs, and their journals.</summary>
internal static class InstanceEndpoints
{
    private const int JournalPage = 100;

    /// <summary>Everything about instances: lists, the viewer, starting, cancelling, testing.</summary>
    public static void MapElsaInstances(this RouteGroupBuilder api)
    {
        _ = api.MapPost("/workflow-instances", ListAsync);
        _ = api.MapGet("/workflow-instances/{id}", FindAsync);
        _ = api.MapGet("/workflow-instances/{id}/execution-state", StateAsync);
        _ = api.MapGet("/workflow-instances/{id}/journal", (string id, HttpRequest request, InstanceReader instances, IRunReader reader, CancellationToken cancellationToken) =>
            JournalAsync(id, null, request, instances, reader, cancellationToken));
        _ = api.MapPost("/workflow-instances/{id}/journal", FilteredJournalAsync);
        _ = api.MapGet("/workflow-instances/{id}/variables", VariablesAsync);
        _ = api.MapPost("/workflow-instances/{id}/variables", RefuseVariables);
        api.MapSteps();
        api.MapStarts();
        api.MapInstanceOrders();
        api.MapAlterations();
        api.MapInstanceFiles();
        api.MapOutside();
        api.MapActivityTests();
    }

    private static async Task<IResult> ListAsync(HttpRequest request, IRunReader reader, CancellationToken cancellationToken)
    {
        var (body, refusal) = await ElsaRequest.BodyAsync(request, cancellationToken);
        if (refusal is not null)
        {
            return refusal;
        }

        var page = await reader.QueryAsync(InstanceQueries.Of(body), cancellationToken);
        return ElsaJson.Ok(new { items = page.Items.Select(InstanceShape.Of), totalCount = page.Total });
    }

    private static async Task<IResult> FindAsync(string id, InstanceReader instances, CancellationToken cancellationToken) =>
        await instances.InstanceAsync(id, cancellationToken) is { } instance ? ElsaJson.Ok(instance) : ElsaRequest.NoSuchInstance(id);

    /// <summary>What Studio asks every few seconds when it has no live connection. Client and server name the second field differently.</summary>
    private static async Task<IResult> StateAsync(string id, InstanceReader instances, CancellationToken cancellationToken)
    {
        if (await instances.HeadAsync(id, cancellationToken) is not { } run)
        {
            return ElsaRequest.NoSuchInstance(id);
        }

        var subStatus = InstanceWords.SubStatus(run.Status);
        return ElsaJson.Ok(new { status = InstanceWords.Status(run.Status), subStatus, workflowSubStatus = subStatus, updatedAt = await instances.UpdatedAtAsync(run, cancellationToken) });
    }

    private static async Task<IResult> FilteredJournalAsync(string id, HttpRequest request, InstanceReader instances, IRunReader reader, CancellationToken cancellationToken)
    {
        var (body, refusal) = await ElsaRequest.BodyAsync(request, cancellationToken);
        return refusal ?? await JournalAsync(id, body["filter"] as JsonObject, request, instances, reader, cancellationToken);
    }

    private static async Task<IResult> JournalAsync(string id, JsonObject? filter, HttpRequest request, InstanceReader instances, IRunReader reader, CancellationToken cancellationToken)
    {
        if (await instances.HeadAsync(id, cancellationToken) is not { } run)
        {
            return ElsaRequest.NoSuchInstance(id);
        }

        var definition = await instances.DefinitionAsync(run, cancellationToken);
        var query = JournalFilters.Of(filter, definition, ElsaRequest.Number(request, "skip", 0), ElsaRequest.Number(request, "take", JournalPage));
        var page = await reader.JournalPageAsync(run.Id, query, cancellationToken);
        return ElsaJson.Ok(new { items = page.Items.Select(e => JournalRecord.Of(run, definition, e)), totalCount = page.Total });
    }

    private static async Task<IResult> VariablesAsync(string id, InstanceReader instances, CancellationToken cancellationToken)
    {
        if (await instances.HeadAsync(id, cancellationToken) is not { } run)
        {
            return ElsaRequest.NoSuchInstance(id);
        }

        var definition = await instances.DefinitionAsync(run, cancellationToken);
        var items = run.Variables.Select(v => new { id = v.Key, name = definition?.Variables.FirstOrDefault(d => string.Equals(d.Id, v.Key, StringComparison.Ordinal))?.Name ?? v.Key, value = v.Value }).ToArray();
        return ElsaJson.Ok(new { items, count = items.Length });
    }

    private static IResult RefuseVariables(string id) => ElsaRefusal.Of(
        $"The variables of run {id} are what its steps have made of them, and its history says how. They can't be set from outside; retry a failed step with other inputs, or restart the run: POST /api/runs/{id}:retry, POST /api/runs/{id}:restart.");
}
