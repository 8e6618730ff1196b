using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using Runbooks.Messaging.Tests.Fixture;
using Runbooks.Storage.Tests.Fixture;
using Runbooks.Workflows.Execution;
using Runbooks.Workflows.Journal;
using Runbooks.Workflows.Runs;

namespace Runbooks.Messaging.Tests.Triggers;

/// <summary>Definitions that time starts: planned when they are published, one run for each planned time.</summary>
[Collection(WithServers.Name)]
public sealed class TriggerScheduleTests(PostgresCluster cluster)
{
    private const int Started = 5050;
    private const int Busy = 5051;
    private const int Missed = 5054;
    private const int Stored = 5060;
    private const int Removed = 5061;
    private const int Over = 5062;

    [Fact]
    public async Task A_published_trigger_starts_runs_at_its_planned_times_and_a_retracted_one_stops()
    {
        await using var server = await StartAsync(await cluster.CreateDatabaseAsync());
        await server.LoadAsync(Definition("* * * * * *"));
        await TestServer.UntilAsync("three runs were started", async () => (await server.RunsAsync()).Count >= 3);

        await server.LoadAsync(Definition(null));
        await server.UntilLoggedAsync(Removed);

        var runs = await server.RunsAsync();
        Assert.All(runs, r =>
        {
            Assert.Equal(("trigger:t", "Workflow1:f:t"), (r.StartedBy, r.Trigger!.NodeId));
            Assert.Equal($"trigger:w:Workflow1:f:t:{r.Trigger.Payload!["plannedFor"]}", r.IdempotencyKey);
        });
        var times = runs.Select(r => DateTimeOffset.Parse((string)r.Trigger!.Payload!["plannedFor"]!)).Order().ToList();
        Assert.All(times.Zip(times.Skip(1)), pair => Assert.Equal(TimeSpan.FromSeconds(1), pair.Second - pair.First));
    }

    [Fact]
    public async Task Three_servers_start_one_run_for_each_planned_time()
    {
        var database = await cluster.CreateDatabaseAsync();
        await using var one = await StartAsync(database);
        await using var two = await StartAsync(database);
        await using var three = await StartAsync(database);
        TestServer[] all = [one, two, three];
        await Task.WhenAll(all.Select(s => s.LoadAsync(Definition("* * * * * *"))));

        await TestServer.UntilAsync("six runs were started", async () => (await one.RunsAsync()).Count >= 6);

        var keys = (await one.RunsAsync()).Select(r => r.IdempotencyKey).ToList();
        Assert.Equal(keys.Count, keys.Distinct().Count());
    }

    [Fact]
    public async Task Schedulers_that_know_nothing_of_each_other_start_one_run_for_each_planned_time_too()
    {
        // Each has its own job store, as servers with schedules in memory have; what they share is the table of runs.
        var database = await cluster.CreateDatabaseAsync();
        await using var one = await StartAsync(database, ScheduleStore.Memory);
        await using var two = await StartAsync(database, ScheduleStore.Memory);
        await using var three = await StartAsync(database, ScheduleStore.Memory);
        TestServer[] all = [one, two, three];
        await Task.WhenAll(all.Select(s => s.LoadAsync(Definition("* * * * * *"))));

        await TestServer.UntilAsync("five runs were started", async () => (await one.RunsAsync()).Count >= 5);

        var times = (await one.RunsAsync()).Select(r => (string)r.Trigger!.Payload!["plannedFor"]!).ToList();
        Assert.Equal(times.Count, times.Distinct().Count());
    }

    [Theory]
    [InlineData("skip")]
    [InlineData("once")]
    [InlineData("all")]
    public async Task Times_that_were_missed_while_no_server_ran_are_made_good_by_their_policy(string policy)
    {
        var database = await cluster.CreateDatabaseAsync();
        var definition = Definition("0 * * * *", ("runbooks:misfire", policy));
        await using (var first = await StartAsync(database))
        {
            await first.LoadAsync(definition);
            await first.UntilLoggedAsync(Stored);
        }

        // As if it had been planned for three hours ago.
        var planned = new DateTimeOffset(DateTimeOffset.UtcNow.Date, TimeSpan.Zero).AddHours(DateTimeOffset.UtcNow.Hour - 3);
        await RewindAsync(database, planned);
        await using var second = await StartAsync(database, definition: definition);

        await second.UntilLoggedAsync(policy == "all" ? Started : Missed);
        await TestServer.UntilAsync("the next time is planned", async () => await NextAsync(database) > DateTimeOffset.UtcNow);
        var expected = policy switch { "skip" => 0, "once" => 1, _ => 4 };

        // On the hour the present time is in time, and started whatever the policy.
        Assert.InRange((await second.RunsAsync()).Count, expected, policy == "skip" ? 1 : expected);
        Assert.Equal(0, second.Log.Count(Stored));
    }

    [Theory]
    [InlineData("skip")]
    [InlineData("queue")]
    [InlineData("replace")]
    public async Task A_planned_time_that_finds_a_run_open_does_what_the_definition_says(string whenBusy)
    {
        await using var server = await StartAsync(await cluster.CreateDatabaseAsync());
        await server.LoadAsync(Definition("* * * * * *", ("runbooks:whenBusy", whenBusy)).Replace("\"options\":{}", "\"options\":{\"activationStrategyType\":\"SingletonStrategy\"}", StringComparison.Ordinal));
        await TestServer.UntilAsync("a run was started", async () => (await server.RunsAsync()).Count == 1);
        var open = (await server.RunsAsync())[0];

        if (whenBusy == "skip")
        {
            await server.UntilLoggedAsync(Busy);
            Assert.Contains(open.Id.ToString(), server.Log.Message(Busy), StringComparison.Ordinal);
        }

        if (whenBusy == "replace")
        {
            await TestServer.UntilAsync("the open run was asked to end", async () => await ScalarAsync<long>(server, "SELECT count(*) FROM runbooks.stimuli WHERE kind = 'Cancel'") == 1);
        }

        Assert.Single(await server.RunsAsync());
        await ExecuteAsync(server, "UPDATE runbooks.runs SET status = 'Finished'");
        await TestServer.UntilAsync("the next run was started", async () => (await server.RunsAsync()).Count == 2);
        var planned = DateTimeOffset.Parse((string)(await server.RunsAsync())[0].Trigger!.Payload!["plannedFor"]!);
        var before = DateTimeOffset.Parse((string)open.Trigger!.Payload!["plannedFor"]!);
        if (whenBusy != "skip")
        {
            // The very next time has waited for it.
            Assert.Equal(TimeSpan.FromSeconds(1), planned - before);
        }
    }

    [Fact]
    public async Task A_time_that_comes_once_starts_one_run_and_a_restart_starts_no_other()
    {
        var database = await cluster.CreateDatabaseAsync();
        var definition = StartAt(DateTimeOffset.UtcNow.AddSeconds(2));
        await using (var first = await StartAsync(database))
        {
            await first.LoadAsync(definition);
            await TestServer.UntilAsync("it was started", async () => (await first.RunsAsync()).Count == 1);
            await ExecuteAsync(first, "DELETE FROM runbooks.runs");
        }

        await using var second = await StartAsync(database, definition: definition);
        await TestServer.UntilAsync("the scheduler has looked", async () => await ScalarAsync<long>(second, "SELECT count(*) FROM quartz.qrtz_scheduler_state") > 0);
        await second.LoadAsync(StartAt(DateTimeOffset.UtcNow.AddDays(-1)));
        await second.UntilLoggedAsync(Over);

        Assert.Empty(await second.RunsAsync());
    }

    private static Task<TestServer> StartAsync(string database, ScheduleStore store = ScheduleStore.Postgres, string? definition = null) => TestServer.StartAsync(
        database, [], more: services => services.AddSingleton<IRunStarter, RunStarter>(), schedules: store, definition: definition);

    private static string StartAt(DateTimeOffset at) => Definition("Elsa.StartAt", "dateTime", at.ToString("O"));

    private static string Definition(string? cron, params (string Key, string Value)[] properties) => Definition("Elsa.Cron", "cronExpression", cron, properties);

    private static string Definition(string type, string field, string? value, params (string Key, string Value)[] properties)
    {
        var custom = new JsonObject { ["canStartWorkflow"] = value is not null };
        foreach (var (key, text) in properties)
        {
            custom[key] = text;
        }

        return new JsonObject
        {
            ["definitionId"] = "w",
            ["options"] = new JsonObject(),
            ["root"] = new JsonObject
            {
                ["id"] = "f",
                ["type"] = "Elsa.Flowchart",
                ["activities"] = new JsonArray(new JsonObject
                {
                    ["id"] = "t",
                    ["type"] = type,
                    ["customProperties"] = custom,
                    [field] = new JsonObject { ["typeName"] = "String", ["expression"] = new JsonObject { ["type"] = "Literal", ["value"] = value ?? "0 0 1 1 *" } },
                }),
                ["connections"] = new JsonArray(),
            },
        }.ToJsonString();
    }

    /// <summary>Lets the stored firing lie in the past, with the planned time that it is about.</summary>
    private static async Task RewindAsync(string database, DateTimeOffset planned)
    {
        await using var source = NpgsqlDataSource.Create(database);
        await using var read = source.CreateCommand("SELECT encode(job_data, 'escape') FROM quartz.qrtz_triggers WHERE trigger_group = 'triggers'");
        var data = (string)(await read.ExecuteScalarAsync())!;
        var time = planned.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'");
        var changed = System.Text.RegularExpressions.Regex.Replace(data, @"\d{4}-\d\d-\d\dT[\d:.]+Z", time, System.Text.RegularExpressions.RegexOptions.None, TimeSpan.FromSeconds(1));
        Assert.NotEqual(data, changed);
        await using var write = source.CreateCommand("UPDATE quartz.qrtz_triggers SET job_data = decode($1, 'escape'), next_fire_time = $2 WHERE trigger_group = 'triggers'");
        write.Parameters.AddWithValue(changed);
        write.Parameters.AddWithValue(planned.UtcTicks);
        Assert.Equal(1, await write.ExecuteNonQueryAsync());
    }

    private static async Task<DateTimeOffset> NextAsync(string database)
    {
        await using var source = NpgsqlDataSource.Create(database);
        await using var command = source.CreateCommand("SELECT coalesce(min(next_fire_time), 0) FROM quartz.qrtz_triggers WHERE trigger_group = 'triggers'");
        return new DateTimeOffset((long)(await command.ExecuteScalarAsync())!, TimeSpan.Zero);
    }

    private static async Task ExecuteAsync(TestServer server, string sql) => _ = await ScalarAsync<object?>(server, sql);

    private static async Task<T> ScalarAsync<T>(TestServer server, string sql)
    {
        await using var command = server.Services.GetRequiredService<NpgsqlDataSource>().CreateCommand(sql);
        return (T)(await command.ExecuteScalarAsync())!;
    }
}
