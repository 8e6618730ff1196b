using System.Net;
using System.Text.Json.Nodes;
using Runbooks.Server.Tests.Fixture;

namespace Runbooks.Server.Tests.Api;

[Collection(ServerCollection.Name)]
public sealed class FleetApiTests(ServerUnderTest server)
{
    [Fact]
    public async Task The_fleet_shows_hosts_with_their_vms_and_the_policy_in_force()
    {
        var fleet = await server.GetAsync("/api/fleet");

        Assert.Equal(12, fleet["totals"]!["hosts"]!.GetValue<int>());
        Assert.Equal(60, fleet["hosts"]!.AsArray().Sum(h => h!["vms"]!.AsArray().Count));
        Assert.Equal(0.30, fleet["policy"]!["loadMin"]!.GetValue<double>());
        Assert.Empty(fleet["problems"]!.AsArray());
    }

    [Fact]
    public async Task Runbooks_are_listed_with_their_inputs_and_refused_ones_with_the_reason()
    {
        var list = await server.GetAsync("/api/runbooks");

        var wait = list["runbooks"]!.AsArray().Single(r => r!["id"]!.ToString() == "wait")!;
        var note = wait["inputs"]!.AsArray().Single(i => i!["name"]!.ToString() == "Note")!;
        Assert.True(note["required"]!.GetValue<bool>());
        var refused = Assert.Single(list["refused"]!.AsArray())!;
        Assert.Equal("broken.json", refused["source"]!.ToString());
        Assert.Equal("odd", refused["activity"]!.ToString());
        Assert.Contains("Elsa.SendSmokeSignal", refused["message"]!.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Activities_say_what_they_do_to_the_world_and_why_there_is_no_undo()
    {
        var activities = (await server.GetAsync("/api/activities")).AsArray();

        Assert.All(activities.Where(a => a!["kind"]!.ToString() == "irreversible"), a => Assert.False(string.IsNullOrWhiteSpace(a!["noUndoReason"]?.ToString())));
        Assert.Contains(activities, a => a!["type"]!.ToString() == "Runbooks.PreCopy" && a["canBeUndone"]!.GetValue<bool>());
    }

    [Theory]
    [InlineData("/api/runbooks/nope", "unknown-runbook")]
    [InlineData("/api/runs/nope", "unknown-run")]
    [InlineData("/api/runs/00000000000000000000000000000001/journal", "unknown-run")]
    [InlineData("/api/runs/00000000000000000000000000000001/events", "unknown-run")]
    [InlineData("/api/nonsense", "unknown-path")]
    public async Task What_is_not_there_is_a_problem_with_a_code(string path, string code)
    {
        using var answer = await server.Http.GetAsync(path);

        Assert.Equal(HttpStatusCode.NotFound, answer.StatusCode);
        Assert.Equal("application/problem+json", answer.Content.Headers.ContentType!.MediaType);
        Assert.Equal(code, JsonNode.Parse(await answer.Content.ReadAsStringAsync())!["code"]!.ToString());
    }

    [Fact]
    public async Task The_server_is_ready_and_describes_its_api()
    {
        using var ready = await server.Http.GetAsync("/health/ready");
        var openApi = await server.GetAsync("/openapi/v1.json");

        Assert.Equal(HttpStatusCode.OK, ready.StatusCode);
        Assert.NotNull(openApi["paths"]!["/api/runs"]!["post"]);
    }

    [Fact]
    public async Task A_page_of_another_site_may_not_start_anything()
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/api/runs") { Content = new StringContent("""{"runbook":"wait"}""", System.Text.Encoding.UTF8, "application/json") };
        request.Headers.Add("Origin", "http://evil.example");
        using var answer = await server.Http.SendAsync(request);

        Assert.Equal(HttpStatusCode.Forbidden, answer.StatusCode);
    }

    [Fact]
    public async Task A_name_that_another_site_points_to_this_machine_is_refused()
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "/api/fleet");
        request.Headers.Host = "evil.example";
        using var answer = await server.Http.SendAsync(request);

        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
    }

    [Fact]
    public async Task The_page_shows_the_fleet_and_loads_nothing_from_elsewhere()
    {
        using var answer = await server.Http.GetAsync("/");
        var html = await answer.Content.ReadAsStringAsync();

        Assert.Contains("host12", html, StringComparison.Ordinal);
        Assert.Contains("vm60", html, StringComparison.Ordinal);
        Assert.Contains("broken.json", html, StringComparison.Ordinal);
        Assert.DoesNotMatch("""(src|href)="(https?:)?//""", html);
        Assert.Contains("default-src 'self'", answer.Headers.GetValues("Content-Security-Policy").Single(), StringComparison.Ordinal);
        foreach (var asset in new[] { "/runbooks.css", "/console.js", "/favicon.svg", "/_content/Radzen.Blazor/css/standard-base.css" })
        {
            using var found = await server.Http.GetAsync(asset);
            Assert.True(found.IsSuccessStatusCode, asset);
        }
    }
}
