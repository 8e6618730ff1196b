using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using MassTransit;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using Runbooks.Messaging.Contracts;
using Runbooks.Messaging.Settings;
using Runbooks.Messaging.Tests.Fixture;
using Runbooks.Storage.Tests.Fixture;
using Runbooks.Workflows.Journal;
using Runbooks.Workflows.Runs;

namespace Runbooks.Messaging.Tests.Outbox;

[Collection(WithServers.Name)]
public sealed class OutboxTests(PostgresCluster cluster, RabbitMqBroker broker)
{
    private const int Away = 5020;
    private const int Back = 5021;
    private const int BrokerAway = 5010;

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task What_a_run_commits_is_published(bool overRabbitMq)
    {
        await using var server = await TestServer.StartAsync(await cluster.CreateDatabaseAsync(), [], overRabbitMq ? broker.Address : null);
        var received = await ListenAsync(server);

        var run = await ChangeStatusAsync(server, RunStatus.Compensated, "Host h2 refused.");

        await TestServer.UntilAsync("the message arrived", () => Task.FromResult(received.Any(m => m.RunId == run.Value)));
        var changed = received.First(m => m.RunId == run.Value);
        Assert.Equal(("consolidate", "Compensated", "Host h2 refused."), (changed.Runbook, changed.Status, changed.Reason));
    }

    [Fact]
    public async Task While_the_broker_is_away_messages_wait_one_line_is_logged_and_schedules_go_on()
    {
        if (!broker.MayBeStopped)
        {
            return;
        }

        var database = await cluster.CreateDatabaseAsync();
        var often = new Dictionary<string, string?>
        {
            ["Schedules:0:name"] = "often",
            ["Schedules:0:every"] = "00:00:01",
            ["Schedules:0:runbook"] = "consolidate",
            ["Schedules:0:whenBusy"] = "start",
        };
        await using var server = await TestServer.StartAsync(database, often, broker.Address);
        var received = await ListenAsync(server);
        await broker.StopAsync();
        RunId run;
        try
        {
            run = await ChangeStatusAsync(server, RunStatus.Finished, null);
            await server.UntilLoggedAsync(Away);
            var runs = (await server.RunsAsync()).Count;
            await TestServer.UntilAsync("schedules went on", async () => (await server.RunsAsync()).Count > runs + 3);
            Assert.Equal(1L, await CountAsync(database, "SELECT count(*) FROM runbooks.outbox"));
        }
        finally
        {
            await broker.StartAsync();
        }

        // The broker starts anew, and the transport tries again at growing intervals: on a busy machine that takes more than a minute.
        await TestServer.UntilAsync("the message arrived after all", () => Task.FromResult(received.Any(m => m.RunId == run.Value)), TimeSpan.FromMinutes(3));
        await TestServer.UntilAsync("the outbox was empty", async () => await CountAsync(database, "SELECT count(*) FROM runbooks.outbox") == 0);
        await server.UntilLoggedAsync(Back);
        Assert.Equal(1, server.Log.Count(Away));
        Assert.InRange(server.Log.Count(BrokerAway), 0, 1);
        Assert.DoesNotContain(server.Log.Troubles(), t => t.StartsWith("MassTransit", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_server_starts_and_works_without_its_broker()
    {
        var nowhere = new RabbitMqAddress("127.0.0.1", 1, "/", "guest", "guest");
        var once = new Dictionary<string, string?>
        {
            ["Schedules:0:name"] = "often",
            ["Schedules:0:every"] = "00:00:01",
            ["Schedules:0:runbook"] = "consolidate",
        };

        await using var server = await TestServer.StartAsync(await cluster.CreateDatabaseAsync(), once, nowhere);

        await TestServer.UntilAsync("the schedule started its run", async () => (await server.RunsAsync()).Count == 1);
    }

    /// <summary>A bus endpoint of the test's own, as any other program would have.</summary>
    private static async Task<ConcurrentQueue<RunStatusChanged>> ListenAsync(TestServer server)
    {
        var received = new ConcurrentQueue<RunStatusChanged>();
        var bus = server.Services.GetRequiredService<IBusControl>();
        await TestServer.UntilAsync("the bus is connected", () => Task.FromResult(bus.CheckHealth().Status == BusHealthStatus.Healthy));
        var handle = bus.ConnectReceiveEndpoint($"test-{Guid.NewGuid():n}", endpoint => endpoint.Handler<RunStatusChanged>(context =>
        {
            received.Enqueue(context.Message);
            return Task.CompletedTask;
        }));
        await handle.Ready;
        return received;
    }

    private static async Task<RunId> ChangeStatusAsync(TestServer server, RunStatus status, string? reason)
    {
        var run = new Run
        {
            Id = new RunId(Guid.NewGuid()),
            DefinitionId = "consolidate",
            DefinitionVersion = 1,
            CreatedAt = DateTimeOffset.UnixEpoch,
            StartedBy = "test",
        };
        await server.Runs.CreateAsync(run, CancellationToken.None);
        var claim = await server.Runs.ClaimNextAsync("w1", TimeSpan.FromMinutes(5), CancellationToken.None);
        while (claim!.RunId != run.Id)
        {
            claim = await server.Runs.ClaimNextAsync("w1", TimeSpan.FromMinutes(5), CancellationToken.None);
        }

        run.Status = status;
        run.Reason = reason;
        var body = new JsonObject
        {
            ["runId"] = run.Id.ToString(),
            ["runbook"] = run.DefinitionId,
            ["status"] = status.ToString(),
            ["reason"] = reason,
            ["at"] = "2026-03-01T12:00:00.0000000+00:00",
            ["parentRunId"] = null,
        };
        await server.Runs.CommitAsync(
            new RunCommit(run, claim) { Messages = [new OutgoingMessage("run-status-changed", body)], ReleaseLease = true }, CancellationToken.None);
        return run.Id;
    }

    private static async Task<long> CountAsync(string database, string sql)
    {
        await using var source = NpgsqlDataSource.Create(database);
        await using var command = source.CreateCommand(sql);
        return (long)(await command.ExecuteScalarAsync())!;
    }
}
