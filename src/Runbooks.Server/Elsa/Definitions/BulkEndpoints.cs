using System.Text.Json.Nodes;
using Runbooks.Server.Access;
using Runbooks.Workflows.Library;

namespace Runbooks.Server.Elsa.Definitions;

/// <summary>Studio's actions on many definitions: each is done by itself, and what was not done is named.</summary>
internal static class BulkEndpoints
{
    public static void MapBulkActions(this RouteGroupBuilder api)
    {
        _ = api.MapPost("/bulk-actions/publish/workflow-definitions/by-definition-ids", PublishAsync);
        _ = api.MapPost("/bulk-actions/retract/workflow-definitions/by-definition-ids", RetractAsync);
        _ = api.MapPost("/bulk-actions/delete/workflow-definitions/by-definition-id", DeleteAsync);
        _ = api.MapPost("/bulk-actions/delete/workflow-definitions/by-id", DeleteVersionsAsync);
    }

    private static Task<IResult> PublishAsync(HttpRequest request, IRunbookLibrary library, RunbookEditor editor, People people, CancellationToken cancellationToken) =>
        DoAsync(request, people, "definitionIds", async (ids, who) =>
        {
            var done = await EachAsync(ids, library, id => editor.PublishAsync(id, who, cancellationToken), cancellationToken);
            return ElsaJson.Ok(new JsonObject
            {
                ["published"] = List(done.Changed),
                ["alreadyPublished"] = List(done.Unchanged),
                ["notFound"] = List(done.NotFound),
                ["skipped"] = new JsonArray(),
                ["updatedConsumers"] = List(done.UpdatedConsumers),
                ["failed"] = List(done.Refused.Keys),
                ["warnings"] = new JsonObject(done.Refused.Concat(done.Behind).Select(r => KeyValuePair.Create(r.Key, (JsonNode?)List(r.Value)))),
            });
        }, cancellationToken);

    private static Task<IResult> RetractAsync(HttpRequest request, IRunbookLibrary library, RunbookEditor editor, People people, CancellationToken cancellationToken) =>
        DoAsync(request, people, "definitionIds", async (ids, who) =>
        {
            var done = await EachAsync(ids, library, id => editor.RetractAsync(id, who, cancellationToken), cancellationToken);
            return ElsaJson.Ok(new JsonObject { ["retracted"] = List(done.Changed), ["alreadyRetracted"] = List(done.Unchanged), ["notFound"] = List(done.NotFound), ["skipped"] = List(done.Refused.Keys) });
        }, cancellationToken);

    private static Task<IResult> DeleteAsync(HttpRequest request, IRunbookLibrary library, RunbookEditor editor, People people, CancellationToken cancellationToken) =>
        DoAsync(request, people, "definitionIds", async (ids, who) => Deleted(await EachAsync(ids, library, id => editor.DeleteAsync(id, who, cancellationToken), cancellationToken)), cancellationToken);

    private static Task<IResult> DeleteVersionsAsync(HttpRequest request, IRunbookLibrary library, RunbookEditor editor, People people, CancellationToken cancellationToken) =>
        DoAsync(request, people, "ids", async (ids, who) =>
        {
            var done = new Outcome();
            foreach (var id in ids)
            {
                if (VersionId.TryParse(id, out var version) && await library.FindAsync(version, cancellationToken) is not null)
                {
                    done.Note(id, await editor.DeleteVersionAsync(version, who, cancellationToken));
                }
            }

            return Deleted(done);
        }, cancellationToken);

    private static IResult Deleted(Outcome done) =>
        done.Refused.Count > 0 ? ElsaRefusal.Of(done.Refused.Values.SelectMany(m => m)) : ElsaJson.Ok(new { deleted = done.Changed.Count });

    private static async Task<IResult> DoAsync(HttpRequest request, People people, string field, Func<IReadOnlyList<string>, Editor, Task<IResult>> act, CancellationToken cancellationToken)
    {
        var person = people.Of(request);
        if (!person.May(Permission.Publish))
        {
            return ElsaRefusal.Of(person.Lacks(Permission.Publish));
        }

        var (body, problem) = await ElsaBody.ReadAsync(request, cancellationToken);
        return problem ?? await act(body.Texts(field), ChangeEndpoints.EditorOf(person));
    }

    private static async Task<Outcome> EachAsync(IReadOnlyList<string> ids, IRunbookLibrary library, Func<string, Task<EditAnswer>> act, CancellationToken cancellationToken)
    {
        var outcome = new Outcome();
        foreach (var id in ids)
        {
            if (await library.LatestAsync(id, cancellationToken) is null)
            {
                outcome.NotFound.Add(id);
            }
            else
            {
                outcome.Note(id, await act(id));
            }
        }

        return outcome;
    }

    private static JsonArray List(IEnumerable<string> texts) => [.. texts.Select(t => (JsonNode)t)];

    private sealed class Outcome
    {
        public List<string> Changed { get; } = [];

        public List<string> Unchanged { get; } = [];

        public List<string> NotFound { get; } = [];

        public SortedSet<string> UpdatedConsumers { get; } = new(StringComparer.Ordinal);

        /// <summary>What was done, and why runbooks that have it built in do not follow.</summary>
        public Dictionary<string, IReadOnlyList<string>> Behind { get; } = new(StringComparer.Ordinal);

        public Dictionary<string, IReadOnlyList<string>> Refused { get; } = new(StringComparer.Ordinal);

        public void Note(string id, EditAnswer answer)
        {
            switch (answer)
            {
                case EditAnswer.Done { Changed: true } done:
                    Changed.Add(id);
                    UpdatedConsumers.UnionWith(done.Consumers.Updated);
                    if (done.Consumers.NotUpdated.Count > 0)
                    {
                        Behind[id] = done.Consumers.Complaint();
                    }

                    break;
                case EditAnswer.Done:
                    Unchanged.Add(id);
                    break;
                case EditAnswer.Refused refused:
                    Refused[id] = refused.Messages;
                    break;
            }
        }
    }
}
