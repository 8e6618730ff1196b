using System.Text.Json.Nodes;
using Runbooks.Server.Tests.Fixture;

namespace Runbooks.Server.Tests.Cli;

[Collection(ServerCollection.Name)]
public sealed class CliTests(ServerUnderTest server)
{
    [Fact]
    public async Task Status_shows_every_host()
    {
        var (code, output, _) = await RunAsync("status");

        Assert.Equal(0, code);
        Assert.Contains("host01", output, StringComparison.Ordinal);
        Assert.Contains("host12", output, StringComparison.Ordinal);
        Assert.DoesNotContain("\u001b[", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Status_as_json_is_json_and_nothing_else()
    {
        var (code, output, _) = await RunAsync("status", "--json");

        Assert.Equal(0, code);
        Assert.Equal(12, JsonNode.Parse(output)!["hosts"]!.AsArray().Count);
    }

    [Fact]
    public async Task A_run_that_is_waited_for_tells_its_stages_and_its_end()
    {
        var (code, output, error) = await RunAsync("run", "migrate-vm", "--input", "Vm=vm05", "-i", "Destination=host09", "--wait", "--reason", "a test");

        Assert.True(code == 0, output + error);
        Assert.Contains("Pre-copy", output, StringComparison.Ordinal);
        Assert.Contains("finished", output, StringComparison.Ordinal);
        Assert.Contains("migrate-vm", (await RunAsync("runs", "--limit", "5")).Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_dry_run_is_started_and_listed_as_one_and_moves_nothing()
    {
        var (code, output, error) = await RunAsync("run", "migrate-vm", "--input", "Vm=vm15", "-i", "Destination=host09", "--dry-run", "--json");

        Assert.True(code == 0, output + error);
        var run = JsonNode.Parse(output)!;
        Assert.True(run["dryRun"]!.GetValue<bool>());
        var ended = await server.WaitAsync(run["id"]!.ToString(), r => r["ended"]!.GetValue<bool>());
        Assert.Equal("finished", ended["run"]!["status"]!.ToString());
        Assert.Contains(JsonNode.Parse((await RunAsync("status", "--json")).Output)!["hosts"]!.AsArray(), h => h!["name"]!.ToString() != "host09" && h["vms"]!.AsArray().Any(v => v!["name"]!.ToString() == "vm15"));
        Assert.Contains("migrate-vm (dry run)", (await RunAsync("runs", "--limit", "50", "--runbook", "migrate-vm")).Output.ReplaceLineEndings(" "), StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_event_is_published_and_says_what_it_did()
    {
        var key = Guid.NewGuid().ToString();

        var (code, output, _) = await RunAsync("events", "publish", "from-the-shell", "--payload", """{"n":1}""", "--key", key);
        var (_, again, _) = await RunAsync("events", "publish", "from-the-shell", "--payload", """{"n":1}""", "--key", key);
        var (wrong, _, error) = await RunAsync("events", "publish", "from-the-shell", "--payload", "other", "--key", key);

        Assert.Equal((0, 2), (code, wrong));
        Assert.Contains("is kept for a run that will", output, StringComparison.Ordinal);
        Assert.Contains("published before", again, StringComparison.Ordinal);
        Assert.Contains(key, error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_a_person_may_not_do_is_refused_with_the_role_that_it_takes()
    {
        var (start, _, whyNot) = await RunAsync("run", "wait", "-i", "Note=x", "--actor", "dora");
        var (publish, _, why) = await RunAsync("events", "publish", "from-the-shell", "--actor", "dora");

        Assert.Equal((2, 2), (start, publish));
        Assert.Contains("dora may not do this: it takes the role 'operator'", whyNot, StringComparison.Ordinal);
        Assert.Contains("dora may not do this: it takes the role 'operator'", why, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_run_that_was_undone_is_exit_code_three()
    {
        var (code, output, _) = await RunAsync("run", "migrate-vm", "-i", "Vm=vm99", "-i", "Destination=host09", "--wait");

        Assert.Equal(3, code);
        Assert.Contains("vm99", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_waiting_run_is_cancelled_with_a_reason()
    {
        var run = await server.StartAsync("wait", """{"Note":"x"}""");

        var (without, _, hint) = await RunAsync("cancel", run);
        var (with, _, _) = await RunAsync("cancel", run, "--reason", "enough");
        var (watched, _, _) = await RunAsync("watch", run, "--json");

        Assert.Equal(2, without);
        Assert.Contains("--reason", hint, StringComparison.Ordinal);
        Assert.Equal(0, with);
        Assert.Equal(3, watched);
    }

    [Fact]
    public async Task A_run_is_steered_with_a_name_and_a_reason_and_its_history_shows_them()
    {
        var run = await server.StartAsync("wait", """{"Note":"x"}""");
        await server.WaitAsync(run, r => r["status"]!.ToString() == "suspended");

        var (paused, said, _) = await RunAsync("run", "pause", run, "--reason", "a storm", "--actor", "bert");
        var (wrong, _, why) = await RunAsync("run", "skip", run, "--step", "1", "--reason", "x");
        var (history, text, _) = await RunAsync("run", "history", run);
        var (json, body, _) = await RunAsync("run", "resume", run, "--reason", "over", "--json");
        var (many, told, _) = await RunAsync("run", "cancel", "--runbook", "wait", "--status", "suspended", "--reason", "enough");

        Assert.Equal(0, paused);
        Assert.Contains("is paused", said, StringComparison.Ordinal);
        Assert.Equal(2, wrong);
        Assert.Contains("No step of it has failed", why, StringComparison.Ordinal);
        Assert.Equal(0, history);
        Assert.Contains("Pause, asked by bert. a storm", text, StringComparison.Ordinal);
        Assert.Equal(0, json);
        Assert.True(JsonNode.Parse(body)!["applied"]!.GetValue<bool>());
        Assert.True(many == 0, told);
        Assert.Contains("runs were told", told, StringComparison.Ordinal);
        await server.WaitAsync(run, r => r["status"]!.ToString() == "cancelled");
    }

    [Fact]
    public async Task An_approval_is_listed_and_given_for_the_plan_that_is_named()
    {
        var run = await server.StartAsync("ask", """{"Host":"host12"}""", "anna");
        var id = (await server.WaitAsync(run, r => r["status"]!.ToString() == "suspended"))["approvals"]![0]!["id"]!.ToString();

        var (_, listed, _) = await RunAsync("run", "approvals");
        var (without, _, why) = await RunAsync("run", "approve", id, "--actor", "bert", "--reason", "fine");
        var (with, said, _) = await RunAsync("run", "reject", id, "--actor", "bert", "--reason", "not today", "--plan-hash", "p-42");

        Assert.Contains(id, listed, StringComparison.Ordinal);
        Assert.Contains("bert, dora; plan p-42", listed, StringComparison.Ordinal);
        Assert.Equal(2, without);
        Assert.Contains("p-42", why, StringComparison.Ordinal);
        Assert.Equal(0, with);
        Assert.Contains("rejected", said, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Name one run", "run", "pause", "--reason", "x")]
    [InlineData("--reason", "run", "undo", "nope")]
    [InlineData("There is no runbook 'nope'", "run", "nope")]
    [InlineData("Note", "run", "wait")]
    [InlineData("name=value", "run", "wait", "-i", "nonsense")]
    [InlineData("can't be read", "run", "wait", "--input-file", "/nowhere/at/all.json")]
    [InlineData("There is no run 'nope'", "watch", "nope")]
    [InlineData("--help", "fly")]
    [InlineData("--help", "runs", "--limit", "many")]
    [InlineData("is not the address", "status", "--server", "nonsense")]
    public async Task Bad_usage_is_exit_code_two_and_one_clear_sentence(string sentence, params string[] arguments)
    {
        var (code, _, error) = await RunAsync(arguments);

        Assert.Equal(2, code);
        Assert.Contains(sentence, error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_server_that_is_not_there_is_exit_code_one_and_says_how_to_start_it()
    {
        var (code, _, error) = await RunAsync("status", "--server", "http://127.0.0.1:9");

        Assert.Equal(1, code);
        Assert.Contains("make run", error, StringComparison.Ordinal);
        Assert.Single(error.TrimEnd().Split('\n'));
    }

    private Task<(int Code, string Output, string Error)> RunAsync(params string[] arguments) => CommandLine.RunAsync(server.Url, arguments);
}
