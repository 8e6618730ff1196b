using System.Collections.Concurrent;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Microsoft.Playwright;

namespace Runbooks.Browser.Studio;

/// <summary>
/// One server for all tests of the designer, and one browser context for each person: the designer is loaded over the wire
/// once, and starts from the browser's cache after that. Migrations are slow enough to be watched.
/// </summary>
public sealed class StudioUnderTest : ServerAndBrowser
{
    /// <summary>May do everything.</summary>
    public const string Anna = "anna";

    /// <summary>May edit, but neither publish nor run.</summary>
    public const string Ed = "ed";

    /// <summary>May only read.</summary>
    public const string Rita = "rita";

    private const int StepWithinMs = 20_000;

    private readonly ConcurrentDictionary<string, IBrowserContext> people = new(StringComparer.Ordinal);

    protected override IEnumerable<string> Settings => ["--Access:People:anna:0=publisher", "--Access:People:ed:0=editor", "--Access:People:rita:0=approver"];

    protected override string? Operator => Anna;

    /// <summary>A page of the console, as somebody sees it.</summary>
    public async Task<StudioPage> OpenAsync(string person, string path, int width = 1700, int height = 1000)
    {
        if (!people.TryGetValue(person, out var context))
        {
            context = people[person] = await Browser.NewContextAsync();
            await context.AddCookiesAsync([new Cookie { Name = "runbooks-actor", Value = person, Url = Url }]);
        }

        var page = await context.NewPageAsync();
        page.SetDefaultTimeout(StepWithinMs);
        await page.SetViewportSizeAsync(width, height);
        var complaints = Listen(page);
        _ = await page.GotoAsync(Url + path);
        return new StudioPage(page, complaints);
    }

    /// <summary>Brings a runbook in as anna would by a file.</summary>
    public async Task ImportAsync(JsonObject definition, bool publish)
    {
        ArgumentNullException.ThrowIfNull(definition);
        _ = await PostAsync("/elsa/api/workflow-definitions/import", definition);
        if (publish)
        {
            _ = await PostAsync($"/elsa/api/workflow-definitions/{definition["definitionId"]}/publish", []);
        }
    }

    /// <summary>Saves a definition as the designer would for somebody.</summary>
    public Task SaveAsync(string person, JsonNode model) =>
        PostAsync("/elsa/api/workflow-definitions", new JsonObject { ["model"] = model, ["publish"] = false }, person);

    /// <summary>The latest version of a runbook, as the server keeps it.</summary>
    public async Task<JsonNode> LatestAsync(string runbook) =>
        (await Http.GetFromJsonAsync<JsonNode>($"/elsa/api/workflow-definitions/by-definition-id/{runbook}?versionOptions=Latest"))!;

    /// <summary>What an import would need to bring the latest version back.</summary>
    public async Task<JsonNode> ExportAsync(string runbook) =>
        (await Http.GetFromJsonAsync<JsonNode>($"/elsa/api/workflow-definitions/{runbook}/export?versionOptions=Latest"))!;

    /// <summary>The run once it has ended, or whatever else is wanted.</summary>
    public async Task<JsonNode> RunAsync(string run, Func<JsonNode, bool> wanted)
    {
        ArgumentNullException.ThrowIfNull(wanted);
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        while (true)
        {
            var detail = (await Http.GetFromJsonAsync<JsonNode>($"/api/runs/{run}", limit.Token))!;
            if (wanted(detail["run"]!))
            {
                return detail["run"]!;
            }

            await Task.Delay(100, limit.Token);
        }
    }

    private async Task<JsonNode?> PostAsync(string path, JsonObject body, string person = Anna)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = JsonContent.Create(body) };
        request.Headers.Add("Runbooks-Actor", person);
        using var answer = await Http.SendAsync(request);
        var text = await answer.Content.ReadAsStringAsync();
        Assert.True(answer.IsSuccessStatusCode, $"{path}: {answer.StatusCode} {text}");
        return text.Length > 0 ? JsonNode.Parse(text) : null;
    }
}
