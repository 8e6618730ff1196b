using System.Net;
using System.Text.Json.Nodes;
using Runbooks.Server.Tests.Fixture;

namespace Runbooks.Server.Tests.Api;

/// <summary>POST /api/runs/{id}:verb.</summary>
[Collection(ServerCollection.Name)]
public sealed class OrderTests(ServerUnderTest server)
{
    [Fact]
    public async Task A_run_is_paused_and_goes_on_and_each_answer_shows_the_new_state()
    {
        var run = await WaitingAsync();

        var (paused, body) = await server.OrderAsync(run, "pause");
        var (again, _) = await server.OrderAsync(run, "pause");

        Assert.Equal(HttpStatusCode.Accepted, paused.StatusCode);
        Assert.True(body["applied"]!.GetValue<bool>());
        Assert.Equal("paused", body["status"]!.ToString());
        Assert.Equal("bert. a test", body["pausedBy"]!.ToString());
        Assert.Equal(["resume", "cancel", "restart-from"], Texts(body["allowed"]));
        Assert.Equal(HttpStatusCode.Accepted, again.StatusCode);

        var (resumed, after) = await server.OrderAsync(run, "resume");

        Assert.Equal(HttpStatusCode.Accepted, resumed.StatusCode);
        Assert.Null(after["pausedBy"]);
        await server.WaitAsync(run, r => r["status"]!.ToString() == "suspended");
        _ = await server.OrderAsync(run, "cancel");
        await server.WaitAsync(run, r => r["status"]!.ToString() == "cancelled");
    }

    [Fact]
    public async Task A_failed_step_is_shown_with_what_can_be_done_about_it_and_skipped()
    {
        var run = await StuckAsync("host10");
        var detail = await server.GetAsync($"/api/runs/{run}");
        var incident = Assert.Single(detail["incidents"]!.AsArray())!;
        var step = incident["step"]!.GetValue<long>();

        Assert.Equal(("stop", "failed", "The rack does not answer."), (incident["activity"]!.ToString(), incident["kind"]!.ToString(), incident["message"]!.ToString()));
        Assert.Equal(["retry", "skip"], Texts(incident["allowed"]));
        Assert.Contains("skip", Texts(detail["allowed"]));
        Assert.Equal(["retry", "skip", "restart-from"], Texts(detail["steps"]!.AsArray().Single(s => s!["number"]!.GetValue<long>() == step)!["allowed"]));

        var (wrongOutcome, problem) = await server.OrderAsync(run, "skip", $$"""{"step":{{step}},"outcome":"Sideways"}""");
        Assert.Equal(HttpStatusCode.BadRequest, wrongOutcome.StatusCode);
        Assert.Contains("Its outcomes: Done", problem["detail"]!.ToString(), StringComparison.Ordinal);

        var (skipped, _) = await server.OrderAsync(run, "skip", $$"""{"step":{{step}}}""");
        Assert.Equal(HttpStatusCode.Accepted, skipped.StatusCode);
        await server.WaitAsync(run, r => r["status"]!.ToString() == "finished");
        await UndoneAsync(run);
    }

    [Fact]
    public async Task An_order_about_the_wrong_step_names_the_steps_that_could_be_meant()
    {
        var run = await StuckAsync("host10");
        var steps = (await server.GetAsync($"/api/runs/{run}"))["steps"]!.AsArray();
        var cordon = steps.Single(s => s!["activity"]!.ToString() == "cordon")!["number"];
        var stop = steps.Single(s => s!["activity"]!.ToString() == "stop")!["number"];

        var (notFailed, why) = await server.OrderAsync(run, "skip", $$"""{"step":{{cordon}}}""");
        var (unknown, none) = await server.OrderAsync(run, "retry", """{"step":99}""");
        var (nothing, needs) = await server.OrderAsync(run, "resolve", """{"found":"done"}""");
        var (known, nothingToResolve) = await server.OrderAsync(run, "resolve", $$"""{"step":{{stop}},"found":"done"}""");

        Assert.Equal(HttpStatusCode.Conflict, notFailed.StatusCode);
        Assert.Contains($"(Cordon the host) is completed, so there is nothing to skip. Steps that can be asked now: {stop}.", why["detail"]!.ToString(), StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.BadRequest, unknown.StatusCode);
        Assert.Contains("no step 99", none["detail"]!.ToString(), StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.BadRequest, nothing.StatusCode);
        Assert.Contains("needs the number of a step", needs["detail"]!.ToString(), StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.Conflict, known.StatusCode);
        Assert.Contains("outcome of each", nothingToResolve["detail"]!.ToString(), StringComparison.Ordinal);
        _ = await server.OrderAsync(run, "cancel");
        await server.WaitAsync(run, r => r["ended"]!.GetValue<bool>());
    }

    [Fact]
    public async Task Restarting_from_a_step_undoes_what_followed_and_takes_other_inputs()
    {
        var run = await StuckAsync("host10");
        var step = (await server.GetAsync($"/api/runs/{run}"))["steps"]!.AsArray().Single(s => s!["activity"]!.ToString() == "cordon")!["number"];

        var (wrong, problem) = await server.OrderAsync(run, "restart-from", $$$"""{"step":{{{step}}},"inputs":{"Hosst":"host11"}}""");
        var (accepted, _) = await server.OrderAsync(run, "restart-from", $$$"""{"step":{{{step}}},"inputs":{"host":"host11"}}""");

        Assert.Equal(HttpStatusCode.BadRequest, wrong.StatusCode);
        Assert.Contains("has no such input. Its inputs: Host", problem["detail"]!.ToString(), StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.Accepted, accepted.StatusCode);
        var detail = await server.WaitAsync(run, r => r["status"]!.ToString() == "needsAttention");
        var cordons = detail["steps"]!.AsArray().Where(s => s!["activity"]!.ToString() == "cordon").ToArray();
        Assert.Equal(["undone", "available"], cordons.Select(c => c!["undo"]!.ToString()));
        Assert.Equal("host11", cordons[1]!["inputs"]!["Host"]!.ToString());
        _ = await server.OrderAsync(run, "cancel");
        await server.WaitAsync(run, r => r["ended"]!.GetValue<bool>());
    }

    [Fact]
    public async Task A_finished_run_is_undone_once_and_shows_in_which_order()
    {
        var run = await StuckAsync("host10");
        var step = (await server.GetAsync($"/api/runs/{run}"))["incidents"]![0]!["step"];
        _ = await server.OrderAsync(run, "skip", $$"""{"step":{{step}}}""");
        await server.WaitAsync(run, r => r["status"]!.ToString() == "finished");

        var detail = await UndoneAsync(run);
        var (again, _) = await server.OrderAsync(run, "undo");

        var undo = Assert.Single(detail["undo"]!.AsArray())!;
        Assert.Equal((1, "cordon", "undone"), (undo["order"]!.GetValue<int>(), undo["activity"]!.ToString(), undo["state"]!.ToString()));
        Assert.Contains("Undone by bert", detail["run"]!["reason"]!.ToString(), StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.Accepted, again.StatusCode);
    }

    [Fact]
    public async Task A_run_that_has_ended_is_started_again_with_edited_inputs_and_a_link_and_repeating_it_is_asking_once()
    {
        var old = await WaitingAsync();
        var (tooEarly, why) = await server.OrderAsync(old, "restart");
        _ = await server.OrderAsync(old, "cancel");
        await server.WaitAsync(old, r => r["ended"]!.GetValue<bool>());

        var (first, a) = await server.OrderAsync(old, "restart", """{"inputs":{"note":"y"}}""");
        var (_, b) = await server.OrderAsync(old, "restart", """{"inputs":{"note":"y"}}""");
        var (_, c) = await server.OrderAsync(old, "restart", key: "k1");
        var (reused, _) = await server.OrderAsync(old, "restart", """{"inputs":{"note":"z"}}""", key: "k1");
        var (invalid, _) = await server.OrderAsync(old, "restart", """{"inputs":{"Count":"many"}}""");

        Assert.Equal(HttpStatusCode.Conflict, tooEarly.StatusCode);
        Assert.Contains("has not ended", why["detail"]!.ToString(), StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.Accepted, first.StatusCode);
        Assert.Equal(old, a["restartOf"]!.ToString());
        Assert.Equal("y", a["input"]!["Note"]!.ToString());
        Assert.Equal("bert: a test", a["startedBy"]!.ToString());
        Assert.Equal(a["id"]!.ToString(), b["id"]!.ToString());
        Assert.NotEqual(a["id"]!.ToString(), c["id"]!.ToString());
        Assert.Equal("x", c["input"]!["Note"]!.ToString());
        Assert.Equal(HttpStatusCode.UnprocessableEntity, reused.StatusCode);
        Assert.Equal(HttpStatusCode.BadRequest, invalid.StatusCode);
        foreach (var run in new[] { a, c })
        {
            _ = await server.OrderAsync(run["id"]!.ToString(), "cancel");
        }
    }

    [Fact]
    public async Task An_idempotency_key_names_one_order_even_when_the_run_has_moved_on()
    {
        var run = await WaitingAsync();

        var (first, _) = await server.OrderAsync(run, "pause", key: "p1");
        _ = await server.OrderAsync(run, "resume");
        var (repeated, body) = await server.OrderAsync(run, "pause", key: "p1");
        var (other, _) = await server.OrderAsync(run, "cancel", key: "p1");

        Assert.Equal(HttpStatusCode.Accepted, first.StatusCode);
        Assert.Equal(HttpStatusCode.Accepted, repeated.StatusCode);
        Assert.Null(body["pausedBy"]);
        Assert.Equal(HttpStatusCode.Accepted, other.StatusCode);
        await server.WaitAsync(run, r => r["status"]!.ToString() == "cancelled");
    }

    [Theory]
    [InlineData("""{"reason":"x"}""", "actor")]
    [InlineData("""{"actor":"bert"}""", "reason")]
    [InlineData("""{"actor":"be: rt","reason":"x"}""", "actor")]
    [InlineData("""{"actor":"api","reason":"x"}""", "actor")]
    [InlineData("""{"actor":"bert","reason":"x","step":1}""", "step")]
    [InlineData("""{"actor":"bert","reason":"x","step":"one"}""", "step")]
    [InlineData("""{"actor":"bert","reason":"x","inputs":{}}""", "inputs")]
    [InlineData("""{"actor":"bert","reason":"x","colour":"red"}""", "colour")]
    public async Task A_mistake_in_an_order_is_named_by_its_field(string body, string field)
    {
        var run = await WaitingAsync();

        var (answer, problem) = await server.PostAsync($"/api/runs/{run}:pause", body, actor: null);

        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
        Assert.True(problem["errors"]!.AsObject().ContainsKey(field), problem.ToJsonString());
        _ = await server.OrderAsync(run, "cancel");
    }

    [Fact]
    public async Task An_order_for_a_run_that_is_not_there_is_not_found()
    {
        var (answer, problem) = await server.OrderAsync($"{Guid.NewGuid():n}", "pause");
        var (nonsense, _) = await server.OrderAsync("nonsense", "undo");

        Assert.Equal(HttpStatusCode.NotFound, answer.StatusCode);
        Assert.Equal("unknown-run", problem["code"]!.ToString());
        Assert.Equal(HttpStatusCode.NotFound, nonsense.StatusCode);
    }

    [Fact]
    public async Task One_order_reaches_many_runs_by_filter_or_ids_and_each_answers_for_itself()
    {
        var (one, two) = (await WaitingAsync(), await WaitingAsync());
        var ended = await WaitingAsync();
        _ = await server.OrderAsync(ended, "cancel");
        await server.WaitAsync(ended, r => r["ended"]!.GetValue<bool>());

        var (byIds, ids) = await server.PostAsync("/api/runs:bulk", $$"""{"verb":"pause","ids":["{{one}}","{{ended}}","{{Guid.NewGuid():n}}"],"actor":"bert","reason":"x"}""");
        var (byFilter, filtered) = await server.PostAsync("/api/runs:bulk", """{"verb":"cancel","filter":{"runbook":"wait","status":"suspended"},"actor":"bert","reason":"x"}""");
        var (empty, _) = await server.PostAsync("/api/runs:bulk", """{"verb":"cancel","filter":{},"actor":"bert","reason":"x"}""");
        var (single, problem) = await server.PostAsync("/api/runs:bulk", """{"verb":"skip","filter":{"runbook":"wait"},"actor":"bert","reason":"x"}""");

        Assert.Equal(HttpStatusCode.Accepted, byIds.StatusCode);
        Assert.Equal([true, false, false], ids["runs"]!.AsArray().Select(r => r!["accepted"]!.GetValue<bool>()));
        Assert.Contains("It has ended", ids["runs"]![1]!["problem"]!.ToString(), StringComparison.Ordinal);
        Assert.Contains("no such run", ids["runs"]![2]!["problem"]!.ToString(), StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.Accepted, byFilter.StatusCode);
        Assert.Contains(filtered["runs"]!.AsArray(), r => r!["id"]!.ToString() == two && r["accepted"]!.GetValue<bool>());
        Assert.Equal(HttpStatusCode.BadRequest, empty.StatusCode);
        Assert.Equal(HttpStatusCode.BadRequest, single.StatusCode);
        Assert.Contains("can't be asked of many", problem["detail"]!.ToString(), StringComparison.Ordinal);
        await server.WaitAsync(two, r => r["status"]!.ToString() == "cancelled");
        _ = await server.OrderAsync(one, "cancel");
    }

    [Fact]
    public async Task A_bulk_order_by_host_reaches_only_runs_about_that_host()
    {
        var ten = await server.StartAsync("stuck", """{"Host":"host10"}""");
        var eleven = await server.StartAsync("stuck", """{"Host":"host11"}""");
        await server.WaitAsync(ten, r => r["status"]!.ToString() == "needsAttention");
        await server.WaitAsync(eleven, r => r["status"]!.ToString() == "needsAttention");

        var (_, answer) = await server.PostAsync("/api/runs:bulk", """{"verb":"cancel","filter":{"host":"host11","status":"needsAttention"},"actor":"bert","reason":"x"}""");

        Assert.Equal([eleven], answer["runs"]!.AsArray().Select(r => r!["id"]!.ToString()));
        await server.WaitAsync(eleven, r => r["status"]!.ToString() == "cancelled");
        Assert.Equal("needsAttention", (await server.GetAsync($"/api/runs/{ten}"))["run"]!["status"]!.ToString());
        _ = await server.OrderAsync(ten, "cancel");
        await server.WaitAsync(ten, r => r["ended"]!.GetValue<bool>());
    }

    private static IEnumerable<string> Texts(JsonNode? list) => list!.AsArray().Select(i => i!.ToString());

    private async Task<string> WaitingAsync()
    {
        var run = await server.StartAsync("wait", """{"Note":"x"}""");
        await server.WaitAsync(run, r => r["status"]!.ToString() == "suspended");
        return run;
    }

    private async Task<string> StuckAsync(string host)
    {
        var run = await server.StartAsync("stuck", $$"""{"Host":"{{host}}"}""");
        await server.WaitAsync(run, r => r["status"]!.ToString() == "needsAttention");
        return run;
    }

    private async Task<JsonNode> UndoneAsync(string run)
    {
        var (undone, body) = await server.OrderAsync(run, "undo");
        Assert.True(undone.StatusCode == HttpStatusCode.Accepted, body.ToJsonString());
        return await server.WaitAsync(run, r => r["status"]!.ToString() == "compensated");
    }
}
