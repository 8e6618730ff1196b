using System.Net.Http.Json;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Runbooks.Server.Configuration;

namespace Runbooks.Server.Tests.Fixture;

/// <summary>
/// The whole server on a port of its own, with a simulated fleet whose day stands still, stores in memory, no schedules,
/// the shipped runbooks, one that waits, and one that is refused.
/// </summary>
public sealed class ServerUnderTest : IAsyncLifetime
{
    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("runbooks-server-");
    private WebApplication? app;

    public HttpClient Http { get; } = new();

    public string Url { get; private set; } = "";

    public string Folder => folder.FullName;

    public IServiceProvider Services => app!.Services;

    public async Task InitializeAsync()
    {
        var workflows = folder.CreateSubdirectory("workflows").FullName;
        foreach (var shipped in Directory.EnumerateFiles(Path.Combine(Place.Repository, "workflows"), "*.json"))
        {
            File.Copy(shipped, Path.Combine(workflows, Path.GetFileName(shipped)));
        }

        await File.WriteAllTextAsync(Path.Combine(workflows, "wait.json"), TestRunbooks.Wait);
        await File.WriteAllTextAsync(Path.Combine(workflows, "listen.json"), TestRunbooks.Listen);
        await File.WriteAllTextAsync(Path.Combine(workflows, "alone.json"), TestRunbooks.Alone);
        await File.WriteAllTextAsync(Path.Combine(workflows, "broken.json"), TestRunbooks.Broken);
        await File.WriteAllTextAsync(Path.Combine(workflows, "ask.json"), TestRunbooks.Ask);
        await File.WriteAllTextAsync(Path.Combine(workflows, "ask-as-part.json"), TestRunbooks.AskAsPart);
        await File.WriteAllTextAsync(Path.Combine(workflows, "stuck.json"), TestRunbooks.Stuck);
        var builder = ServerHost.CreateBuilder([
            "--Server:Urls=http://127.0.0.1:0",
            $"--Data={folder.FullName}/var",
            "--Database:Kind=memory",
            "--Simulation:Speed=0",
            "--Simulation:LinkMiBs=100000",
            $"--Workflows:Folder={workflows}",
            "--Fleet:SampleEvery=00:00:00.6",
            "--Schedules:0:enabled=false",
            "--Access:People:anna:0=operator",
            "--Access:People:anna:1=approver",
            "--Access:People:bert:0=approver",
            "--Access:People:bert:1=operator",
            "--Access:People:carl:0=operator",
            "--Access:People:dora:0=approver",
            "--Access:People:edda:0=editor",
            "--Access:People:paul:0=publisher",
            "--Access:People:tester:0=operator",
        ]);
        var (settings, problems) = Settings.Read(builder.Configuration);
        Assert.Empty(problems);
        app = ServerHost.Build(builder, settings!);
        await app.StartAsync();
        Url = app.Urls.Single();
        Http.BaseAddress = new Uri(Url);
    }

    public async Task DisposeAsync()
    {
        Http.Dispose();
        await app!.StopAsync();
        await app.DisposeAsync();
        folder.Delete(recursive: true);
    }

    public async Task<JsonNode> GetAsync(string path) => (await Http.GetFromJsonAsync<JsonNode>(path))!;

    /// <summary>Sends a body, in the name of an operator where it names nobody.</summary>
    public async Task<(HttpResponseMessage Answer, JsonNode Body)> PostAsync(string path, string json, string? key = null, string contentType = "application/json", string? actor = "carl")
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = new StringContent(json, Encoding.UTF8, contentType) };
        if (key is not null)
        {
            request.Headers.Add("Idempotency-Key", key);
        }

        if (actor is not null && !json.Contains("\"actor\"", StringComparison.Ordinal))
        {
            request.Headers.Add("Runbooks-Actor", actor);
        }

        var answer = await Http.SendAsync(request);
        return (answer, (await answer.Content.ReadFromJsonAsync<JsonNode>())!);
    }

    /// <summary>Starts a runbook and returns the id of its run.</summary>
    public async Task<string> StartAsync(string runbook, string input = "{}", string actor = "carl")
    {
        var (answer, body) = await PostAsync("/api/runs", new JsonObject { ["runbook"] = runbook, ["input"] = JsonNode.Parse(input), ["actor"] = actor }.ToJsonString());
        Assert.True(answer.IsSuccessStatusCode, body.ToJsonString());
        return body["id"]!.ToString();
    }

    /// <summary>Gives an order to a run, as bert and for a reason.</summary>
    public Task<(HttpResponseMessage Answer, JsonNode Body)> OrderAsync(string run, string verb, string? more = null, string? key = null, string actor = "bert")
    {
        var body = JsonNode.Parse(more ?? "{}")!.AsObject();
        body["actor"] = actor;
        body["reason"] = "a test";
        return PostAsync($"/api/runs/{run}:{verb}", body.ToJsonString(), key);
    }

    /// <summary>The run once it is as wanted. Fails when that takes longer than anybody would wait.</summary>
    public async Task<JsonNode> WaitAsync(string run, Func<JsonNode, bool> wanted)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while (true)
        {
            var detail = await GetAsync($"/api/runs/{run}");
            if (wanted(detail["run"]!))
            {
                return detail;
            }

            Assert.False(limit.IsCancellationRequested, $"The run did not become what was waited for: {detail["run"]!.ToJsonString()}");
            await Task.Delay(50);
        }
    }
}

[CollectionDefinition(Name)]
public sealed class ServerCollection : ICollectionFixture<ServerUnderTest>
{
    public const string Name = "one server";
}
