using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Runbooks.Server.Access;
using Runbooks.Workflows.Library;
using Runbooks.Workflows.Library.Forms;

namespace Runbooks.Server.Elsa.Definitions;

/// <summary>Export and import of definitions as files, as an Elsa server does it.</summary>
internal static class FileEndpoints
{
    private static readonly JsonSerializerOptions Readable = new() { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, NewLine = "\n" };

    public static void MapFiles(this RouteGroupBuilder api)
    {
        _ = api.MapGet("/workflow-definitions/{definitionId}/export", ExportAsync);
        _ = api.MapPost("/bulk-actions/export/workflow-definitions", ExportManyAsync);
        _ = api.MapPost("/workflow-definitions/import", ImportAsync);
        _ = api.MapPut("/workflow-definitions/{definitionId}/import", ImportAsync);
        _ = api.MapPost("/workflow-definitions/import-files", ImportFilesAsync).DisableAntiforgery();
    }

    /// <summary>The text of a file, with its last line ended.</summary>
    public static byte[] Text(JsonObject file) => [.. JsonSerializer.SerializeToUtf8Bytes(file, Readable), (byte)'\n'];

    private static async Task<IResult> ExportAsync(string definitionId, HttpRequest request, IRunbookLibrary library, RunbookEditor editor, CancellationToken cancellationToken)
    {
        var options = VersionOptions.Of(request, "Latest");
        if (await DefinitionEndpoints.FindAsync(library, definitionId, options, cancellationToken) is not { } version)
        {
            return DefinitionEndpoints.NotThere($"runbook '{definitionId}' in version '{options.Text}'");
        }

        return IncludesConsumers(request.Query["includeConsumingWorkflows"].ToString())
            ? await ZipAsync([version], library, editor, cancellationToken)
            : Results.File(Text(ExportForm.Of(version, withVersion: true)), "application/json", NameOf(version));
    }

    private static async Task<IResult> ExportManyAsync(HttpRequest request, IRunbookLibrary library, RunbookEditor editor, CancellationToken cancellationToken)
    {
        var (body, problem) = await ElsaBody.ReadAsync(request, cancellationToken);
        if (problem is not null)
        {
            return problem;
        }

        var versions = new List<RunbookVersion>();
        foreach (var id in body.Texts("ids"))
        {
            versions.AddRange(await DefinitionEndpoints.FindAsync(library, id, cancellationToken) is { } version ? [version] : []);
        }

        return versions.Count == 0 ? ElsaRefusal.Of("None of these versions is there; reload the list.")
            : body.Flag("includeConsumingWorkflows") ? await ZipAsync(versions, library, editor, cancellationToken)
            : Zip(versions);
    }

    private static async Task<IResult> ZipAsync(List<RunbookVersion> versions, IRunbookLibrary library, RunbookEditor editor, CancellationToken cancellationToken)
    {
        for (var at = 0; at < versions.Count; at++)
        {
            foreach (var consumer in editor.ConsumersOf(versions[at].DefinitionId).Where(c => versions.TrueForAll(v => v.DefinitionId != c)))
            {
                versions.AddRange(await library.LatestAsync(consumer, cancellationToken) is { } latest ? [latest] : []);
            }
        }

        return Zip(versions);
    }

    private static IResult Zip(IEnumerable<RunbookVersion> versions) =>
        Results.File(DefinitionArchive.Pack(versions.Select(v => (NameOf(v), Text(ExportForm.Of(v, withVersion: true))))), "application/zip", "workflow-definitions.zip");

    private static string NameOf(RunbookVersion version) =>
        $"workflow-definition-{RunbookId.Of(RunbookOutline.Of(version).Name, 1)}-{version.DefinitionId}-{version.Id}.json";

    private static bool IncludesConsumers(string text) => bool.TryParse(text, out var flag) && flag;

    private static async Task<IResult> ImportAsync(HttpRequest request, RunbookImport import, DefinitionViews views, People people, CancellationToken cancellationToken)
    {
        var person = people.Of(request);
        if (!person.May(Permission.Edit))
        {
            return ElsaRefusal.Of(person.Lacks(Permission.Edit));
        }

        if (!request.HasJsonContentType())
        {
            return ElsaRefusal.Of($"The content type is '{request.ContentType}'; send application/json.");
        }

        using var text = new StreamReader(request.Body);
        var answer = await import.ImportAsync([new ImportFile("The definition", await text.ReadToEndAsync(cancellationToken))], ChangeEndpoints.EditorOf(person), cancellationToken);
        return answer.Problems.Count > 0 ? ElsaRefusal.Of(answer.Problems) : ElsaJson.Ok(views.Definition(answer.Versions[0], person));
    }

    private static async Task<IResult> ImportFilesAsync(HttpRequest request, RunbookImport import, People people, CancellationToken cancellationToken)
    {
        var person = people.Of(request);
        if (!person.May(Permission.Edit))
        {
            return ElsaRefusal.Of(person.Lacks(Permission.Edit));
        }

        if (!request.HasFormContentType)
        {
            return ElsaRefusal.Of("Send the files as a form (multipart/form-data), in the field 'files'.");
        }

        var files = new List<ImportFile>();
        foreach (var sent in (await request.ReadFormAsync(cancellationToken)).Files)
        {
            await using var stream = sent.OpenReadStream();
            var (read, problem) = await DefinitionArchive.ReadAsync(sent.FileName, stream, cancellationToken);
            if (problem is not null)
            {
                return ElsaRefusal.Of(problem);
            }

            files.AddRange(read);
        }

        var answer = await import.ImportAsync(files, ChangeEndpoints.EditorOf(person), cancellationToken);
        return answer.Problems.Count > 0 ? ElsaRefusal.Of(answer.Problems) : ElsaJson.Ok(new { count = answer.Versions.Count });
    }
}
