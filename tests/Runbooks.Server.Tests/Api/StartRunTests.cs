using System.Net;
using Runbooks.Server.Tests.Fixture;

namespace Runbooks.Server.Tests.Api;

[Collection(ServerCollection.Name)]
public sealed class StartRunTests(ServerUnderTest server)
{
    [Theory]
    [InlineData("""{"runbook":"nope"}""", "unknown-runbook", "runbook")]
    [InlineData("""{}""", "invalid-input", "runbook")]
    [InlineData("""{"runbook":7}""", "invalid-input", "runbook")]
    [InlineData("""{"runbook":"wait","input":[]}""", "invalid-input", "input")]
    [InlineData("""{"runbook":"wait","input":{}}""", "invalid-input", "Note")]
    [InlineData("""{"runbook":"wait","input":{"Note":"x","Count":"many"}}""", "invalid-input", "Count")]
    [InlineData("""{"runbook":"wait","input":{"Note":5}}""", "invalid-input", "Note")]
    [InlineData("""{"runbook":"wait","input":{"Note":"x","Names":"one"}}""", "invalid-input", "Names")]
    [InlineData("""{"runbook":"wait","input":{"Note":"x","Colour":"red"}}""", "invalid-input", "Colour")]
    [InlineData("""{"runbook":"wait","inputs":{}}""", "invalid-input", "inputs")]
    [InlineData("""{"runbook":"wait","reason":{}}""", "invalid-input", "reason")]
    [InlineData("""{"runbook":"broken"}""", "unknown-runbook", "runbook")]
    [InlineData("""{"runbook":""", "malformed-body", "body")]
    [InlineData("""[1]""", "malformed-body", "body")]
    [InlineData("""null""", "malformed-body", "body")]
    [InlineData("", "malformed-body", "body")]
    [InlineData("""{"runbook":"wait","runbook":"wait"}""", "malformed-body", "body")]
    public async Task A_bad_request_is_refused_with_the_field_that_is_wrong(string body, string code, string field)
    {
        var before = (await server.GetAsync("/api/runs?limit=500")).AsArray().Count;

        var (answer, problem) = await server.PostAsync("/api/runs", body);

        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
        Assert.Equal("application/problem+json", answer.Content.Headers.ContentType!.MediaType);
        Assert.Equal(code, problem["code"]!.ToString());
        Assert.NotNull(problem["errors"]![field]);
        Assert.Equal(before, (await server.GetAsync("/api/runs?limit=500")).AsArray().Count);
    }

    [Fact]
    public async Task All_wrong_inputs_are_named_at_once()
    {
        var (_, problem) = await server.PostAsync("/api/runs", """{"runbook":"wait","input":{"Count":"x","Colour":1}}""");

        Assert.Equal(["Colour", "Count", "Note"], problem["errors"]!.AsObject().Select(e => e.Key).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task What_is_not_sent_as_json_is_refused()
    {
        var (answer, problem) = await server.PostAsync("/api/runs", """{"runbook":"wait","input":{"Note":"x"}}""", contentType: "text/plain");

        Assert.Equal(HttpStatusCode.UnsupportedMediaType, answer.StatusCode);
        Assert.Equal("not-json", problem["code"]!.ToString());
    }

    [Fact]
    public async Task A_run_is_accepted_with_its_place()
    {
        var (answer, run) = await server.PostAsync("/api/runs", """{"runbook":"wait","input":{"Note":"x"},"reason":"to see","correlationId":"c1"}""");

        Assert.Equal(HttpStatusCode.Accepted, answer.StatusCode);
        Assert.Equal($"/api/runs/{run["id"]}", answer.Headers.Location!.OriginalString);
        Assert.Equal("carl: to see", run["startedBy"]!.ToString());
        Assert.Equal("c1", run["correlationId"]!.ToString());
    }

    [Fact]
    public async Task The_same_key_is_the_same_run_and_other_inputs_under_it_are_refused()
    {
        var key = Guid.NewGuid().ToString();
        var (_, first) = await server.PostAsync("/api/runs", """{"runbook":"wait","input":{"Note":"x","Count":2}}""", key);

        var (again, second) = await server.PostAsync("/api/runs", """{"input":{"Count":2,"Note":"x"},"runbook":"wait"}""", key);
        var (other, problem) = await server.PostAsync("/api/runs", """{"runbook":"wait","input":{"Note":"y","Count":2}}""", key);

        Assert.Equal(HttpStatusCode.Accepted, again.StatusCode);
        Assert.Equal(first["id"]!.ToString(), second["id"]!.ToString());
        Assert.Equal(HttpStatusCode.UnprocessableEntity, other.StatusCode);
        Assert.Equal("idempotency-key-reused", problem["code"]!.ToString());
    }

    [Theory]
    [InlineData("status=nope", "status")]
    [InlineData("status=3", "status")]
    [InlineData("open=perhaps", "open")]
    [InlineData("limit=0", "limit")]
    [InlineData("limit=501", "limit")]
    [InlineData("before=yesterday", "before")]
    [InlineData("colour=red", "colour")]
    public async Task A_bad_filter_is_refused_with_its_name(string query, string field)
    {
        using var answer = await server.Http.GetAsync($"/api/runs?{query}");

        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
        Assert.Contains($"\"{field}\"", await answer.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }
}
