using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json.Nodes;
using Runbooks.Server.Tests.Fixture;

namespace Runbooks.Server.Tests.Elsa;

/// <summary>Asks as the designer does, as somebody.</summary>
internal sealed class Studio(ServerUnderTest server, string person)
{
    public const string Api = "/elsa/api";

    public async Task<HttpResponseMessage> SendAsync(HttpMethod method, string path, HttpContent? content = null)
    {
        using var request = new HttpRequestMessage(method, path.StartsWith("/api", StringComparison.Ordinal) ? path : Api + path) { Content = content };
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", person);
        return await server.Http.SendAsync(request);
    }

    public async Task<JsonNode> GetAsync(string path)
    {
        using var answer = await SendAsync(HttpMethod.Get, path);
        Assert.True(answer.IsSuccessStatusCode, $"{path}: {(int)answer.StatusCode} {await answer.Content.ReadAsStringAsync()}");
        return (await answer.Content.ReadFromJsonAsync<JsonNode>())!;
    }

    public async Task<(HttpStatusCode Status, JsonNode? Body)> PostAsync(string path, JsonNode? body = null, HttpMethod? method = null)
    {
        using var content = new StringContent((body ?? new JsonObject()).ToJsonString(), Encoding.UTF8, "application/json");
        using var answer = await SendAsync(method ?? HttpMethod.Post, path, content);
        var text = await answer.Content.ReadAsStringAsync();
        return (answer.StatusCode, text.Length == 0 ? null : JsonNode.Parse(text));
    }

    public Task<JsonNode> LatestAsync(string definitionId) => GetAsync($"/workflow-definitions/by-definition-id/{definitionId}?versionOptions=Latest");

    /// <summary>As auto-save does, or the button Publish.</summary>
    public Task<(HttpStatusCode Status, JsonNode? Body)> SaveAsync(JsonNode model, bool? publish = false) =>
        PostAsync("/workflow-definitions", new JsonObject { ["model"] = model.DeepClone(), ["publish"] = publish });

    public async Task<JsonNode> SavedAsync(JsonNode model, bool? publish = false)
    {
        var (status, body) = await SaveAsync(model, publish);
        Assert.True(status == HttpStatusCode.OK, body?.ToJsonString());
        return body!["workflowDefinition"]!;
    }

    /// <summary>A new runbook that writes a line, as the dialog Create makes it and somebody fills it.</summary>
    public async Task<JsonNode> CreatedAsync(string name, bool publish = false)
    {
        var created = await SavedAsync(
            JsonNode.Parse(
                $$"""
                { "definitionId": null, "id": null, "name": "{{name}}", "description": "", "toolVersion": "3.8.2.0", "options": null, "customProperties": null, "variables": null,
                  "inputs": null, "outputs": null, "outcomes": null, "links": null, "version": 1, "isLatest": true, "isPublished": false, "isReadonly": false, "createdAt": "0001-01-01T00:00:00+00:00",
                  "root": { "id": "Flowchart1", "type": "Elsa.Flowchart", "version": 1, "name": "Flowchart1" } }
                """)!,
            publish: null);
        created["root"]!["activities"] = JsonNode.Parse(
            """
            [ { "id": "start", "type": "Elsa.Start", "version": 1, "name": "Start1", "metadata": { "designer": { "position": { "x": 0, "y": 0 } } } },
              { "id": "line", "type": "Elsa.WriteLine", "version": 1, "name": "WriteLine1", "metadata": { "displayText": "Say it" },
                "text": { "typeName": "String", "expression": { "type": "Literal", "value": "hello" } } } ]
            """);
        created["root"]!["connections"] = JsonNode.Parse("""[ { "source": { "activity": "start", "port": "Done" }, "target": { "activity": "line", "port": "In" } } ]""");
        return await SavedAsync(created, publish);
    }

    /// <summary>The texts that it shows as a toast.</summary>
    public static string Toast(JsonNode? body) => string.Join("\n", body!["errors"]!["generalErrors"]!.AsArray().Select(e => e!.ToString()));
}
