using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;
using Runbooks.Server.Elsa.Instances;
using Runbooks.Server.Tests.Fixture;
using Runbooks.Workflows.Journal;

namespace Runbooks.Server.Tests.Elsa;

/// <summary>Studio's Run button: a draft runs dry, on what it was at that moment, and what is published runs for real.</summary>
[Collection(ServerCollection.Name)]
public sealed class DraftRunTests(ServerUnderTest server)
{
    private readonly Studio publisher = new(server, "paul");

    [Fact]
    public async Task The_draft_that_is_open_runs_dry_and_the_published_version_for_real()
    {
        var model = await publisher.CreatedAsync($"Runs {Guid.NewGuid():n}", publish: true);
        var id = model["definitionId"]!.ToString();
        var real = await RunAsync(id);
        model["root"]!["activities"]!.AsArray().Add(JsonNode.Parse("""
            { "id": "cordon", "type": "Runbooks.CordonHost", "version": 1, "name": "Cordon1", "host": { "typeName": "String", "expression": { "type": "Literal", "value": "host06" } } }
            """));
        model["root"]!["connections"]!.AsArray().Add(JsonNode.Parse("""{ "source": { "activity": "line", "port": "Done" }, "target": { "activity": "cordon", "port": "In" } }"""));
        var draft = await publisher.SavedAsync(model);
        var dry = await RunAsync(id);

        // The run stays on what it was started on, also when the draft goes on.
        draft["root"]!["activities"]!.AsArray().Single(a => a!["id"]!.ToString() == "line")!["text"]!["expression"]!["value"] = "changed";
        _ = await publisher.SavedAsync(draft);
        var instance = await publisher.GetAsync($"/workflow-instances/{dry["run"]!["id"]}");
        var shown = await publisher.GetAsync($"/workflow-definitions/by-id/{instance["definitionVersionId"]}");

        Assert.Equal((false, 1, "finished"), (real["run"]!["dryRun"]!.GetValue<bool>(), real["run"]!["version"]!.GetValue<int>(), real["run"]!["status"]!.ToString()));
        Assert.Equal((true, "finished"), (dry["run"]!["dryRun"]!.GetValue<bool>(), dry["run"]!["status"]!.ToString()));
        Assert.True(dry["run"]!["version"]!.GetValue<int>() < 0);
        Assert.StartsWith("Dry run: ", instance["name"]!.ToString(), StringComparison.Ordinal);
        Assert.Contains("host06", shown["root"]!.ToJsonString(), StringComparison.Ordinal);
        Assert.Contains("hello", shown["root"]!.ToJsonString(), StringComparison.Ordinal);
        Assert.True(dry["steps"]!.AsArray().Single(s => s!["activity"]!.ToString() == "cordon")!["leftOut"]!.GetValue<bool>());
        Assert.DoesNotContain(await server.Services.GetRequiredService<Runbooks.Fleet.Reservations.IHostModes>().ListAsync(CancellationToken.None), m => m.Host.Value == "host06");
        Assert.Empty((await server.Services.GetRequiredService<IRunReader>().QueryAsync(new RunQuery { DefinitionIds = [id], Version = 2 }, CancellationToken.None)).Items);
        Assert.False((await RunAsync(id, "Published"))["run"]!["dryRun"]!.GetValue<bool>());
    }

    [Fact]
    public async Task A_draft_that_can_not_run_says_what_is_wrong_with_it()
    {
        var model = await publisher.CreatedAsync($"Broken {Guid.NewGuid():n}");
        model["root"]!["activities"]!.AsArray().Add(JsonNode.Parse("""{ "id": "break", "type": "Elsa.Break", "version": 1, "name": "Break1" }"""));
        model = await publisher.SavedAsync(model);

        var (status, body) = await publisher.PostAsync($"/workflow-definitions/{model["definitionId"]}/execute", new JsonObject { ["versionOptions"] = "Latest" });

        Assert.Equal(System.Net.HttpStatusCode.BadRequest, status);
        Assert.Contains("'break'", Studio.Toast(body), StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_activity_of_the_draft_is_tested_as_the_draft_has_it()
    {
        var model = await publisher.CreatedAsync($"Tested {Guid.NewGuid():n}");

        var (status, body) = await publisher.PostAsync("/tests/activities", new JsonObject
        {
            ["workflowDefinitionHandle"] = new JsonObject { ["definitionVersionId"] = model["id"]!.ToString() },
            ["activityHandle"] = new JsonObject { ["activityId"] = "line" },
        });

        Assert.True(status == System.Net.HttpStatusCode.OK, body?.ToJsonString());
        Assert.Equal(("hello", "Completed"), (body!["activityState"]!["Text"]!.ToString(), body["status"]!.ToString()));
    }

    private async Task<JsonNode> RunAsync(string definitionId, string options = "Latest")
    {
        using var content = System.Net.Http.Json.JsonContent.Create(new { versionOptions = options });
        using var answer = await publisher.SendAsync(HttpMethod.Post, $"/workflow-definitions/{definitionId}/execute", content);
        Assert.True(answer.IsSuccessStatusCode, await answer.Content.ReadAsStringAsync());
        var run = Assert.Single(answer.Headers.GetValues(StartEndpoints.InstanceHeader));
        return await server.WaitAsync(run, r => r["ended"]!.GetValue<bool>());
    }
}
