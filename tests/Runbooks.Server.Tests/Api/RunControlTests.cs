using System.Net;
using System.Net.ServerSentEvents;
using System.Text.Json.Nodes;
using Runbooks.Server.Tests.Fixture;

namespace Runbooks.Server.Tests.Api;

[Collection(ServerCollection.Name)]
public sealed class RunControlTests(ServerUnderTest server)
{
    private const string Reason = """{"reason":"enough"}""";

    [Fact]
    public async Task A_waiting_run_is_cancelled_and_asking_twice_is_asking_once()
    {
        var run = await server.StartAsync("wait", """{"Note":"x"}""");
        await server.WaitAsync(run, r => r["status"]!.ToString() == "suspended");

        var (first, _) = await server.PostAsync($"/api/runs/{run}/cancel", Reason);
        var ended = await server.WaitAsync(run, r => r["ended"]!.GetValue<bool>());
        var (second, _) = await server.PostAsync($"/api/runs/{run}/cancel", Reason);

        Assert.Equal(HttpStatusCode.Accepted, first.StatusCode);
        Assert.Equal("cancelled", ended["run"]!["status"]!.ToString());
        Assert.Contains("enough", ended["run"]!["reason"]!.ToString(), StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.Accepted, second.StatusCode);
    }

    [Fact]
    public async Task What_the_state_does_not_allow_is_a_conflict_that_names_the_state_and_what_it_allows()
    {
        var run = await server.StartAsync("wait", """{"Note":"x"}""");
        await server.WaitAsync(run, r => r["status"]!.ToString() == "suspended");

        var (answer, problem) = await server.PostAsync($"/api/runs/{run}/retry", Reason);

        Assert.Equal(HttpStatusCode.Conflict, answer.StatusCode);
        Assert.Equal("suspended", problem["state"]!.ToString());
        Assert.Equal(["pause", "cancel", "restart-from"], problem["allowed"]!.AsArray().Select(a => a!.ToString()));
    }

    [Theory]
    [InlineData("{}", HttpStatusCode.BadRequest)]
    [InlineData("""{"reason":""}""", HttpStatusCode.BadRequest)]
    [InlineData("nonsense", HttpStatusCode.BadRequest)]
    public async Task A_request_without_a_reason_is_refused(string body, HttpStatusCode expected)
    {
        var run = await server.StartAsync("wait", """{"Note":"x"}""");

        var (answer, _) = await server.PostAsync($"/api/runs/{run}/cancel", body);

        Assert.Equal(expected, answer.StatusCode);
    }

    [Fact]
    public async Task An_unknown_run_can_not_be_cancelled()
    {
        var (answer, problem) = await server.PostAsync($"/api/runs/{Guid.NewGuid():n}/cancel", Reason);

        Assert.Equal(HttpStatusCode.NotFound, answer.StatusCode);
        Assert.Equal("unknown-run", problem["code"]!.ToString());
    }

    [Fact]
    public async Task A_migration_shows_its_stages_and_its_steps()
    {
        var run = await server.StartAsync("migrate-vm", """{"Vm":"vm03","Destination":"host07"}""");

        var detail = await server.WaitAsync(run, r => r["ended"]!.GetValue<bool>());

        Assert.Equal("finished", detail["run"]!["status"]!.ToString());
        var stages = detail["stages"]!.AsArray();
        Assert.Equal(11, stages.Count);
        Assert.All(stages, s => Assert.Equal(s!["activity"]!.ToString() == "fence" ? "skipped" : "done", s["state"]!.ToString()));
        Assert.Contains(detail["steps"]!.AsArray(), s => s!["touchesTheWorld"]!.GetValue<bool>() && s["effect"]!.ToString() == "done");
    }

    [Fact]
    public async Task A_stream_that_was_cut_goes_on_behind_the_last_entry_and_loses_none()
    {
        var run = await server.StartAsync("migrate-vm", """{"Vm":"vm04","Destination":"host08"}""");
        await server.WaitAsync(run, r => r["ended"]!.GetValue<bool>());
        var journal = (await server.GetAsync($"/api/runs/{run}/journal")).AsArray().Select(e => e!["sequence"]!.ToString()).ToArray();

        var all = await ReadAsync(run, "0");
        var rest = await ReadAsync(run, journal[4]);

        Assert.Equal(journal, all.Where(e => e.EventType == "journal").Select(e => e.EventId));
        Assert.Equal(journal[5..], rest.Where(e => e.EventType == "journal").Select(e => e.EventId));
        Assert.Equal("end", all[^1].EventType);
        Assert.Equal("finished", JsonNode.Parse(all[^1].Data)!["status"]!.ToString());
    }

    private async Task<List<SseItem<string>>> ReadAsync(string run, string after)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, $"/api/runs/{run}/events");
        request.Headers.Add("Last-Event-ID", after);
        using var answer = await server.Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        Assert.Equal("text/event-stream", answer.Content.Headers.ContentType!.MediaType);
        var items = new List<SseItem<string>>();
        await foreach (var item in SseParser.Create(await answer.Content.ReadAsStreamAsync()).EnumerateAsync())
        {
            items.Add(item);
        }

        return items;
    }
}
