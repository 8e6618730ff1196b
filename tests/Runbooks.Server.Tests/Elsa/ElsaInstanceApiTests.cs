using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Runbooks.Server.Tests.Fixture;

namespace Runbooks.Server.Tests.Elsa;

/// <summary>What Studio's lists and viewer ask of the real server.</summary>
[Collection(ServerCollection.Name)]
public sealed class ElsaInstanceApiTests(ServerUnderTest server)
{
    private const string Api = "/elsa/api";

    [Fact]
    public async Task A_run_is_started_watched_and_cancelled_as_Studio_does_it()
    {
        var (answer, body) = await PostAsync("/workflow-definitions/wait/execute", """{"versionOptions":"Latest","correlationId":"c-7","input":{"Note":"x"}}""");
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        var id = Assert.Single(answer.Headers.GetValues("x-elsa-workflow-instance-id"));
        Assert.Equal(id, body["workflowState"]!["id"]!.ToString());
        _ = await server.WaitAsync(id, r => r["status"]!.ToString() == "suspended");

        var instance = await server.GetAsync($"{Api}/workflow-instances/{id}");
        Assert.Equal(("Running", "Suspended", "wait", "wait.1", "c-7"), (instance["status"]!.ToString(), instance["subStatus"]!.ToString(), instance["definitionId"]!.ToString(), instance["definitionVersionId"]!.ToString(), instance["correlationId"]!.ToString()));
        Assert.Equal("carl: from Elsa Studio", instance["workflowState"]!["properties"]!["runbooks:startedBy"]!.ToString());
        Assert.Single(instance["workflowState"]!["bookmarks"]!.AsArray());
        var state = await server.GetAsync($"{Api}/workflow-instances/{id}/execution-state");
        Assert.Equal(("Suspended", "Suspended"), (state["subStatus"]!.ToString(), state["workflowSubStatus"]!.ToString()));

        var (cancelled, _) = await PostAsync($"/cancel/workflow-instances/{id}", "{}");
        Assert.Equal(HttpStatusCode.OK, cancelled.StatusCode);
        var ended = await server.WaitAsync(id, r => r["ended"]!.GetValue<bool>());
        Assert.Equal(("cancelled", "Cancelled by carl. from Elsa Studio"), (ended["run"]!["status"]!.ToString(), ended["run"]!["reason"]!.ToString()));
        var journal = await JournalAsync(id, """{"filter":{"activityNodeIds":["Workflow1:Sequence1:delay"],"excludedActivityTypes":["Elsa.Workflow","Elsa.Flowchart"]}}""");
        Assert.Contains(journal["items"]!.AsArray(), e => e!["eventName"]!.ToString() == "Stimulus" && e["message"]!.ToString().Contains("carl", StringComparison.Ordinal));
        Assert.Contains(journal["items"]!.AsArray(), e => e!["eventName"]!.ToString() == "Suspended" && e["activityId"]!.ToString() == "delay");
    }

    [Fact]
    public async Task What_may_not_start_beside_another_says_so_in_the_header_and_what_can_not_start_says_why()
    {
        var (first, _) = await PostAsync("/workflow-definitions/alone/execute", "{}");
        var (second, _) = await PostAsync("/workflow-definitions/alone/execute", "{}");
        var (dispatch, why) = await PostAsync("/workflow-definitions/alone/dispatch", "{}");
        var (invalid, problems) = await PostAsync("/workflow-definitions/wait/execute", """{"input":{"Nonsense":1}}""");
        var (unknown, _) = await PostAsync("/workflow-definitions/nonsense/execute", "{}");

        Assert.Equal((HttpStatusCode.OK, "True"), (second.StatusCode, Assert.Single(second.Headers.GetValues("x-elsa-workflow-cannot-start"))));
        Assert.False(second.Headers.Contains("x-elsa-workflow-instance-id"));
        Assert.Equal(HttpStatusCode.BadRequest, dispatch.StatusCode);
        Assert.Contains("only one run of runbook 'alone'", Refusal(why), StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.BadRequest, invalid.StatusCode);
        Assert.Contains("Nonsense", Refusal(problems), StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.BadRequest, unknown.StatusCode);
        _ = await PostAsync($"/cancel/workflow-instances/{first.Headers.GetValues("x-elsa-workflow-instance-id").Single()}", "{}");
    }

    [Theory]
    [InlineData("/workflow-definitions/wait/execute", """{"input":{"Note":"x"}}""")]
    [InlineData("/workflow-definitions/wait/dispatch", """{"input":{"Note":"x"}}""")]
    [InlineData("/workflow-definitions/wait/bulk-dispatch", """{"input":{"Note":"x"}}""")]
    [InlineData("/cancel/workflow-instances/x", "{}")]
    [InlineData("/bulk-actions/cancel/workflow-instances", """{"definitionId":"wait"}""")]
    [InlineData("/alterations/workflows/retry", """{"workflowInstanceIds":["x"]}""")]
    [InlineData("/alterations/submit", """{"alterations":[{"type":"Cancel"}],"filter":{"definitionIds":["wait"]}}""")]
    [InlineData("/alterations/run", """{"alterations":[{"type":"Cancel"}],"workflowInstanceIds":["x"]}""")]
    [InlineData("/tests/activities", """{"workflowDefinitionHandle":{"definitionId":"wait"},"activityHandle":{"activityId":"delay"}}""")]
    [InlineData("/tasks/x/complete", "{}")]
    [InlineData("/events/knock/trigger", "{}")]
    public async Task Whoever_may_not_run_anything_is_refused_in_words_that_Studio_shows(string path, string body)
    {
        var (answer, refusal) = await PostAsync(path, body, "dora");

        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
        Assert.Contains("dora may not do this: it takes the role 'operator'", Refusal(refusal), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Instances_are_listed_narrowed_and_paged()
    {
        var mark = $"list-{Guid.NewGuid():n}";
        for (var i = 0; i < 3; i++)
        {
            _ = await PostAsync("/workflow-definitions/wait/execute", $$$"""{"correlationId":"{{{mark}}}","input":{"Note":"{{{i}}}"}}""");
        }

        var (_, page) = await PostAsync("/workflow-instances", $$"""{"page":1,"pageSize":2,"correlationId":"{{mark}}","orderBy":"Created","orderDirection":"Ascending"}""");
        var (_, running) = await PostAsync("/workflow-instances", $$"""{"correlationId":"{{mark}}","statuses":["Running"],"isSystem":false}""");
        var (_, finished) = await PostAsync("/workflow-instances", $$"""{"correlationId":"{{mark}}","status":"Finished"}""");

        Assert.Equal((3, 1), (page["totalCount"]!.GetValue<int>(), page["items"]!.AsArray().Count));
        Assert.Null(page["items"]![0]!["workflowState"]);
        Assert.Equal(3, running["totalCount"]!.GetValue<int>());
        Assert.Equal(0, finished["totalCount"]!.GetValue<int>());

        var (bulk, cancelled) = await PostAsync("/bulk-actions/cancel/workflow-instances", new JsonObject { ["ids"] = new JsonArray([.. running["items"]!.AsArray().Select(i => (JsonNode?)i!["id"]!.ToString())]) }.ToJsonString());
        Assert.Equal((HttpStatusCode.OK, 3), (bulk.StatusCode, cancelled["cancelled"]!.GetValue<int>()));
        var (nothing, _) = await PostAsync("/bulk-actions/cancel/workflow-instances", "{}");
        Assert.Equal(HttpStatusCode.BadRequest, nothing.StatusCode);
    }

    [Fact]
    public async Task A_migration_shows_its_steps_in_badges_lists_and_call_stack()
    {
        var id = await server.StartAsync("migrate-vm", """{"Vm":"vm13","Destination":"host08"}""", "carl");
        _ = await server.WaitAsync(id, r => r["ended"]!.GetValue<bool>());

        var (_, report) = await PostAsync("/activity-executions/report", $$"""{"workflowInstanceId":"{{id}}","activityNodeIds":["Workflow1:Flowchart1:check","Workflow1:Flowchart1:activate"]}""");
        var list = await server.GetAsync($"{Api}/activity-executions/list?WorkflowInstanceId={id}&ActivityNodeId=Workflow1:Flowchart1:check");
        var summaries = await server.GetAsync($"{Api}/activity-execution-summaries/list?WorkflowInstanceId={id}&ActivityNodeId=Workflow1:Flowchart1:check");
        var whole = await server.GetAsync($"{Api}/activity-executions/list?WorkflowInstanceId={id}&ActivityNodeId=Workflow1");
        var flowchart = await server.GetAsync($"{Api}/activity-executions/list?WorkflowInstanceId={id}&ActivityNodeId=Workflow1:Flowchart1");
        var record = list["items"]![0]!;
        var byId = await server.GetAsync($"{Api}/activity-executions/by-id?id={record["id"]}");
        var stack = await server.GetAsync($"{Api}/activity-executions/{record["id"]}/call-stack?includeCrossWorkflowChain=True");
        var variables = await server.GetAsync($"{Api}/workflow-instances/{id}/variables");

        Assert.Equal(["check", "activate"], report["stats"]!.AsArray().Select(s => s!["activityId"]!.ToString()));
        Assert.All(report["stats"]!.AsArray(), s => Assert.Equal((1, 1, 0, false, false), (s!["startedCount"]!.GetValue<int>(), s["completedCount"]!.GetValue<int>(), s["uncompletedCount"]!.GetValue<int>(), s["isBlocked"]!.GetValue<bool>(), s["isFaulted"]!.GetValue<bool>())));
        Assert.Equal(("vm13", "Completed", 1), (record["activityState"]!["Vm"]!.ToString(), record["status"]!.ToString(), list["count"]!.GetValue<int>()));
        Assert.Null(summaries["items"]![0]!["activityState"]);
        Assert.Equal(("Elsa.Workflow", "Completed"), (whole["items"]![0]!["activityType"]!.ToString(), whole["items"]![0]!["status"]!.ToString()));
        Assert.Equal(1, flowchart["count"]!.GetValue<int>());
        Assert.Equal(record.ToJsonString(), byId.ToJsonString());
        Assert.Equal(["Workflow1", "Flowchart1", "check"], stack["items"]!.AsArray().Select(s => s!["activityId"]!.ToString()));
        Assert.Contains(variables["items"]!.AsArray(), v => v!["name"]!.ToString() == "Source" && v["id"]!.ToString() == "v-source" && v["value"] is not null);
    }

    [Fact]
    public async Task A_run_that_needs_attention_is_shown_with_its_incident_and_retried()
    {
        var id = await server.StartAsync("stuck", """{"Host":"host11"}""", "carl");
        _ = await server.WaitAsync(id, r => r["status"]!.ToString() == "needsAttention");

        var instance = await server.GetAsync($"{Api}/workflow-instances/{id}");
        var (_, troubled) = await PostAsync("/workflow-instances", $$"""{"hasIncidents":true,"ids":["{{id}}"]}""");
        var (_, retried) = await PostAsync("/alterations/workflows/retry", $$"""{"workflowInstanceIds":["{{id}}"],"activityIds":["stop"]}""");
        var (_, nothing) = await PostAsync("/alterations/workflows/retry", $$"""{"workflowInstanceIds":["{{id}}","nonsense"],"activityIds":["cordon"]}""");

        Assert.Equal(("Suspended", 1), (instance["subStatus"]!.ToString(), instance["incidentCount"]!.GetValue<int>()));
        Assert.EndsWith("(needs attention)", instance["name"]!.ToString(), StringComparison.Ordinal);
        Assert.Equal("The rack does not answer.", instance["workflowState"]!["incidents"]![0]!["message"]!.ToString());
        Assert.Equal(1, troubled["totalCount"]!.GetValue<int>());
        Assert.True(retried["results"]![0]!["isSuccessful"]!.GetValue<bool>());
        Assert.All(nothing["results"]!.AsArray(), r => Assert.False(r!["isSuccessful"]!.GetValue<bool>()));
        var (submitted, plan) = await PostAsync("/alterations/submit", $$$"""{"alterations":[{"type":"Cancel"}],"filter":{"workflowInstanceIds":["{{{id}}}"]}}""");
        Assert.Equal(HttpStatusCode.OK, submitted.StatusCode);
        Assert.Equal(id, (await server.GetAsync($"{Api}/alterations/{plan["planId"]}"))["jobs"]![0]!["workflowInstanceId"]!.ToString());
        _ = await server.WaitAsync(id, r => r["ended"]!.GetValue<bool>());
        var undone = (await server.GetAsync($"{Api}/activity-executions/list?WorkflowInstanceId={id}&ActivityNodeId=Workflow1:Sequence1:cordon"))["items"]![0]!;
        Assert.Equal("undone", undone["properties"]!["runbooks:undo"]!.ToString());
    }

    [Theory]
    [InlineData("/workflow-instances/x/variables", """{"variables":[]}""", "can't be set from outside")]
    [InlineData("/bulk-actions/delete/workflow-instances/by-id", """{"ids":["x"]}""", "not deleted by hand")]
    [InlineData("/bulk-actions/import/workflow-instances", "{}", "can't be imported")]
    [InlineData("/alterations/submit", """{"alterations":[{"type":"Migrate"}],"filter":{}}""", "stays on the version")]
    [InlineData("/alterations/run", """{"alterations":[{"type":"ModifyVariable"}]}""", "Retry a failed step")]
    [InlineData("/tests/activities", """{"workflowDefinitionHandle":{"definitionId":"stuck"},"activityHandle":{"activityId":"cordon"}}""", "would change the fleet; run the draft: that is a dry run.")]
    [InlineData("/tests/activities", """{"workflowDefinitionHandle":{"definitionId":"ask-as-part"},"activityHandle":{"activityId":"part"}}""", "starts another runbook")]
    [InlineData("/workflow-definitions/wait/dispatch", """{"instanceId":"x"}""", "given by the server")]
    [InlineData("/workflow-instances", "nonsense", "not JSON")]
    public async Task What_is_not_done_is_refused_with_the_reason(string path, string body, string reason)
    {
        var (answer, refusal) = await PostAsync(path, body);

        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
        Assert.Contains(reason, Refusal(refusal), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_form_that_another_site_could_send_changes_nothing()
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, $"{Api}/alterations/submit") { Content = new StringContent("""{"alterations":[{"type":"Cancel"}],"filter":{"emptyFilterSelectsAll":true}}""", System.Text.Encoding.UTF8, "text/plain") };
        request.Headers.Add("Authorization", "Bearer carl");
        using var answer = await server.Http.SendAsync(request);

        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
    }

    [Fact]
    public async Task An_activity_that_looks_really_looks_when_it_is_tested()
    {
        var (answer, body) = await PostAsync("/tests/activities", """{"workflowDefinitionHandle":{"definitionId":"consolidate"},"activityHandle":{"activityId":"plan"}}""");
        var (pure, computed) = await PostAsync("/tests/activities", """{"workflowDefinitionHandle":{"definitionVersionId":"stuck.1"},"activityHandle":{"activityId":"line"}}""");

        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.Equal("Completed", body["status"]!.ToString());
        Assert.NotNull(body["outputs"]!["Summary"]);
        Assert.Equal((HttpStatusCode.OK, "On we go."), (pure.StatusCode, computed["activityState"]!["Text"]!.ToString()));
    }

    [Fact]
    public async Task Runs_go_out_as_files_and_a_deleted_one_is_still_there()
    {
        var id = await server.StartAsync("wait", """{"Note":"x"}""");
        _ = await server.WaitAsync(id, r => r["status"]!.ToString() == "suspended");

        using var running = await server.Http.GetAsync($"{Api}/activity-executions/by-id?id={id}-1");
        using var list = await server.Http.GetAsync($"{Api}/activity-executions/list?WorkflowInstanceId={id}&ActivityNodeId=Workflow1:Sequence1");
        Assert.True(running.Headers.CacheControl!.MaxAge >= TimeSpan.FromSeconds(2));
        Assert.Null(list.Headers.CacheControl);

        var exported = await server.GetAsync($"{Api}/workflow-instances/{id}/export");
        using var zip = await server.Http.PostAsync($"{Api}/bulk-actions/export/workflow-instances", JsonContent.Create(new { ids = new[] { id } }));
        using var deleted = await server.Http.DeleteAsync($"{Api}/workflow-instances/{id}");
        using var missing = await server.Http.GetAsync($"{Api}/workflow-instances/{Guid.NewGuid():n}");

        Assert.Equal(id, exported["workflowState"]!["id"]!.ToString());
        Assert.NotEmpty(exported["workflowExecutionLogRecords"]!.AsArray());
        Assert.Equal("application/zip", zip.Content.Headers.ContentType!.MediaType);
        Assert.Equal(HttpStatusCode.BadRequest, deleted.StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, missing.StatusCode);
        Assert.NotNull(await server.GetAsync($"{Api}/workflow-instances/{id}"));
        _ = await PostAsync($"/cancel/workflow-instances/{id}", "{}");
    }

    [Fact]
    public async Task A_dry_run_started_through_the_api_is_one_wherever_it_is_shown()
    {
        var (answer, body) = await server.PostAsync("/api/runs", """{"runbook":"migrate-vm","input":{"Vm":"vm14","Destination":"host09"},"dryRun":true}""", "dry-1");
        Assert.True(answer.IsSuccessStatusCode, body.ToJsonString());
        var id = body["id"]!.ToString();
        var detail = await server.WaitAsync(id, r => r["ended"]!.GetValue<bool>());
        var (real, problem) = await server.PostAsync("/api/runs", """{"runbook":"migrate-vm","input":{"Vm":"vm14","Destination":"host09"}}""", "dry-1");
        var instance = await server.GetAsync($"{Api}/workflow-instances/{id}");
        var record = (await server.GetAsync($"{Api}/activity-executions/list?WorkflowInstanceId={id}&ActivityNodeId=Workflow1:Flowchart1:stop-and-copy"))["items"]![0]!;

        Assert.Equal(("finished", true), (detail["run"]!["status"]!.ToString(), detail["run"]!["dryRun"]!.GetValue<bool>()));
        Assert.Equal(8, detail["steps"]!.AsArray().Count(s => s!["leftOut"]!.GetValue<bool>()));
        Assert.Equal((HttpStatusCode.UnprocessableEntity, "idempotency-key-reused"), (real.StatusCode, problem["code"]!.ToString()));
        Assert.StartsWith("Dry run: migrate-vm vm14", instance["name"]!.ToString(), StringComparison.Ordinal);
        Assert.Equal("notDone", record["properties"]!["runbooks:effect"]!.ToString());
        var (again, restarted) = await server.OrderAsync(id, "restart");
        Assert.True(again.IsSuccessStatusCode, restarted.ToJsonString());
        Assert.True(restarted["dryRun"]!.GetValue<bool>());
    }

    private Task<JsonNode> JournalAsync(string id, string filter) => PostAsync($"/workflow-instances/{id}/journal?skip=0&take=110", filter).ContinueWith(t => t.Result.Body, TaskScheduler.Default);

    private static string Refusal(JsonNode body) => string.Join(" ", body["errors"]!["generalErrors"]!.AsArray().Select(e => e!.ToString()));

    /// <summary>As Studio sends it: the name of whoever is in front of it as the access token.</summary>
    private async Task<(HttpResponseMessage Answer, JsonNode Body)> PostAsync(string path, string json, string actor = "carl")
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, Api + path) { Content = new StringContent(json, System.Text.Encoding.UTF8, "application/json") };
        request.Headers.Add("Authorization", $"Bearer {actor}");
        var answer = await server.Http.SendAsync(request);
        var text = await answer.Content.ReadAsStringAsync();
        return (answer, text.Length == 0 ? new JsonObject() : JsonNode.Parse(text)!);
    }
}
