using System.Net;
using System.Text.Json.Nodes;
using Runbooks.Server.Tests.Fixture;

namespace Runbooks.Server.Tests.Api;

/// <summary>Events and tasks through the API, and starts that are refused because another run is open.</summary>
[Collection(ServerCollection.Name)]
public sealed class EventApiTests(ServerUnderTest server)
{
    [Fact]
    public async Task An_event_wakes_the_run_that_waits_for_it_and_repeating_the_request_changes_nothing()
    {
        var run = await server.StartAsync("listen");
        await server.WaitAsync(run, r => r["status"]!.ToString() == "suspended");
        var key = Guid.NewGuid().ToString();

        var (answer, done) = await server.PostAsync("/api/events/knock", """{"payload":{"who":"anna"}}""", key);
        var (_, again) = await server.PostAsync("/api/events/knock", """{"payload":{"who":"anna"}}""", key);
        var (other, problem) = await server.PostAsync("/api/events/knock", """{"payload":{"who":"ben"}}""", key);

        Assert.Equal(HttpStatusCode.Accepted, answer.StatusCode);
        Assert.Equal([run], done["woken"]!.AsArray().Select(r => r!.ToString()));
        Assert.True(again["repeated"]!.GetValue<bool>());
        Assert.Equal((HttpStatusCode.UnprocessableEntity, "idempotency-key-reused"), (other.StatusCode, problem["code"]!.ToString()));
        var detail = await server.WaitAsync(run, r => r["status"]!.ToString() == "suspended" && r["reason"]!.ToString().Contains("task:", StringComparison.Ordinal));
        await FinishAsync(detail["run"]!);
    }

    [Fact]
    public async Task An_event_that_comes_first_is_kept_and_one_with_a_correlation_id_is_for_its_runs()
    {
        var (_, kept) = await server.PostAsync("/api/events/knock", """{"correlationId":"c-early"}""");
        Assert.True(kept["kept"]!.GetValue<bool>());

        var (_, run) = await server.PostAsync("/api/runs", """{"runbook":"listen","correlationId":"c-early"}""");

        var detail = await server.WaitAsync(run["id"]!.ToString(), r => r["reason"]?.ToString().Contains("task:", StringComparison.Ordinal) == true);
        await FinishAsync(detail["run"]!);
    }

    [Theory]
    [InlineData("""{"payloads":1}""", "payloads")]
    [InlineData("""{"correlationId":7}""", "correlationId")]
    public async Task A_malformed_event_is_refused_with_the_field(string body, string field)
    {
        var (answer, problem) = await server.PostAsync("/api/events/knock", body);

        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
        Assert.NotNull(problem["errors"]![field]);
    }

    [Fact]
    public async Task A_name_that_is_too_long_is_refused()
    {
        var (answer, problem) = await server.PostAsync($"/api/events/{new string('x', 201)}", "{}");

        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
        Assert.NotNull(problem["errors"]!["name"]);
    }

    [Fact]
    public async Task A_start_beside_an_open_run_is_refused_with_that_run()
    {
        var open = await server.StartAsync("alone");

        var (answer, problem) = await server.PostAsync("/api/runs", """{"runbook":"alone"}""");

        Assert.Equal((HttpStatusCode.Conflict, "cannot-start"), (answer.StatusCode, problem["code"]!.ToString()));
        Assert.True(problem["cannotStart"]!.GetValue<bool>());
        Assert.Equal(open, problem["runId"]!.ToString());
        Assert.Contains(open, problem["detail"]!.ToString(), StringComparison.Ordinal);
        _ = await server.PostAsync($"/api/runs/{open}/cancel", """{"reason":"the test is over"}""");
        _ = await server.WaitAsync(open, r => r["ended"]!.GetValue<bool>());
    }

    [Fact]
    public async Task A_report_of_a_task_that_nobody_waits_for_is_answered_plainly()
    {
        var (unknown, problem) = await server.PostAsync("/api/tasks/nonsense/complete", """{"result":1}""");
        Assert.Equal((HttpStatusCode.NotFound, "unknown-task"), (unknown.StatusCode, problem["code"]!.ToString()));

        var run = await server.StartAsync("wait", """{"Note":"x"}""");
        var (late, conflict) = await server.PostAsync($"/api/tasks/{run}.2.0/complete", """{"result":1}""");
        Assert.Equal((HttpStatusCode.Conflict, "task-not-waiting"), (late.StatusCode, conflict["code"]!.ToString()));
        Assert.Equal(run, conflict["runId"]!.ToString());
    }

    /// <summary>Reports the task done that the run waits for, twice, and once otherwise.</summary>
    private async Task FinishAsync(JsonNode waiting)
    {
        var task = waiting["reason"]!.ToString().Split("task:")[1].TrimEnd('.');
        var (answer, first) = await server.PostAsync($"/api/tasks/{task}/complete", """{"result":"done"}""");
        var (_, again) = await server.PostAsync($"/api/tasks/{task}/complete", """{"result":"done"}""");
        var (other, problem) = await server.PostAsync($"/api/tasks/{task}/complete", """{"result":"not done"}""");

        Assert.Equal((HttpStatusCode.Accepted, false, true), (answer.StatusCode, first["repeated"]!.GetValue<bool>(), again["repeated"]!.GetValue<bool>()));
        Assert.Equal((HttpStatusCode.Conflict, "task-done-otherwise"), (other.StatusCode, problem["code"]!.ToString()));
        _ = await server.WaitAsync(waiting["id"]!.ToString(), r => r["status"]!.ToString() == "finished");
    }
}
