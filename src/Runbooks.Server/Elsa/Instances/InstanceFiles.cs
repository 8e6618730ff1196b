using System.IO.Compression;
using System.Net.Mime;
using System.Text.Json;
using Runbooks.Workflows.Journal;

namespace Runbooks.Server.Elsa.Instances;

/// <summary>Instances as files. They go out, for whoever looks into them elsewhere; nothing comes in, because history is made by what happened.</summary>
internal static class InstanceFiles
{
    private const int MostAtOnce = 100;
    private const int MostEntries = 10_000;

    public static void MapInstanceFiles(this RouteGroupBuilder api)
    {
        _ = api.MapGet("/workflow-instances/{id}/export", ExportAsync);
        _ = api.MapPost("/bulk-actions/export/workflow-instances", ExportManyAsync);
        _ = api.MapPost("/bulk-actions/import/workflow-instances", () => ElsaRefusal.Of(
            "Instances can't be imported: the history of a run is what happened here, and nothing else may come into it. Start the runbook instead."));
    }

    private static async Task<IResult> ExportAsync(string id, InstanceReader instances, IRunStore store, CancellationToken cancellationToken) =>
        await ExportedAsync(id, instances, store, cancellationToken) is { } exported
            ? Results.File(exported, MediaTypeNames.Application.Json, $"workflow-instance-{id}.json")
            : ElsaRequest.NoSuchInstance(id);

    private static async Task<IResult> ExportManyAsync(HttpRequest request, InstanceReader instances, IRunStore store, CancellationToken cancellationToken)
    {
        var (body, refusal) = await ElsaRequest.BodyAsync(request, cancellationToken);
        if (refusal is not null)
        {
            return refusal;
        }

        var ids = JournalFilters.Texts(body, "ids").Distinct(StringComparer.Ordinal).ToArray();
        if (ids.Length is 0 or > MostAtOnce)
        {
            return ElsaRefusal.Of($"'ids' holds {ids.Length} instances; it can hold 1 to {MostAtOnce}.");
        }

        using var file = new MemoryStream();
        await using (var zip = new ZipArchive(file, ZipArchiveMode.Create, leaveOpen: true))
        {
            foreach (var id in ids)
            {
                if (await ExportedAsync(id, instances, store, cancellationToken) is { } exported)
                {
                    await using var entry = await zip.CreateEntry($"workflow-instance-{id}.json").OpenAsync(cancellationToken);
                    await entry.WriteAsync(exported, cancellationToken);
                }
            }
        }

        return Results.File(file.ToArray(), MediaTypeNames.Application.Zip, "workflow-instances.zip");
    }

    private static async Task<byte[]?> ExportedAsync(string id, InstanceReader instances, IRunStore store, CancellationToken cancellationToken)
    {
        if (await instances.FactsAsync(id, cancellationToken) is not { } facts)
        {
            return null;
        }

        var journal = await store.JournalAsync(facts.Run.Id, 0, MostEntries, cancellationToken);
        return JsonSerializer.SerializeToUtf8Bytes(
            new
            {
                workflowState = InstanceShape.Of(facts, journal.Count > 0 ? journal[^1].At : facts.Run.CreatedAt).WorkflowState,
                bookmarks = facts.Bookmarks,
                activityExecutionRecords = facts.Steps.Select(s => StepRecord.Of(facts, s)),
                workflowExecutionLogRecords = journal.Select(e => JournalRecord.Of(facts.Run, facts.Facts.Definition, e)),
            },
            ElsaJson.Options);
    }
}
