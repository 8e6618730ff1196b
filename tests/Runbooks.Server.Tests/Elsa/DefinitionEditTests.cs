using System.Net;
using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;
using Runbooks.Server.Tests.Fixture;
using Runbooks.Workflows.Definitions;

namespace Runbooks.Server.Tests.Elsa;

/// <summary>Create, save, publish, retract and delete, as the designer does it.</summary>
[Collection(ServerCollection.Name)]
public sealed class DefinitionEditTests(ServerUnderTest server)
{
    private readonly Studio publisher = new(server, "paul");
    private readonly Studio editor = new(server, "edda");

    private DefinitionCatalog Catalog => server.Services.GetRequiredService<DefinitionCatalog>();

    [Fact]
    public async Task A_new_runbook_gets_an_id_from_its_name_and_another_of_that_name_a_number()
    {
        var first = await editor.CreatedAsync("Évacuate  the Host!");
        var second = await editor.CreatedAsync("Évacuate  the Host!");

        Assert.Equal(("évacuate-the-host", "évacuate-the-host-2"), (first["definitionId"]!.ToString(), second["definitionId"]!.ToString()));
        Assert.Equal(("évacuate-the-host.1", 1, true, false), (first["id"]!.ToString(), first["version"]!.GetValue<int>(), first["isLatest"]!.GetValue<bool>(), first["isPublished"]!.GetValue<bool>()));
        Assert.Equal("Workflow1:Flowchart1:line", first["root"]!["activities"]![1]!["nodeId"]!.ToString());
        Assert.Null(Catalog.Latest("évacuate-the-host"));
    }

    [Fact]
    public async Task A_save_is_a_draft_until_it_is_published_and_then_it_is_what_is_started()
    {
        var draft = await editor.CreatedAsync("Draft first");
        draft["description"] = "better";
        draft = await editor.SavedAsync(draft);
        Assert.Null(Catalog.Latest("draft-first"));

        var (status, body) = await publisher.SaveAsync(draft, publish: true);

        Assert.Equal(HttpStatusCode.OK, status);
        Assert.False(body!["alreadyPublished"]!.GetValue<bool>());
        Assert.True(body["workflowDefinition"]!["isPublished"]!.GetValue<bool>());
        Assert.Equal(("better", 1), Catalog.Latest("draft-first") is { } live ? (live.Description, live.Version) : default);
        Assert.True((await publisher.SaveAsync(body["workflowDefinition"]!, publish: true)).Body!["alreadyPublished"]!.GetValue<bool>());
        var run = await server.StartAsync("draft-first", actor: "anna");
        await server.WaitAsync(run, r => r["status"]!.ToString() == "finished");
    }

    [Fact]
    public async Task What_the_designer_writes_in_passing_makes_no_draft()
    {
        var definition = await editor.LatestAsync("migrate-vm");
        var rewritten = Rewritten(definition);

        var saved = await editor.SavedAsync(rewritten);

        Assert.Equal(("migrate-vm.1", true), (saved["id"]!.ToString(), saved["isPublished"]!.GetValue<bool>()));
    }

    [Fact]
    public async Task The_second_of_two_who_edit_at_once_is_told_and_nothing_is_lost()
    {
        var first = await editor.CreatedAsync("Two at once");
        var second = await new Studio(server, "paul").LatestAsync("two-at-once");
        first["description"] = "edda was here";
        _ = await editor.SavedAsync(first);
        second["description"] = "paul too";

        var (status, body) = await publisher.SaveAsync(second);
        var (published, publishBody) = await publisher.SaveAsync(second, publish: true);

        Assert.Equal((HttpStatusCode.BadRequest, HttpStatusCode.BadRequest), (status, published));
        Assert.Contains("was changed by edda", Studio.Toast(body), StringComparison.Ordinal);
        Assert.Contains("was changed by edda", Studio.Toast(publishBody), StringComparison.Ordinal);
        Assert.Equal("edda was here", (await editor.LatestAsync("two-at-once"))["description"]!.ToString());
    }

    [Fact]
    public async Task A_definition_that_cannot_run_is_not_published_and_the_activity_is_named_as_it_is_on_the_canvas()
    {
        var draft = await publisher.CreatedAsync("Can not run");
        draft["root"]!["activities"]![1]!["text"]!["expression"] = JsonNode.Parse("""{ "type": "Liquid", "value": "x" }""");

        var (status, body) = await publisher.SaveAsync(draft, publish: true);

        Assert.Equal(HttpStatusCode.BadRequest, status);
        Assert.StartsWith("Say it (line): ", Studio.Toast(body), StringComparison.Ordinal);

        // What the designer still has before it can be saved: nothing was saved behind its back.
        var saved = await publisher.SavedAsync(draft);
        Assert.Equal(HttpStatusCode.BadRequest, (await publisher.PostAsync("/workflow-definitions/can-not-run/publish")).Status);
        Assert.False(saved["isPublished"]!.GetValue<bool>());
    }

    [Fact]
    public async Task Each_verb_takes_its_role()
    {
        var reader = new Studio(server, "anna");
        var draft = await editor.CreatedAsync("For roles");
        draft["description"] = "changed";

        (string Who, Studio As, HttpMethod Method, string Path, JsonNode? Body)[] forbidden =
        [
            ("anna", reader, HttpMethod.Post, "/workflow-definitions", new JsonObject { ["model"] = draft.DeepClone(), ["publish"] = false }),
            ("edda", editor, HttpMethod.Post, "/workflow-definitions", new JsonObject { ["model"] = draft.DeepClone(), ["publish"] = true }),
            ("edda", editor, HttpMethod.Post, "/workflow-definitions/for-roles/publish", null),
            ("edda", editor, HttpMethod.Post, "/workflow-definitions/migrate-vm/retract", null),
            ("edda", editor, HttpMethod.Post, "/workflow-definitions/migrate-vm/update-references", null),
            ("edda", editor, HttpMethod.Delete, "/workflow-definitions/for-roles", null),
            ("anna", reader, HttpMethod.Delete, "/workflow-definition-versions/for-roles.1", null),
            ("anna", reader, HttpMethod.Post, "/workflow-definitions/migrate-vm/revert/1", null),
            ("anna", reader, HttpMethod.Post, "/workflow-definitions/import", draft.DeepClone()),
            ("edda", editor, HttpMethod.Post, "/bulk-actions/publish/workflow-definitions/by-definition-ids", new JsonObject { ["definitionIds"] = new JsonArray("for-roles") }),
        ];
        foreach (var (who, person, method, path, body) in forbidden)
        {
            var (status, answer) = await person.PostAsync(path, body, method);

            Assert.True(status == HttpStatusCode.BadRequest, $"{who} {path}: {status}");
            Assert.Contains($"{who} may not do this", Studio.Toast(answer), StringComparison.Ordinal);
        }

        Assert.Equal("", (await editor.LatestAsync("for-roles"))["description"]!.ToString());
    }

    [Fact]
    public async Task A_retracted_runbook_cannot_be_started_until_it_is_published_again()
    {
        _ = await publisher.CreatedAsync("Take back", publish: true);

        var (status, retracted) = await publisher.PostAsync("/workflow-definitions/take-back/retract");

        Assert.Equal((HttpStatusCode.OK, false), (status, retracted!["isPublished"]!.GetValue<bool>()));
        Assert.Null(Catalog.Latest("take-back"));
        Assert.Equal(HttpStatusCode.BadRequest, (await server.PostAsync("/api/runs", """{"runbook":"take-back"}""")).Answer.StatusCode);
        var (_, again) = await publisher.PostAsync("/workflow-definitions/take-back/publish");
        Assert.Equal(("take-back.1", false), (again!["workflowDefinition"]!["id"]!.ToString(), again["alreadyPublished"]!.GetValue<bool>()));
        Assert.Equal(1, Catalog.Latest("take-back")?.Version);
    }

    [Fact]
    public async Task An_older_version_comes_back_as_a_draft_and_only_drafts_are_deleted()
    {
        var one = await publisher.CreatedAsync("Back and forth", publish: true);
        one["description"] = "second";
        _ = await publisher.SavedAsync(one, publish: true);

        var (status, draft) = await editor.PostAsync("/workflow-definitions/back-and-forth/revert/1");
        Assert.Equal((HttpStatusCode.Created, "back-and-forth.3"), (status, draft!["id"]!.ToString()));
        Assert.Equal("", (await editor.LatestAsync("back-and-forth"))["description"]!.ToString());

        var (refused, why) = await editor.PostAsync("/workflow-definition-versions/back-and-forth.1", null, HttpMethod.Delete);
        Assert.Equal(HttpStatusCode.BadRequest, refused);
        Assert.Contains("was published, so it can't be deleted", Studio.Toast(why), StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.NoContent, (await editor.PostAsync("/workflow-definition-versions/back-and-forth.3", null, HttpMethod.Delete)).Status);
        Assert.Equal("back-and-forth.2", (await editor.LatestAsync("back-and-forth"))["id"]!.ToString());
    }

    [Fact]
    public async Task A_runbook_with_open_runs_or_that_others_use_is_not_deleted()
    {
        var run = await server.StartAsync("wait", """{"Note":"x"}""", "anna");
        var (open, openWhy) = await publisher.PostAsync("/workflow-definitions/wait", null, HttpMethod.Delete);
        var (used, usedWhy) = await publisher.PostAsync("/workflow-definitions/ask", null, HttpMethod.Delete);
        _ = await server.OrderAsync(run, "cancel");

        Assert.Equal((HttpStatusCode.BadRequest, HttpStatusCode.BadRequest), (open, used));
        Assert.Contains(run, Studio.Toast(openWhy), StringComparison.Ordinal);
        Assert.Contains("ask-as-part", Studio.Toast(usedWhy), StringComparison.Ordinal);
        Assert.Equal(["ask-as-part"], (await editor.GetAsync("/workflow-definitions/ask/consumers"))["consumingWorkflowDefinitionIds"]!.AsArray().Select(c => c!.ToString()));

        _ = await publisher.CreatedAsync("Not needed", publish: true);
        Assert.Equal(HttpStatusCode.NoContent, (await publisher.PostAsync("/workflow-definitions/not-needed", null, HttpMethod.Delete)).Status);
        Assert.Null(Catalog.Latest("not-needed"));
    }

    [Fact]
    public async Task Bulk_actions_say_what_became_of_each()
    {
        _ = await publisher.CreatedAsync("Bulk one");
        var broken = await publisher.CreatedAsync("Bulk broken");
        broken["root"]!["activities"]![1]!["type"] = "Elsa.SendSmokeSignal";
        _ = await publisher.SavedAsync(broken);
        var ids = new JsonObject { ["definitionIds"] = new JsonArray("bulk-one", "bulk-broken", "migrate-vm", "nobody") };

        var (_, published) = await publisher.PostAsync("/bulk-actions/publish/workflow-definitions/by-definition-ids", ids);
        var (_, retracted) = await publisher.PostAsync("/bulk-actions/retract/workflow-definitions/by-definition-ids", new JsonObject { ["definitionIds"] = new JsonArray("bulk-one", "bulk-broken") });
        var (_, deleted) = await publisher.PostAsync("/bulk-actions/delete/workflow-definitions/by-definition-id", new JsonObject { ["definitionIds"] = new JsonArray("bulk-one", "bulk-broken") });

        Assert.Equal("""[["bulk-one"],["migrate-vm"],["nobody"],["bulk-broken"]]""", new JsonArray(published!["published"]!.DeepClone(), published["alreadyPublished"]!.DeepClone(), published["notFound"]!.DeepClone(), published["failed"]!.DeepClone()).ToJsonString());
        Assert.Contains("SendSmokeSignal", published["warnings"]!["bulk-broken"]!.ToJsonString(), StringComparison.Ordinal);
        Assert.Equal(("""["bulk-one"]""", """["bulk-broken"]"""), (retracted!["retracted"]!.ToJsonString(), retracted["alreadyRetracted"]!.ToJsonString()));
        Assert.Equal(2, deleted!["deleted"]!.GetValue<int>());
    }

    [Fact]
    public async Task An_activity_that_nobody_knows_is_a_placeholder_and_comes_back_as_it_was()
    {
        var draft = await editor.CreatedAsync("Unknown inside");
        var odd = JsonNode.Parse("""{ "id": "odd", "type": "Acme.Teleport", "version": 2, "name": "Teleport1", "metadata": { "displayText": "Beam", "designer": { "position": { "x": 1, "y": 2 } } }, "Strange": { "A": [1, null] }, "to": { "typeName": "String", "expression": { "type": "Acme", "value": { "Deep": true } } } }""")!;
        var root = draft["root"]!;
        root["activities"]!.AsArray().Add(odd.DeepClone());
        root["connections"]!.AsArray().Add(JsonNode.Parse("""{ "source": { "activity": "odd", "port": "Beamed" }, "target": { "activity": "line", "port": "In" } }"""));

        var shown = await editor.SavedAsync(draft);
        var placeholder = shown["root"]!["activities"]!.AsArray().Single(a => a!["id"]!.ToString() == "odd")!;
        placeholder["metadata"]!["designer"]!["position"]!["x"] = 50;
        var again = await editor.SavedAsync(shown);
        var file = await editor.GetAsync("/workflow-definitions/unknown-inside/export");

        Assert.Equal(("Elsa.NotFoundActivity", "Acme.Teleport", "Not Found: Acme.Teleport"), (placeholder["type"]!.ToString(), placeholder["missingTypeName"]!.ToString(), placeholder["metadata"]!["displayText"]!.ToString()));
        Assert.Single(shown["root"]!["connections"]!.AsArray());
        Assert.Single(shown["root"]!["customProperties"]!["notFoundConnections"]!.AsArray());
        Assert.Equal(2, again["customProperties"]!["runbooks:revision"]!.GetValue<long>() - draft["customProperties"]!["runbooks:revision"]!.GetValue<long>());
        var kept = file["root"]!["activities"]!.AsArray().Single(a => a!["id"]!.ToString() == "odd")!.AsObject();
        Assert.Equal(50, kept["metadata"]!["designer"]!["position"]!["x"]!.GetValue<int>());
        _ = kept.Remove("nodeId");
        odd["metadata"]!["designer"]!["position"]!["x"] = 50;
        Assert.True(JsonNode.DeepEquals(odd, kept), kept.ToJsonString());
        Assert.Equal(2, file["root"]!["connections"]!.AsArray().Count);
        Assert.Contains("Beam (odd): Type 'Acme.Teleport' is not known here", Studio.Toast((await publisher.SaveAsync(again, publish: true)).Body), StringComparison.Ordinal);
    }

    /// <summary>As the designer sends it back: fields in another order, sizes measured, empty references added.</summary>
    internal static JsonNode Rewritten(JsonNode node)
    {
        switch (node)
        {
            case JsonObject json:
                var result = new JsonObject();
                foreach (var (key, value) in json.Reverse())
                {
                    result[key] = value is null ? null : key is "value" or "customProperties" ? value.DeepClone() : Rewritten(value);
                }

                if (json["expression"] is JsonObject)
                {
                    result["memoryReference"] = null;
                }

                if (json["position"] is JsonObject)
                {
                    result["size"] = new JsonObject { ["width"] = 231.5, ["height"] = 62 };
                }

                return result;
            case JsonArray list:
                return new JsonArray([.. list.Select(i => i is null ? null : Rewritten(i))]);
            default:
                return node.DeepClone();
        }
    }
}
