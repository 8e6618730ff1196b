using System.Net;
using System.Text.Json.Nodes;
using Runbooks.Server.Access;
using Runbooks.Server.Tests.Fixture;

namespace Runbooks.Server.Tests.Api;

/// <summary>Roles hold in the API of the product as they do in Elsa's. dora approves and edda edits; carl is an operator, paul a publisher.</summary>
[Collection(ServerCollection.Name)]
public sealed class RoleTests(ServerUnderTest server)
{
    private const string Nothing = "00000000000000000000000000000001";

    public static TheoryData<string, string> WhatOperatorsDo => new()
    {
        { "/api/runs", """{"runbook":"wait","input":{"Note":"x"}}""" },
        { "/api/runs", """{"runbook":"migrate-vm","input":{"Vm":"vm07","Destination":"host05"},"dryRun":true}""" },
        { $"/api/runs/{Nothing}:pause", """{"reason":"x"}""" },
        { $"/api/runs/{Nothing}:resume", """{"reason":"x"}""" },
        { $"/api/runs/{Nothing}:cancel", """{"reason":"x"}""" },
        { $"/api/runs/{Nothing}:retry", """{"reason":"x"}""" },
        { $"/api/runs/{Nothing}:skip", """{"reason":"x","step":1}""" },
        { $"/api/runs/{Nothing}:resolve", """{"reason":"x","step":1,"found":"done"}""" },
        { $"/api/runs/{Nothing}:restart-from", """{"reason":"x","step":1}""" },
        { $"/api/runs/{Nothing}:undo", """{"reason":"x"}""" },
        { $"/api/runs/{Nothing}:restart", """{"reason":"x"}""" },
        { $"/api/runs/{Nothing}/cancel", """{"reason":"x"}""" },
        { $"/api/runs/{Nothing}/retry", """{"reason":"x"}""" },
        { "/api/runs:bulk", """{"verb":"cancel","filter":{"runbook":"wait"},"reason":"x"}""" },
        { "/api/events/role-test", "{}" },
        { "/api/tasks/nonsense/complete", "{}" },
    };

    [Theory]
    [MemberData(nameof(WhatOperatorsDo))]
    public async Task Whoever_is_no_operator_is_refused_and_an_operator_is_not(string path, string body)
    {
        var before = (await server.GetAsync("/api/runs?limit=500")).AsArray().Count;

        var (answer, problem) = await server.PostAsync(path, body, actor: "dora");
        var named = JsonNode.Parse(body)!.AsObject();
        named["actor"] = "edda";
        var (editor, _) = await server.PostAsync(path, named.ToJsonString());
        var after = (await server.GetAsync("/api/runs?limit=500")).AsArray().Count;
        var (allowed, _) = await server.PostAsync(path, body, actor: "carl");

        Assert.Equal((HttpStatusCode.Forbidden, "not-allowed"), (answer.StatusCode, problem["code"]!.ToString()));
        Assert.Equal("application/problem+json", answer.Content.Headers.ContentType!.MediaType);
        Assert.Equal("dora may not do this: it takes the role 'operator' or 'publisher' (setting Access:People:dora).", problem["detail"]!.ToString());
        Assert.Equal(HttpStatusCode.Forbidden, editor.StatusCode);
        Assert.Equal(before, after);
        Assert.NotEqual(HttpStatusCode.Forbidden, allowed.StatusCode);
    }

    [Fact]
    public async Task Nobody_is_nobody_and_the_cookie_of_the_console_counts()
    {
        var (answer, problem) = await server.PostAsync("/api/events/role-test", "{}", actor: null);
        using var request = new HttpRequestMessage(HttpMethod.Post, "/api/events/role-test") { Content = new StringContent("{}", System.Text.Encoding.UTF8, "application/json") };
        request.Headers.Add("Cookie", $"{People.Cookie}=paul");
        using var byCookie = await server.Http.SendAsync(request);

        Assert.Equal(HttpStatusCode.Forbidden, answer.StatusCode);
        Assert.Contains("Give your name", problem["detail"]!.ToString(), StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.Accepted, byCookie.StatusCode);
    }

    [Fact]
    public async Task An_approver_who_is_no_operator_still_answers()
    {
        var run = await server.StartAsync("ask", """{"Host":"host12"}""");
        var id = (await server.WaitAsync(run, r => r["status"]!.ToString() == "suspended"))["approvals"]![0]!["id"]!.ToString();

        var (answer, _) = await server.PostAsync($"/api/approvals/{id}:reject", """{"actor":"dora","reason":"x","planHash":"p-42"}""");

        Assert.Equal(HttpStatusCode.Accepted, answer.StatusCode);
    }

    [Fact]
    public void Where_nobody_has_a_role_everybody_may_do_everything()
    {
        var person = new People(AccessOptions.Nobody).Named("api");

        Assert.All(Enum.GetValues<Permission>(), p => Assert.True(person.May(p)));
    }

    [Fact]
    public async Task A_restart_beside_another_run_of_a_runbook_that_runs_alone_is_refused_and_names_it()
    {
        var ended = await server.StartAsync("alone");
        _ = await server.OrderAsync(ended, "cancel");
        await server.WaitAsync(ended, r => r["status"]!.ToString() == "cancelled");
        var open = await server.StartAsync("alone");

        var (answer, problem) = await server.OrderAsync(ended, "restart");
        var (_, bulk) = await server.PostAsync("/api/runs:bulk", $$"""{"verb":"restart","ids":["{{ended}}"],"actor":"carl","reason":"x"}""");
        _ = await server.OrderAsync(open, "cancel");
        await server.WaitAsync(open, r => r["status"]!.ToString() == "cancelled");
        var (again, restarted) = await server.OrderAsync(ended, "restart");

        Assert.Equal((HttpStatusCode.Conflict, "not-allowed-in-this-state"), (answer.StatusCode, problem["code"]!.ToString()));
        Assert.Contains(open, problem["detail"]!.ToString(), StringComparison.Ordinal);
        Assert.Contains(open, bulk["runs"]![0]!["problem"]!.ToString(), StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.Accepted, again.StatusCode);
        _ = await server.OrderAsync(restarted["id"]!.ToString(), "cancel");
        await server.WaitAsync(restarted["id"]!.ToString(), r => r["status"]!.ToString() == "cancelled");
    }
}
