using Npgsql;
using Runbooks.Messaging.Tests.Fixture;
using Runbooks.Storage.Tests.Fixture;
using Runbooks.Workflows.Runs;

namespace Runbooks.Messaging.Tests.Schedules;

[Collection(WithServers.Name)]
public sealed class ScheduleTests(PostgresCluster cluster)
{
    private const int Skipped = 5031;
    private const int Unknown = 5032;
    private const int Stored = 5040;
    private const int Removed = 5041;

    [Fact]
    public async Task A_schedule_starts_its_runbook_and_starts_no_other_while_that_run_is_open()
    {
        var database = await cluster.CreateDatabaseAsync();
        await using var server = await TestServer.StartAsync(database, EverySecond());

        await server.UntilLoggedAsync(Skipped);

        var run = Assert.Single(await server.RunsAsync());
        Assert.Equal("consolidate", run.DefinitionId);
        Assert.Equal("schedule:often", run.StartedBy);
        Assert.StartsWith("schedule:often:2", run.IdempotencyKey, StringComparison.Ordinal);
        Assert.EndsWith("Z", run.IdempotencyKey, StringComparison.Ordinal);
        Assert.Equal("lab", (string?)run.Input["pool"]);
        Assert.DoesNotContain(server.Log.Troubles(), t => t.StartsWith("Runbooks", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_schedule_that_may_start_beside_an_open_run_does()
    {
        var database = await cluster.CreateDatabaseAsync();
        await using var server = await TestServer.StartAsync(database, EverySecond(("whenBusy", "start")));

        await TestServer.UntilAsync("three runs were started", async () => (await server.RunsAsync()).Count >= 3);
    }

    [Fact]
    public async Task It_starts_again_when_its_run_has_ended()
    {
        var database = await cluster.CreateDatabaseAsync();
        await using var server = await TestServer.StartAsync(database, EverySecond());
        await server.UntilLoggedAsync(Skipped);

        await ExecuteAsync(database, "UPDATE runbooks.runs SET status = 'Finished'");

        await TestServer.UntilAsync("a second run was started", async () => (await server.RunsAsync()).Count == 2);
    }

    [Fact]
    public async Task Times_that_were_missed_while_no_server_ran_are_made_good_by_one_start()
    {
        var database = await cluster.CreateDatabaseAsync();
        var hourly = Configured(("name", "hourly"), ("every", "01:00:00"), ("runbook", "consolidate"), ("whenBusy", "start"));
        await using (var first = await TestServer.StartAsync(database, hourly))
        {
            await TestServer.UntilAsync("the first run was started", async () => (await first.RunsAsync()).Count == 1);
        }

        await ExecuteAsync(database, "UPDATE quartz.qrtz_triggers SET next_fire_time = next_fire_time - 50 * 36000000000");
        await using var second = await TestServer.StartAsync(database, hourly);

        await TestServer.UntilAsync("the missed time was made good", async () => (await second.RunsAsync()).Count == 2);
        Assert.False(second.Log.Has(Stored));
        var next = new DateTimeOffset(await ScalarAsync<long>(database, "SELECT next_fire_time FROM quartz.qrtz_triggers"), TimeSpan.Zero);
        Assert.True(next > DateTimeOffset.UtcNow.AddMinutes(30), $"It is planned for {next:O} next.");
        Assert.Equal(2, (await second.RunsAsync()).Count);
    }

    [Fact]
    public async Task A_schedule_that_is_no_longer_configured_is_removed_and_a_changed_one_is_stored_anew()
    {
        var database = await cluster.CreateDatabaseAsync();
        await using (await TestServer.StartAsync(database, EverySecond()))
        {
        }

        var changed = Configured(("name", "nightly"), ("cron", "0 0 2 * * ?"), ("runbook", "consolidate"));
        await using (var second = await TestServer.StartAsync(database, changed))
        {
            Assert.Equal(1, second.Log.Count(Removed));
            Assert.Equal(1, second.Log.Count(Stored));
        }

        changed["Schedules:0:cron"] = "0 0 3 * * ?";
        await using var third = await TestServer.StartAsync(database, changed);
        Assert.Equal(1, third.Log.Count(Stored));
        Assert.Equal("0 0 3 * * ?", await ScalarAsync<string>(database, "SELECT cron_expression FROM quartz.qrtz_cron_triggers"));
        Assert.Equal(1L, await ScalarAsync<long>(database, "SELECT count(*) FROM quartz.qrtz_triggers"));
    }

    [Fact]
    public async Task Servers_that_share_a_database_share_the_starts()
    {
        var database = await cluster.CreateDatabaseAsync();
        await using var one = await TestServer.StartAsync(database, EverySecond());
        await using var two = await TestServer.StartAsync(database, EverySecond());

        await TestServer.UntilAsync("the schedule came round again", () => Task.FromResult(one.Log.Count(Skipped) + two.Log.Count(Skipped) >= 3));

        Assert.Single(await one.RunsAsync());
    }

    [Fact]
    public async Task A_runbook_that_is_not_published_is_named_and_nothing_else_happens()
    {
        var database = await cluster.CreateDatabaseAsync();
        await using var server = await TestServer.StartAsync(database, EverySecond(("runbook", TestServer.UnknownRunbook)));

        await server.UntilLoggedAsync(Unknown);

        Assert.Contains($"'{TestServer.UnknownRunbook}'", server.Log.Message(Unknown), StringComparison.Ordinal);
        Assert.Empty(await server.RunsAsync());
    }

    private static Dictionary<string, string?> EverySecond(params (string Key, string Value)[] more) => Configured(
        [("name", "often"), ("every", "00:00:01"), ("runbook", "consolidate"), ("input:pool", "lab"), .. more]);

    private static Dictionary<string, string?> Configured(params (string Key, string Value)[] schedule)
    {
        var configuration = new Dictionary<string, string?>();
        foreach (var (key, value) in schedule)
        {
            configuration[$"Schedules:0:{key}"] = value;
        }

        return configuration;
    }

    private static async Task ExecuteAsync(string database, string sql) => await ScalarAsync<object>(database, sql);

    private static async Task<T> ScalarAsync<T>(string database, string sql)
    {
        await using var source = NpgsqlDataSource.Create(database);
        await using var command = source.CreateCommand(sql);
        return (T)(await command.ExecuteScalarAsync())!;
    }
}
