using System.Net;
using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;
using Runbooks.Server.Tests.Fixture;
using Runbooks.Workflows.Operations;
using Runbooks.Workflows.Runs;

namespace Runbooks.Server.Tests.Api;

/// <summary>Somebody else with the right role says yes or no, to the plan that they saw.</summary>
[Collection(ServerCollection.Name)]
public sealed class ApprovalApiTests(ServerUnderTest server)
{
    [Fact]
    public async Task What_waits_is_listed_with_who_may_approve_it_and_the_run_goes_on_when_it_is_approved()
    {
        var (run, id) = await AskedAsync("anna");
        var listed = (await server.GetAsync("/api/approvals")).AsArray().Single(a => a!["id"]!.ToString() == id)!;

        var (answer, body) = await AnswerAsync(id, "approve", "bert");

        Assert.Equal("Empty host12?", listed["subject"]!.ToString());
        Assert.Equal("anna", listed["requestedBy"]!.ToString());
        Assert.Equal(["bert", "dora"], listed["mayApprove"]!.AsArray().Select(p => p!.ToString()));
        Assert.Equal(3, listed["details"]!["moves"]!.GetValue<int>());
        Assert.Equal(HttpStatusCode.Accepted, answer.StatusCode);
        Assert.Equal(("approved", "bert"), (body["state"]!.ToString(), body["decidedBy"]!.ToString()));
        var detail = await server.WaitAsync(run, r => r["status"]!.ToString() == "finished");
        Assert.Equal("approved", Assert.Single(detail["approvals"]!.AsArray())!["state"]!.ToString());
        Assert.DoesNotContain((await server.GetAsync("/api/approvals")).AsArray(), a => a!["id"]!.ToString() == id);
        _ = await server.OrderAsync(run, "undo");
        await server.WaitAsync(run, r => r["status"]!.ToString() == "compensated");
    }

    [Theory]
    [InlineData("anna", "p-42", HttpStatusCode.Forbidden, "nobody approves their own")]
    [InlineData("carl", "p-42", HttpStatusCode.Forbidden, "asks for approver")]
    [InlineData("nobody", "p-42", HttpStatusCode.Forbidden, "has no role")]
    [InlineData("bert", "p-41", HttpStatusCode.Conflict, "the answer names 'p-41'")]
    [InlineData("bert", null, HttpStatusCode.Conflict, "plan 'p-42'")]
    public async Task An_answer_that_does_not_count_says_why_and_leaves_it_waiting(string actor, string? hash, HttpStatusCode expected, string why)
    {
        var (run, id) = await AskedAsync("anna");

        var (answer, problem) = await AnswerAsync(id, "approve", actor, hash);

        Assert.Equal(expected, answer.StatusCode);
        Assert.Contains(why, problem["detail"]!.ToString(), StringComparison.Ordinal);
        Assert.Equal("waiting", (await server.GetAsync($"/api/approvals/{id}"))["state"]!.ToString());
        await CancelledAsync(run);
    }

    [Fact]
    public async Task A_repeated_answer_is_one_answer_and_a_different_one_does_not_change_it()
    {
        var (run, id) = await AskedAsync("anna");

        var (first, _) = await AnswerAsync(id, "reject", "bert");
        var (repeated, _) = await AnswerAsync(id, "reject", "bert");
        var (other, problem) = await AnswerAsync(id, "approve", "dora");
        var (changed, _) = await AnswerAsync(id, "approve", "bert");

        Assert.Equal(HttpStatusCode.Accepted, first.StatusCode);
        Assert.Equal(HttpStatusCode.Accepted, repeated.StatusCode);
        Assert.Equal(HttpStatusCode.Conflict, other.StatusCode);
        Assert.Contains("rejected by 'bert' already", problem["detail"]!.ToString(), StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.Conflict, changed.StatusCode);
        var detail = await server.WaitAsync(run, r => r["status"]!.ToString() == "finished");
        Assert.DoesNotContain(detail["steps"]!.AsArray(), s => s!["activity"]!.ToString() == "cordon");
    }

    [Fact]
    public async Task Two_answers_at_once_have_one_winner_and_the_other_is_told()
    {
        var (run, id) = await AskedAsync("anna");

        var answers = await Task.WhenAll(AnswerAsync(id, "approve", "bert"), AnswerAsync(id, "reject", "dora"));

        Assert.Equal([HttpStatusCode.Accepted, HttpStatusCode.Conflict], answers.Select(a => a.Answer.StatusCode).Order());
        await server.WaitAsync(run, r => r["status"]!.ToString() == "finished");
        _ = await server.OrderAsync(run, "undo");
        await server.WaitAsync(run, r => r["status"]!.ToString() == "compensated");
    }

    [Fact]
    public async Task Whoever_started_the_whole_run_can_not_approve_a_part_of_it()
    {
        var root = await server.StartAsync("ask-as-part", actor: "bert");
        var part = (await server.WaitAsync(root, r => r["status"]!.ToString() == "suspended"))["children"]![0]!["id"]!.ToString();
        var id = await ApprovalOfAsync(part);

        var (own, problem) = await AnswerAsync(id, "approve", "bert");
        var (others, _) = await AnswerAsync(id, "reject", "anna");

        Assert.Equal(HttpStatusCode.Forbidden, own.StatusCode);
        Assert.Contains("nobody approves their own", problem["detail"]!.ToString(), StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.Accepted, others.StatusCode);
        await server.WaitAsync(root, r => r["status"]!.ToString() == "finished");
    }

    [Fact]
    public async Task A_run_that_nobody_said_to_have_started_can_be_rejected_and_not_approved()
    {
        var started = await server.Services.GetRequiredService<IRunStarter>().StartAsync(new StartRequest("ask", new JsonObject { ["Host"] = "host12" }, ActorName.Unnamed, null, null), CancellationToken.None);
        var run = Assert.IsType<StartAnswer.Accepted>(started).RunId.ToString();
        var id = await ApprovalOfAsync(run);

        var (approved, problem) = await AnswerAsync(id, "approve", "bert");
        var (rejected, _) = await AnswerAsync(id, "reject", "bert");

        Assert.Equal(HttpStatusCode.Forbidden, approved.StatusCode);
        Assert.Contains("Nobody said who started", problem["detail"]!.ToString(), StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.Accepted, rejected.StatusCode);
        await server.WaitAsync(run, r => r["status"]!.ToString() == "finished");
    }

    [Fact]
    public async Task A_cancelled_run_does_not_wait_any_more()
    {
        var (run, id) = await AskedAsync("anna");
        await CancelledAsync(run);

        var (answer, problem) = await AnswerAsync(id, "approve", "bert");
        var (unknown, _) = await AnswerAsync("nonsense", "approve", "bert");

        Assert.Equal(HttpStatusCode.Conflict, answer.StatusCode);
        Assert.Contains("does not wait for it any more", problem["detail"]!.ToString(), StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.NotFound, unknown.StatusCode);
    }

    private async Task<(string Run, string Approval)> AskedAsync(string actor)
    {
        var run = await server.StartAsync("ask", """{"Host":"host12"}""", actor);
        return (run, await ApprovalOfAsync(run));
    }

    private async Task<string> ApprovalOfAsync(string run) =>
        (await server.WaitAsync(run, r => r["status"]!.ToString() == "suspended"))["approvals"]![0]!["id"]!.ToString();

    private Task<(HttpResponseMessage Answer, JsonNode Body)> AnswerAsync(string id, string verb, string actor, string? hash = "p-42") =>
        server.PostAsync($"/api/approvals/{id}:{verb}", new JsonObject { ["actor"] = actor, ["reason"] = "a test", ["planHash"] = hash }.ToJsonString());

    private async Task CancelledAsync(string run)
    {
        _ = await server.OrderAsync(run, "cancel");
        await server.WaitAsync(run, r => r["status"]!.ToString() == "cancelled");
    }
}
