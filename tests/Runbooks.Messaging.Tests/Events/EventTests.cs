using System.Text;
using MassTransit;
using Microsoft.Extensions.DependencyInjection;
using RabbitMQ.Client;
using Runbooks.Messaging.Contracts;
using Runbooks.Messaging.Settings;
using Runbooks.Messaging.Tests.Fixture;
using Runbooks.Storage.Tests.Fixture;

namespace Runbooks.Messaging.Tests.Events;

/// <summary>Threshold events over a real broker, and in process.</summary>
[Collection(WithServers.Name)]
public sealed class EventTests(PostgresCluster cluster, RabbitMqBroker broker)
{
    private const int Unbound = 5003;
    private const int Parked = 5004;
    private const string Queue = ServiceCollectionExtensions.EventQueue;

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task One_event_delivered_ten_times_at_once_and_again_after_a_restart_is_one_run(bool overRabbitMq)
    {
        var database = await cluster.CreateDatabaseAsync();
        var crossed = Crossed(pool: "lab");
        await using (var first = await StartAsync(database, overRabbitMq))
        {
            await Task.WhenAll(Enumerable.Range(0, 10).Select(_ => PublishAsync(first, crossed)));
            await PublishAsync(first, Crossed(pool: "marker-1"));
            await TestServer.UntilAsync("the events were taken", async () => (await first.RunsAsync()).Count == 2);
        }

        await using var second = await StartAsync(database, overRabbitMq);
        await PublishAsync(second, crossed);
        await PublishAsync(second, Crossed(pool: "marker-2"));
        await TestServer.UntilAsync("the event after it was taken", async () => (await second.RunsAsync()).Any(r => r.CorrelationId == "marker-2"));

        var run = Assert.Single(await second.RunsAsync(), r => r.CorrelationId == "lab");
        Assert.Equal($"event:{crossed.EventId:D}", run.IdempotencyKey);
        Assert.Equal("event:rising cpu-load", run.StartedBy);
        Assert.Equal("""{"load":0.93,"pool":"lab","reason":"threshold"}""", run.Input.ToJsonString());
        Assert.False(second.Log.Has(Parked), second.Log.ToString());
    }

    [Fact]
    public async Task An_event_that_nobody_bound_is_dropped_with_a_word()
    {
        await using var server = await StartAsync(await cluster.CreateDatabaseAsync(), overRabbitMq: true);

        await PublishAsync(server, Crossed() with { Metric = "fan-speed" });
        await server.UntilLoggedAsync(Unbound);

        Assert.Empty(await server.RunsAsync());
        Assert.False(server.Log.Has(Parked));
    }

    [Fact]
    public async Task Plain_json_from_whatever_watches_the_fleet_is_taken()
    {
        await using var server = await StartAsync(await cluster.CreateDatabaseAsync(), overRabbitMq: true);

        await SendRawAsync(
            $$"""
            { "eventId": "{{Guid.NewGuid()}}", "pool": "raw", "metric": "cpu-load", "value": 0.93, "threshold": 0.75,
              "direction": "rising", "at": "2026-03-01T12:00:00Z", "source": "prometheus" }
            """);

        await TestServer.UntilAsync("the run was started", async () => (await server.RunsAsync()).Any(r => r.CorrelationId == "raw"));
    }

    [Theory]
    [InlineData("{ this is no json", "cannot be read")]
    [InlineData("""{ "pool": "lab", "metric": "cpu-load", "direction": "rising" }""", "no eventId")]
    [InlineData("""{ "eventId": "11111111-2222-3333-4444-555555555555", "pool": "lab", "metric": "cpu-load", "direction": "upwards" }""", "direction is 'upwards'")]
    [InlineData("""{ "eventId": 7, "pool": "lab" }""", "cannot be read")]
    public async Task A_malformed_event_is_parked_once_with_its_reason_and_those_behind_it_go_on(string body, string reason)
    {
        await using var server = await StartAsync(await cluster.CreateDatabaseAsync(), overRabbitMq: true);
        var parkedBefore = await ParkedAsync();

        await SendRawAsync(body);
        await PublishAsync(server, Crossed(pool: "behind"));

        await TestServer.UntilAsync("the event behind it was taken", async () => (await server.RunsAsync()).Count == 1);
        await server.UntilLoggedAsync(Parked);
        await TestServer.UntilAsync("it was parked", async () => await ParkedAsync() == parkedBefore + 1);
        Assert.Contains(reason, server.Log.Message(Parked), StringComparison.Ordinal);
        Assert.Equal(1, server.Log.Count(Parked));
        Assert.Single(await server.RunsAsync());
    }

    [Fact]
    public async Task An_event_whose_runbook_is_not_published_is_parked_and_the_runbook_named()
    {
        await using var server = await StartAsync(await cluster.CreateDatabaseAsync(), overRabbitMq: true, TestServer.UnknownRunbook);

        await PublishAsync(server, Crossed());
        await server.UntilLoggedAsync(Parked);

        Assert.Contains($"'{TestServer.UnknownRunbook}', which is not published", server.Log.Message(Parked), StringComparison.Ordinal);
        Assert.Equal(1, server.Log.Count(Parked));
    }

    private async Task<TestServer> StartAsync(string database, bool overRabbitMq, string runbook = "consolidate")
    {
        var server = await TestServer.StartAsync(
            database,
            new Dictionary<string, string?>
            {
                ["Events:0:metric"] = "cpu-load",
                ["Events:0:direction"] = "rising",
                ["Events:0:runbook"] = runbook,
                ["Events:0:input:pool"] = "{pool}",
                ["Events:0:input:load"] = "{value}",
                ["Events:0:input:reason"] = "threshold",
            },
            overRabbitMq ? broker.Address : null);
        var bus = server.Services.GetRequiredService<IBusControl>();
        await TestServer.UntilAsync("the bus is connected", () => Task.FromResult(bus.CheckHealth().Status == BusHealthStatus.Healthy));
        return server;
    }

    private static Task PublishAsync(TestServer server, ThresholdCrossed crossed) =>
        server.Services.GetRequiredService<IBus>().Publish(crossed);

    private static ThresholdCrossed Crossed(string pool = "lab") =>
        new(Guid.NewGuid(), pool, "h1", "cpu-load", 0.93, 0.75, "rising", new DateTimeOffset(2026, 3, 1, 12, 0, 0, TimeSpan.Zero), "test");

    private async Task SendRawAsync(string body) => await OnChannelAsync(async channel =>
    {
        await channel.BasicPublishAsync(string.Empty, Queue, mandatory: true, new BasicProperties { ContentType = "application/json" }, Encoding.UTF8.GetBytes(body));
        return 0;
    });

    private async Task<uint> ParkedAsync()
    {
        try
        {
            return await OnChannelAsync(channel => channel.MessageCountAsync($"{Queue}_error"));
        }
        catch (RabbitMQ.Client.Exceptions.OperationInterruptedException)
        {
            // Nothing has ever been parked.
            return 0;
        }
    }

    private async Task<T> OnChannelAsync<T>(Func<IChannel, Task<T>> use)
    {
        var factory = new ConnectionFactory
        {
            HostName = broker.Address.Host,
            Port = broker.Address.Port,
            UserName = broker.Address.Username,
            Password = broker.Address.Password,
        };
        await using var connection = await factory.CreateConnectionAsync();
        await using var channel = await connection.CreateChannelAsync();
        return await use(channel);
    }
}
