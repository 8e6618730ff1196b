using System.Globalization;
using System.Text.Json.Nodes;
using Runbooks.Server.Access;
using Runbooks.Workflows.Library;

namespace Runbooks.Server.Elsa.Definitions;

/// <summary>Changes definitions for Studio. Whatever is refused is refused as Studio can show it.</summary>
internal static class ChangeEndpoints
{
    public static void MapChanges(this RouteGroupBuilder api)
    {
        _ = api.MapPost("/workflow-definitions", SaveAsync);
        _ = api.MapPost("/workflow-definitions/{definitionId}/publish", PublishAsync);
        _ = api.MapPost("/workflow-definitions/{definitionId}/retract", RetractAsync);
        _ = api.MapPost("/workflow-definitions/{definitionId}/revert/{version:int}", RevertAsync);
        _ = api.MapPost("/workflow-definitions/{definitionId}/update-references", UpdateReferencesAsync);
        _ = api.MapDelete("/workflow-definitions/{definitionId}", DeleteAsync);
        _ = api.MapDelete("/workflow-definition-versions/{id}", DeleteVersionAsync);
    }

    public static Editor EditorOf(Person person) => new(person.Name);

    private static async Task<IResult> SaveAsync(HttpRequest request, RunbookEditor editor, DefinitionViews views, People people, CancellationToken cancellationToken)
    {
        var person = people.Of(request);
        if (!person.May(Permission.Edit))
        {
            return ElsaRefusal.Of(person.Lacks(Permission.Edit));
        }

        var (body, problem) = await ElsaBody.ReadAsync(request, cancellationToken);
        if (problem is not null)
        {
            return problem;
        }

        if (body["model"] is not JsonObject model)
        {
            return ElsaRefusal.Of("'model' is missing: it is the definition.");
        }

        var publish = body.Flag("publish");
        if (publish && !person.May(Permission.Publish))
        {
            return ElsaRefusal.Of(person.Lacks(Permission.Publish));
        }

        var saved = await editor.SaveAsync(model, publish, EditorOf(person), cancellationToken);
        return saved is EditAnswer.Done done && publish
            ? Answer(await editor.PublishAsync(done.Version.DefinitionId, EditorOf(person), cancellationToken), person, views, publish)
            : Answer(saved, person, views, publish);
    }

    private static async Task<IResult> PublishAsync(string definitionId, HttpRequest request, RunbookEditor editor, DefinitionViews views, People people, CancellationToken cancellationToken) =>
        people.Of(request) is var person && person.May(Permission.Publish)
            ? Answer(await editor.PublishAsync(definitionId, EditorOf(person), cancellationToken), person, views, publish: true)
            : ElsaRefusal.Of(person.Lacks(Permission.Publish));

    private static async Task<IResult> RetractAsync(string definitionId, HttpRequest request, RunbookEditor editor, DefinitionViews views, People people, CancellationToken cancellationToken) =>
        people.Of(request) is var person && person.May(Permission.Publish)
            ? Of(await editor.RetractAsync(definitionId, EditorOf(person), cancellationToken), done => ElsaJson.Ok(views.Definition(done.Version, person)))
            : ElsaRefusal.Of(person.Lacks(Permission.Publish));

    private static async Task<IResult> RevertAsync(string definitionId, int version, HttpRequest request, RunbookEditor editor, People people, CancellationToken cancellationToken) =>
        people.Of(request) is var person && person.May(Permission.Edit)
            ? Of(
                await editor.RevertAsync(new VersionId(definitionId, version), EditorOf(person), cancellationToken),
                done => Results.Json(DefinitionViews.Summary(done.Version, RunbookOutline.Of(done.Version), person), ElsaJson.Options, statusCode: StatusCodes.Status201Created))
            : ElsaRefusal.Of(person.Lacks(Permission.Edit));

    private static async Task<IResult> UpdateReferencesAsync(string definitionId, HttpRequest request, RunbookEditor editor, People people, CancellationToken cancellationToken) =>
        people.Of(request) is var person && person.May(Permission.Publish)
            ? Updated(await editor.UpdateReferencesAsync(definitionId, EditorOf(person), cancellationToken))
            : ElsaRefusal.Of(person.Lacks(Permission.Publish));

    private static async Task<IResult> DeleteAsync(string definitionId, HttpRequest request, RunbookEditor editor, People people, CancellationToken cancellationToken) =>
        people.Of(request) is var person && person.May(Permission.Publish)
            ? Of(await editor.DeleteAsync(definitionId, EditorOf(person), cancellationToken), _ => Results.NoContent())
            : ElsaRefusal.Of(person.Lacks(Permission.Publish));

    private static async Task<IResult> DeleteVersionAsync(string id, HttpRequest request, RunbookEditor editor, People people, CancellationToken cancellationToken)
    {
        var person = people.Of(request);
        return !person.May(Permission.Edit) ? ElsaRefusal.Of(person.Lacks(Permission.Edit))
            : VersionId.TryParse(id, out var version) ? Of(await editor.DeleteVersionAsync(version, EditorOf(person), cancellationToken), _ => Results.NoContent())
            : ElsaRefusal.Of($"'{id}' is not the id of a version, such as 'migrate-vm.3'.");
    }

    /// <summary>A toast names who was not updated, and who was.</summary>
    private static IResult Updated(ConsumersUpdate update) =>
        update.NotUpdated.Count > 0 ? ElsaRefusal.Of(update.Complaint()) : ElsaJson.Ok(new { affectedWorkflows = update.Updated });

    private static IResult Answer(EditAnswer answer, Person person, DefinitionViews views, bool publish) => Of(answer, done => ElsaJson.Ok(new JsonObject
    {
        ["workflowDefinition"] = views.Definition(done.Version, person),
        ["alreadyPublished"] = publish && !done.Changed,
        ["consumingWorkflowCount"] = done.Consumers.Updated.Count,
        ["validationErrors"] = new JsonArray([.. done.Consumers.NotUpdated.Select(n => new JsonObject { ["message"] = n })]),
    }));

    private static IResult Of(EditAnswer answer, Func<EditAnswer.Done, IResult> result) => answer switch
    {
        EditAnswer.Done done => result(done),
        EditAnswer.Refused refused => ElsaRefusal.Of(refused.Messages),
        _ => throw new InvalidOperationException(string.Create(CultureInfo.InvariantCulture, $"Unknown answer {answer}.")),
    };
}
