using System.Net;
using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;
using Runbooks.Activities.Migration;
using Runbooks.Fleet.Migrations;
using Runbooks.Fleet.Model;
using Runbooks.Server.Tests.Fixture;

namespace Runbooks.Server.Tests.Api;

[Collection(ServerCollection.Name)]
public sealed class MigrationApiTests(ServerUnderTest server)
{
    [Theory]
    [InlineData("{}", "memoryMiB")]
    [InlineData("""{"memoryMiB":1024}""", "bandwidthMiBs")]
    [InlineData("""{"memoryMiB":0,"bandwidthMiBs":100}""", "memoryMiB")]
    [InlineData("""{"memoryMiB":"much","bandwidthMiBs":100}""", "memoryMiB")]
    [InlineData("""{"memoryMiB":1024,"bandwidthMiBs":100,"mode":"teleport"}""", "mode")]
    [InlineData("""{"memoryMiB":1024,"bandwidthMiBs":100,"mode":"1"}""", "mode")]
    [InlineData("""{"memoryMiB":1024,"bandwidthMiBs":100,"freeCpuShare":2}""", "freeCpuShare")]
    [InlineData("""{"memoryMiB":1024,"bandwidthMiBs":100,"maxRounds":0}""", "maxRounds")]
    [InlineData("""{"memoryMiB":1024,"bandwidthMiBs":100,"deadlineSeconds":-5}""", "deadlineSeconds")]
    [InlineData("""{"memoryMiB":1024,"bandwidthMiBs":100,"colour":1}""", "colour")]
    public async Task A_case_that_can_not_be_is_refused_with_the_field_that_is_wrong(string body, string field)
    {
        var (answer, problem) = await server.PostAsync("/api/migrations/forecast", body);

        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
        Assert.NotNull(problem["errors"]![field]);
    }

    [Fact]
    public async Task A_migration_is_foretold_with_what_a_deadline_needs()
    {
        var (answer, said) = await server.PostAsync("/api/migrations/forecast", """{"memoryMiB":1024,"bandwidthMiBs":100,"dirtyMiBs":20,"hypervisor":"nobody-has-learnt-this","deadlineSeconds":5}""");

        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        var expected = PreCopyModel.Predict(new MigrationCase("kvm", MigrationMode.PreCopy, 1024, 100) { DirtyMiBs = 20 });
        Assert.Equal(expected.Time.TotalSeconds, said["forecast"]!["timeSeconds"]!.GetValue<double>(), 3);
        Assert.True(said["forecast"]!["converges"]!.GetValue<bool>());
        Assert.InRange(said["required"]!["bandwidthMiBs"]!.GetValue<double>(), 200, 300);
    }

    [Theory]
    [InlineData("0")]
    [InlineData("1001")]
    [InlineData("many")]
    public async Task A_list_of_a_length_that_can_not_be_is_refused(string count)
    {
        using var answer = await server.Http.GetAsync($"/api/migrations?count={count}");

        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
        Assert.Contains(count, JsonNode.Parse(await answer.Content.ReadAsStringAsync())!["errors"]!["count"]![0]!.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_run_that_moves_a_vm_leaves_a_record_that_the_page_shows()
    {
        var fleet = await server.GetAsync("/api/fleet");
        var hosts = fleet["hosts"]!.AsArray().Where(h => h!["power"]!.ToString() == "on").ToList();
        var (from, vm, to) = hosts.SelectMany(h => h!["vms"]!.AsArray().Select(v => (From: h["name"]!.ToString(), Vm: v!["name"]!.ToString(), To: hosts.First(o => o != h)!["name"]!.ToString()))).First();

        var (_, run) = await server.PostAsync("/api/runs", new JsonObject { ["runbook"] = "migrate-vm", ["input"] = new JsonObject { ["Vm"] = vm, ["Destination"] = to, ["BandwidthMiBs"] = 5000 } }.ToJsonString());
        var id = run["id"]!.ToString();
        await UntilAsync("the run has ended", async () => (await server.GetAsync($"/api/runs/{id}"))["run"]!["finishedAt"] is not null);
        await server.Services.GetRequiredService<MigrationRecorder>().SettleAsync();

        var record = (await server.GetAsync("/api/migrations?count=1000")).AsArray().Single(m => m!["run"]!.ToString() == id)!;
        Assert.Equal((vm, from, to, "moved"), (record["vm"]!.ToString(), record["from"]!.ToString(), record["to"]!.ToString(), record["outcome"]!.ToString()));
        Assert.True(record["timeSeconds"]!.GetValue<double>() > 0, $"{record}");
        Assert.True(record["sentMiB"]!.GetValue<double>() > 0, $"{record}");
        Assert.True(record["memoryMiB"]!.GetValue<double>() > 0, $"{record}");
        var page = await server.Http.GetStringAsync("/migrations");
        Assert.Contains($"/runs/{id}", page, StringComparison.Ordinal);
        await UntilAsync("it is learnt from", async () => (await server.GetAsync("/api/migrations/models")).AsArray().Any(m => m!["learnt"]!.GetValue<int>() > 0));
    }

    [Fact]
    public async Task The_page_draws_what_was_foretold_against_what_was_measured()
    {
        var history = server.Services.GetRequiredService<IMigrationHistory>();
        foreach (var (number, foretold, measured) in new[] { (1, 4.0, 4.2), (2, 9.0, 18.0) })
        {
            var known = new MigrationCase("kvm", MigrationMode.PreCopy, 512, 64);
            _ = await history.AppendAsync(
                new MigrationRecord($"drawn-{number}", new VmName("drawn"), new HostName("a"), new HostName("b"), DateTimeOffset.UtcNow, known, new MigrationForecast(TimeSpan.FromSeconds(foretold), TimeSpan.FromMilliseconds(50), 300, 3, true), MigrationOutcome.Moved)
                {
                    Time = TimeSpan.FromSeconds(measured),
                },
                CancellationToken.None);
        }

        var page = await server.Http.GetStringAsync("/migrations");

        Assert.Contains("drawn: foretold 4.0 s, took 4.2 s", page, StringComparison.Ordinal);
        Assert.Contains("class=\"near\"", page, StringComparison.Ordinal);
        Assert.Contains("class=\"far\"", page, StringComparison.Ordinal);
        Assert.Contains("-50 %", page, StringComparison.Ordinal);
    }

    private static async Task UntilAsync(string what, Func<Task<bool>> holds)
    {
        for (var i = 0; !await holds(); i++)
        {
            Assert.True(i < 600, $"Waited for a minute until {what}.");
            await Task.Delay(100);
        }
    }
}
