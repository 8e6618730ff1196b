using System.Globalization;
using System.Text.Json.Nodes;
using Runbooks.Server.Access;
using Runbooks.Server.Library;
using Runbooks.Server.Views;
using Runbooks.Workflows.Library;
using Runbooks.Workflows.Library.Forms;

namespace Runbooks.Server.Api;

/// <summary>Versions of runbooks: what there is, what differs, and what people do to them.</summary>
internal static class VersionEndpoints
{
    private const int MostEntries = 1000;

    public static void MapVersions(this IEndpointRouteBuilder routes)
    {
        var runbooks = routes.MapGroup("/api/runbooks").WithTags("Versions of runbooks");
        _ = runbooks.MapGet("/{id}/versions", async (string id, VersionDesk desk, CancellationToken cancellationToken) =>
                await desk.VersionsAsync(id, cancellationToken) is { } view ? Results.Json(view, ViewJson.Options) : Unknown(id))
            .WithName("ListVersions").WithSummary("All versions of a runbook, newest first, the draft included.")
            .Produces<RunbookVersionsView>().ProducesProblem(StatusCodes.Status404NotFound);
        _ = runbooks.MapGet("/{id}/definition", DefinitionAsync)
            .WithName("GetDefinition").WithSummary($"A version as a file: the same content is always the same text. 'version' is {VersionDesk.Words}; the latest when it is not given.")
            .ProducesProblem(StatusCodes.Status404NotFound);
        _ = runbooks.MapGet("/{id}/diff", DiffAsync)
            .WithName("DiffVersions").WithSummary($"What differs between two versions; 'from' and 'to' are {VersionDesk.Words}.")
            .Produces<DiffView>().ProducesProblem(StatusCodes.Status404NotFound);
        _ = runbooks.MapGet("/{id}/history", async (string id, int? limit, IRunbookLibrary library, CancellationToken cancellationToken) =>
                Results.Json(await library.HistoryAsync(id, Math.Clamp(limit ?? 100, 1, MostEntries), cancellationToken), ViewJson.Options))
            .WithName("RunbookHistory").WithSummary("What people did to a runbook, newest first; also of one that was deleted.")
            .Produces<IReadOnlyList<LibraryEntry>>();
        _ = routes.MapGet("/api/library", ListAsync).WithTags("Versions of runbooks")
            .WithName("ListLibrary").WithSummary("The latest version of each runbook, drafts included, and the published one.");

        Verb("publish", Permission.Publish, "Publishes the draft, or the version that was retracted.", (editor, id, _, who, token) => editor.PublishAsync(id, who, token));
        Verb("retract", Permission.Publish, "Lets no version be started any more; runs go on.", (editor, id, _, who, token) => editor.RetractAsync(id, who, token));
        Verb("restore", Permission.Publish, "Publishes what was shipped over what people have made of it.", (editor, id, _, who, token) => editor.RestoreAsync(id, who, token));
        Verb("delete", Permission.Publish, "Takes a runbook out of every list; refused while runs are open or others use it.", (editor, id, _, who, token) => editor.DeleteAsync(id, who, token));
        Verb("revert", Permission.Edit, "Copies the version that 'version' names into the draft.", (editor, id, version, who, token) => editor.RevertAsync(new VersionId(id, version ?? 0), who, token));
        Verb("discard", Permission.Edit, "Throws the draft away; 'version' is its number.", (editor, id, version, who, token) => editor.DeleteVersionAsync(new VersionId(id, version ?? 0), who, token));
        _ = routes.MapPost("/api/runbooks:import", ImportAsync).WithTags("Versions of runbooks")
            .WithName("ImportRunbooks").WithSummary("Brings definitions in as drafts: all of them, or none.")
            .Accepts<ImportBody>("application/json").ProducesProblem(StatusCodes.Status400BadRequest).ProducesProblem(StatusCodes.Status403Forbidden);

        void Verb(string verb, Permission permission, string summary, Func<RunbookEditor, string, int?, Editor, CancellationToken, Task<EditAnswer>> act) =>
            _ = runbooks.MapPost($"/{{id}}:{verb}", (string id, HttpRequest request, RunbookEditor editor, People people, CancellationToken cancellationToken) =>
                    DoAsync(id, request, people, permission, (version, who) => act(editor, id, version, who, cancellationToken), cancellationToken))
                .WithName($"{verb}Runbook").WithSummary(summary)
                .Accepts<VersionBody>("application/json").Produces<VersionView>()
                .ProducesProblem(StatusCodes.Status400BadRequest).ProducesProblem(StatusCodes.Status403Forbidden).ProducesProblem(StatusCodes.Status409Conflict);
    }

    private static async Task<IResult> ListAsync(IRunbookLibrary library, CancellationToken cancellationToken) =>
        Results.Json(
            (await library.ListCurrentAsync(cancellationToken)).GroupBy(v => v.DefinitionId, StringComparer.Ordinal).Select(g => new
            {
                runbook = g.Key,
                name = RunbookOutline.Of(g.Last()).Name,
                latest = VersionView.Of(g.Last()),
                published = g.FirstOrDefault(v => v.State == VersionState.Published) is { } live ? VersionView.Of(live) : null,
            }),
            ViewJson.Options);

    private static async Task<IResult> DefinitionAsync(string id, string? version, VersionDesk desk, CancellationToken cancellationToken) =>
        await desk.FindAsync(id, version ?? "latest", cancellationToken) is { } found
            ? Results.Bytes(Elsa.Definitions.FileEndpoints.Text(ExportForm.Of(found, withVersion: false)), "application/json")
            : Unknown(id, version ?? "latest");

    private static async Task<IResult> DiffAsync(string id, string? from, string? to, VersionDesk desk, CancellationToken cancellationToken) =>
        await desk.DiffAsync(id, from ?? "published", to ?? "latest", cancellationToken) is { } view
            ? Results.Json(view, ViewJson.Options)
            : Unknown(id, $"{from ?? "published"}' or '{to ?? "latest"}");

    private static async Task<IResult> DoAsync(string id, HttpRequest request, People people, Permission permission, Func<int?, Editor, Task<EditAnswer>> act, CancellationToken cancellationToken)
    {
        var (body, problem) = await RequestBody.ReadAsync(request, ["actor", "reason", "version"], cancellationToken);
        if (body is null)
        {
            return problem!;
        }

        var person = people.Named(Caller.RequiredActor(request, body));
        var reason = body.RequiredText("reason");
        var version = body.Whole("version");
        if (body.Errors.Count > 0)
        {
            return Problems.Invalid(Problems.InvalidInput, "The request is not valid", body.Errors);
        }

        if (!person.May(permission))
        {
            return Problems.Lacks(person, permission);
        }

        return await act((int?)version, new Editor(person.Name, reason)) switch
        {
            EditAnswer.Done done => Results.Json(VersionView.Of(done.Version) with { Consumers = done.Consumers == ConsumersUpdate.None ? null : done.Consumers }, ViewJson.Options),
            EditAnswer.Refused refused => Problems.Of(StatusCodes.Status409Conflict, Problems.NotNow, $"'{id}' stays as it is", string.Join(" ", refused.Messages)),
            _ => throw new InvalidOperationException("Unknown answer."),
        };
    }

    private static async Task<IResult> ImportAsync(HttpRequest request, RunbookImport import, People people, CancellationToken cancellationToken)
    {
        var (body, problem) = await RequestBody.ReadAsync(request, ["actor", "reason", "files"], cancellationToken);
        if (body is null)
        {
            return problem!;
        }

        var person = people.Named(Caller.RequiredActor(request, body));
        var reason = body.Text("reason");
        var files = new List<ImportFile>();
        foreach (var file in body.Any("files") as JsonArray ?? [])
        {
            if (file is JsonObject sent && sent["name"] is JsonValue name && sent["json"] is JsonValue json)
            {
                files.Add(new ImportFile(name.ToString(), json.ToString()));
            }
            else
            {
                body.Refuse("files", "Each is an object with the texts 'name' and 'json'.");
            }
        }

        if (body.Errors.Count > 0)
        {
            return Problems.Invalid(Problems.InvalidInput, "The request is not valid", body.Errors);
        }

        if (!person.May(Permission.Edit))
        {
            return Problems.Lacks(person, Permission.Edit);
        }

        var answer = await import.ImportAsync(files, new Editor(person.Name, reason), cancellationToken);
        return answer.Problems.Count > 0
            ? Problems.Of(StatusCodes.Status400BadRequest, Problems.InvalidInput, "Nothing was imported", string.Join("\n", answer.Problems), new KeyValuePair<string, object?>("problems", answer.Problems))
            : Results.Json(new { changed = answer.Changed, versions = answer.Versions.Select(v => new { runbook = v.DefinitionId, version = v.Version, state = v.State }) }, ViewJson.Options);
    }

    private static IResult Unknown(string id, string? version = null) => Problems.Of(
        StatusCodes.Status404NotFound,
        Problems.UnknownRunbook,
        "No such version",
        version is null ? $"There is no runbook '{id}'. GET /api/library lists them." : string.Create(CultureInfo.InvariantCulture, $"There is no version '{version}' of a runbook '{id}'; a version is {VersionDesk.Words}. GET /api/runbooks/{id}/versions lists them."));
}

/// <summary>Body of what somebody does to a runbook.</summary>
internal sealed record VersionBody(string Actor, string Reason, int? Version);

/// <summary>Body of an import.</summary>
internal sealed record ImportBody(string Actor, string? Reason, IReadOnlyList<ImportFile> Files);
