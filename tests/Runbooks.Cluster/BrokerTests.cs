using System.Collections.Concurrent;
using MassTransit;
using Runbooks.Cluster.Fixture;
using Runbooks.Messaging.Contracts;
using Runbooks.Messaging.Tests.Fixture;

namespace Runbooks.Cluster;

/// <summary>The broker goes away: runs go on without it, and afterwards everything is said and every event has one run.</summary>
[Collection(WithProcesses.Name)]
public sealed class BrokerTests(Servers servers, RabbitMqBroker broker)
{
    [Fact]
    public async Task Runs_go_on_without_the_broker_and_nothing_is_lost_or_done_twice_for_its_absence()
    {
        if (!broker.MayBeStopped)
        {
            return;
        }

        const int runs = 30;
        await using var cluster = await ClusterUnderTest.CreateAsync(
            servers,
            [Runbook.Short],
            ("Messaging:Transport", "rabbitMq"),
            ("Messaging:RabbitMq:Host", broker.Address.Host),
            ("Messaging:RabbitMq:Port", broker.Address.Port.ToString(System.Globalization.CultureInfo.InvariantCulture)),
            ("Events:0:metric", "host-load"),
            ("Events:0:direction", "rising"),
            ("Events:0:runbook", "short"));
        var finished = new ConcurrentDictionary<Guid, int>();
        var bus = Bus.Factory.CreateUsingRabbitMq(c =>
        {
            c.Host(broker.Address.Host, broker.Address.Port, "/", h =>
            {
                h.Username(broker.Address.Username);
                h.Password(broker.Address.Password);
            });
            c.ReceiveEndpoint("cluster-test", e => e.Handler<RunStatusChanged>(context =>
            {
                if (context.Message.Status == "Finished")
                {
                    _ = finished.AddOrUpdate(context.Message.RunId, 1, (_, n) => n + 1);
                }

                return Task.CompletedTask;
            }));
        });
        await bus.StartAsync();
        try
        {
            var workers = await cluster.StartAsync(2);
            var known = Guid.NewGuid();
            foreach (var worker in workers.Concat(workers))
            {
                worker.Tell($"event {known} host-load");
                _ = await worker.AnswerAsync(["published"], TimeSpan.FromSeconds(60));
            }

            await cluster.UntilAtRestAsync(1);
            await broker.StopAsync();
            var late = Guid.NewGuid();
            foreach (var worker in workers.Concat(workers))
            {
                worker.Tell($"event {late} host-load");
            }

            _ = await ClusterUnderTest.StartRunsAsync(workers[0], "short", "r-", 0, runs);
            await cluster.UntilAtRestAsync(runs + 1);
            Assert.True(await cluster.CountAsync("runbooks.outbox") >= runs, "Without the broker the messages wait.");

            // Nor does a server need it to stop or to start.
            await cluster.StopAsync(workers[1]);
            _ = await cluster.StartAsync();
            await broker.StartAsync();
            await cluster.UntilAsync("the late event has its run", async () => await cluster.CountAsync($"runbooks.runs WHERE idempotency_key = 'event:{late}'") == 1);
            await cluster.UntilAtRestAsync(runs + 2);
            await cluster.UntilAsync("everything is said", async () => await cluster.CountAsync("runbooks.outbox") == 0);
            await cluster.UntilAsync("all that was said has arrived", () => Task.FromResult(finished.Count >= runs + 2));
            await cluster.CheckAsync();
            Assert.Equal(1, await cluster.CountAsync($"runbooks.runs WHERE idempotency_key = 'event:{known}'"));
            Assert.Equal(runs + 2, await cluster.CountAsync("runbooks.runs WHERE status = 'Finished'"));
        }
        finally
        {
            using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(10));
            await bus.StopAsync(limit.Token);
        }
    }
}
