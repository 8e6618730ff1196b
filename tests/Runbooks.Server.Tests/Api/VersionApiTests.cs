using System.Net;
using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;
using Runbooks.Server.Tests.Elsa;
using Runbooks.Server.Tests.Fixture;
using Runbooks.Workflows.Definitions;

namespace Runbooks.Server.Tests.Api;

/// <summary>Versions with who, when and why; and the shipped runbook beside somebody's own.</summary>
[Collection(ServerCollection.Name)]
public sealed class VersionApiTests(ServerUnderTest server)
{
    private readonly Studio publisher = new(server, "paul");

    [Fact]
    public async Task What_was_done_is_told_with_who_and_why_and_what_differs()
    {
        var one = await publisher.CreatedAsync("Told versions", publish: true);
        one["root"]!["activities"]![1]!["text"]!["expression"]!["value"] = "bye";
        _ = await publisher.SavedAsync(one);

        var (published, _) = await DoAsync("told-versions", "publish", "paul", "a better word");
        var versions = await server.GetAsync("/api/runbooks/told-versions/versions");
        var diff = await server.GetAsync("/api/runbooks/told-versions/diff?from=1&to=published");
        var history = (await server.GetAsync("/api/runbooks/told-versions/history")).AsArray();
        var page = await server.Http.GetStringAsync("/runbooks/told-versions/versions?from=1&to=2");

        Assert.Equal(HttpStatusCode.OK, published);
        Assert.Equal(["2 published paul a better word", "1 superseded paul "], versions["versions"]!.AsArray().Select(v => $"{v!["version"]} {v["state"]} {v["changedBy"]} {v["reason"]}"));
        Assert.Equal("""~ activity 'Say it' (Elsa.WriteLine, line): text: Literal "hello" → Literal "bye" """.Trim(), Assert.Single(diff["changes"]!.AsArray())!["text"]!.ToString());
        Assert.Equal(["Published", "Saved", "Published", "Saved", "Saved"], history.Select(h => h!["verb"]!.ToString()));
        Assert.Equal(("paul", "a better word"), (history[0]!["actor"]!.ToString(), history[0]!["reason"]!.ToString()));
        Assert.Equal(64, history[0]!["contentHash"]!.ToString().Length);
        Assert.Contains("a better word", page, StringComparison.Ordinal);
        Assert.Contains("/api/runbooks/told-versions:retract", page, StringComparison.Ordinal);
        Assert.Contains("class=\"changed", page, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_person_without_the_role_sees_no_button_and_is_refused()
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "/runbooks/wait/versions");
        request.Headers.Add("Runbooks-Actor", "anna");
        using var answer = await server.Http.SendAsync(request);
        var page = await answer.Content.ReadAsStringAsync();

        var (status, problem) = await DoAsync("wait", "retract", "anna", "x");

        Assert.Contains("published, as shipped", page, StringComparison.Ordinal);
        Assert.DoesNotContain("data-order", page, StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.Forbidden, status);
        Assert.Contains("'publisher'", problem["detail"]!.ToString(), StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.BadRequest, (await DoAsync("wait", "retract", "paul", null)).Status);
        Assert.Equal(HttpStatusCode.Conflict, (await DoAsync("wait", "discard", "paul", "x", 1)).Status);
        Assert.Equal(HttpStatusCode.NotFound, (await server.Http.GetAsync(new Uri("/runbooks/nothing/versions", UriKind.Relative))).StatusCode);
    }

    [Fact]
    public async Task A_shipped_runbook_that_somebody_has_changed_can_be_taken_back()
    {
        var catalog = server.Services.GetRequiredService<DefinitionCatalog>();
        var definition = await publisher.LatestAsync("listen");
        definition["description"] = "ours";
        _ = await publisher.SavedAsync(definition, publish: true);
        var versions = await server.GetAsync("/api/runbooks/listen/versions");

        // The server starts again, with the file as it was and then with a newer one.
        _ = await catalog.LoadAsync([("listen.json", TestRunbooks.Listen)], CancellationToken.None);
        var problems = await catalog.LoadAsync([("listen.json", TestRunbooks.Listen.Replace("open-door", "open-gate", StringComparison.Ordinal))], CancellationToken.None);
        var diff = await server.GetAsync("/api/runbooks/listen/diff?from=published&to=shipped");

        Assert.Equal("listen.json", versions["shipped"]!["source"]!.ToString());
        Assert.Empty(problems);
        Assert.Equal(("ours", 2), (catalog.Latest("listen")!.Description, catalog.Latest("listen")!.Version));
        Assert.Contains(diff["changes"]!.AsArray(), c => c!["text"]!.ToString().Contains("open-gate", StringComparison.Ordinal));

        var (status, restored) = await DoAsync("listen", "restore", "paul", "the new one is better");
        Assert.Equal((HttpStatusCode.OK, "3", "true"), (status, restored["version"]!.ToString(), restored["isShipped"]!.ToString()));
        Assert.Equal("", catalog.Latest("listen")!.Description);
        Assert.Null((await server.GetAsync("/api/runbooks/listen/versions"))["shipped"]);
        Assert.Equal(HttpStatusCode.Conflict, (await DoAsync("listen", "restore", "paul", "again")).Status);
        _ = await catalog.LoadAsync([("listen.json", TestRunbooks.Listen)], CancellationToken.None);
        Assert.Equal(4, catalog.Latest("listen")!.Version);
    }

    [Fact]
    public async Task A_retracted_runbook_starts_nothing_by_itself_and_does_again_when_it_is_published()
    {
        var catalog = server.Services.GetRequiredService<DefinitionCatalog>();
        var draft = await publisher.CreatedAsync("By itself");
        draft["root"]!["activities"]![0] = JsonNode.Parse("""{ "id": "start", "type": "Elsa.Event", "customProperties": { "canStartWorkflow": true }, "eventName": { "typeName": "String", "expression": { "type": "Literal", "value": "never-sent" } } }""");
        var changes = 0;
        catalog.Changed += Count;

        _ = await publisher.SavedAsync(draft, publish: true);
        var live = Starts();
        _ = await DoAsync("by-itself", "retract", "paul", "x");
        var retracted = Starts();
        _ = await DoAsync("by-itself", "publish", "paul", "x");
        catalog.Changed -= Count;

        Assert.Equal((true, false, true), (live, retracted, Starts()));
        Assert.True(changes >= 3, $"{changes} changes");

        bool Starts() => catalog.All.Any(d => d.DefinitionId == "by-itself") && catalog.Triggers.All.Any(t => t.DefinitionId == "by-itself");
        void Count(object? sender, EventArgs e) => changes++;
    }

    private Task<(HttpStatusCode Status, JsonNode Body)> DoAsync(string id, string verb, string actor, string? reason, int? version = null)
    {
        var body = new JsonObject { ["actor"] = actor, ["reason"] = reason };
        if (version is not null)
        {
            body["version"] = version;
        }

        return Of(server.PostAsync($"/api/runbooks/{id}:{verb}", body.ToJsonString()));

        static async Task<(HttpStatusCode, JsonNode)> Of(Task<(HttpResponseMessage Answer, JsonNode Body)> sent)
        {
            var (answer, told) = await sent;
            return (answer.StatusCode, told);
        }
    }
}
