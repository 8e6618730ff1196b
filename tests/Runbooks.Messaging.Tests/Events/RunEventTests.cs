using System.Text;
using System.Text.Json.Nodes;
using MassTransit;
using Microsoft.Extensions.DependencyInjection;
using RabbitMQ.Client;
using Runbooks.Messaging.Contracts;
using Runbooks.Messaging.Tests.Fixture;
using Runbooks.Storage.Tests.Fixture;
using Runbooks.Workflows.Events;
using Runbooks.Workflows.Execution;
using Runbooks.Workflows.Journal;
using Runbooks.Workflows.Runs;

namespace Runbooks.Messaging.Tests.Events;

/// <summary>Events and task reports over a real broker, and what runs send out over it.</summary>
[Collection(WithServers.Name)]
public sealed class RunEventTests(PostgresCluster cluster, RabbitMqBroker broker)
{
    private const int Parked = 5004;
    private const int Taken = 5006;
    private const int TaskDone = 5008;

    [Fact]
    public async Task An_event_that_is_delivered_ten_times_wakes_its_run_once()
    {
        await using var server = await StartAsync();
        var (run, claim) = await HeldAsync(server, new Bookmark("b1", 1, "Elsa.Event", null, null, "event:host-repaired"));
        var published = new EventPublished(Guid.NewGuid().ToString(), "host-repaired", null, new JsonObject { ["host"] = "h1" }, "test");

        await Task.WhenAll(Enumerable.Range(0, 10).Select(_ => server.Services.GetRequiredService<IBus>().Publish(published)));

        await TestServer.UntilAsync("all ten were taken", () => Task.FromResult(server.Log.Count(Taken) == 10));
        var stimulus = Assert.Single(await server.Runs.InboxAsync(claim, CancellationToken.None));
        Assert.Equal(("b1", "bus:test", run), (stimulus.BookmarkId, stimulus.Actor, stimulus.RunId));
        Assert.Equal("""{"host":"h1"}""", stimulus.Input!.ToJsonString());
    }

    [Fact]
    public async Task Plain_json_on_the_queue_is_taken_and_a_malformed_event_is_parked_with_its_reason()
    {
        await using var server = await StartAsync();
        var (_, claim) = await HeldAsync(server, new Bookmark("b1", 1, "Elsa.Event", null, null, "event:plain"));

        await SendRawAsync(ServiceCollectionExtensions.RunEventQueue, """{ "name": "plain" }""");
        await SendRawAsync(ServiceCollectionExtensions.RunEventQueue, """{ "eventId": "plain-1", "name": "plain", "payload": [1, "two"], "source": "curl" }""");

        await TestServer.UntilAsync("it was taken", async () => (await server.Runs.InboxAsync(claim, CancellationToken.None)).Count == 1);
        Assert.Equal("""[1,"two"]""", (await server.Runs.InboxAsync(claim, CancellationToken.None))[0].Input!.ToJsonString());
        await server.UntilLoggedAsync(Parked);
        Assert.Contains("no eventId", server.Log.Message(Parked), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_task_goes_to_an_agent_on_the_broker_and_its_report_comes_back_once()
    {
        var agent = new Agent();
        await using var server = await StartAsync(agent);
        var (run, claim) = await HeldAsync(server);
        var task = $"{run}.1.0";
        var body = new JsonObject { ["taskId"] = task, ["taskName"] = "replace-disk", ["payload"] = new JsonObject { ["disk"] = "sda" }, ["runId"] = run.ToString(), ["runbook"] = "w", ["correlationId"] = null };
        var loaded = (await server.Runs.LoadAsync(claim, CancellationToken.None)).Run;

        await server.Runs.CommitAsync(
            new RunCommit(loaded, claim)
            {
                AddedBookmarks = [new Bookmark($"{run}/1/0", 1, "Elsa.RunTask", null, null, EventKeys.OfTask(task))],
                Messages = [new OutgoingMessage(RunMessages.RunTask, body)],
            },
            CancellationToken.None);

        await server.UntilLoggedAsync(TaskDone);
        Assert.Equal("sda replaced", (string?)Assert.Single(await server.Runs.InboxAsync(claim, CancellationToken.None)).Input);
        Assert.Equal(("replace-disk", "w", run.Value), (agent.Got!.TaskName, agent.Got.Runbook, agent.Got.RunId));

        await server.Services.GetRequiredService<IBus>().Publish(new TaskCompleted("nonsense", null, "test"));
        await server.UntilLoggedAsync(Parked);
        Assert.Contains("There is no task nonsense", server.Log.Message(Parked), StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_event_of_a_run_reaches_another_run_without_a_broker()
    {
        await using var server = await TestServer.StartAsync(await cluster.CreateDatabaseAsync(), []);
        var (_, waiting) = await HeldAsync(server, new Bookmark("b1", 1, "Elsa.Event", null, null, "event:x"));
        var (_, claim) = await HeldAsync(server);
        var loaded = (await server.Runs.LoadAsync(claim, CancellationToken.None)).Run;

        await server.Runs.CommitAsync(
            new RunCommit(loaded, claim) { Messages = [new OutgoingMessage(RunMessages.PublishEvent, new JsonObject { ["id"] = "run:1/2", ["name"] = "x", ["payload"] = 5, ["actor"] = "run:1" })] },
            CancellationToken.None);

        await TestServer.UntilAsync("the other run was told", async () => (await server.Runs.InboxAsync(waiting, CancellationToken.None)).Count == 1);
        Assert.Equal("run:1/2", EventStimulus.EventOf((await server.Runs.InboxAsync(waiting, CancellationToken.None))[0]));
    }

    private async Task<TestServer> StartAsync(Agent? agent = null)
    {
        var server = await TestServer.StartAsync(await cluster.CreateDatabaseAsync(), [], broker.Address);
        var bus = server.Services.GetRequiredService<IBusControl>();
        await TestServer.UntilAsync("the bus is connected", () => Task.FromResult(bus.CheckHealth().Status == BusHealthStatus.Healthy));
        if (agent is not null)
        {
            await bus.ConnectReceiveEndpoint($"agent-{Guid.NewGuid():n}", endpoint => endpoint.Instance(agent)).Ready;
        }

        return server;
    }

    private static async Task<(RunId Run, RunClaim Claim)> HeldAsync(TestServer server, params Bookmark[] bookmarks)
    {
        var created = await server.Runs.CreateAsync(
            new Run { Id = new RunId(Guid.NewGuid()), DefinitionId = "w", DefinitionVersion = 1, CreatedAt = DateTimeOffset.UtcNow, StartedBy = "test" }, CancellationToken.None);
        var claim = (await server.Runs.ClaimNextAsync($"w-{created.Id}", TimeSpan.FromMinutes(5), CancellationToken.None))!;
        Assert.Equal(created.Id, claim.RunId);
        var run = (await server.Runs.LoadAsync(claim, CancellationToken.None)).Run;
        await server.Runs.CommitAsync(new RunCommit(run, claim) { AddedBookmarks = bookmarks }, CancellationToken.None);
        return (created.Id, claim);
    }

    private async Task SendRawAsync(string queue, string body)
    {
        var factory = new ConnectionFactory { HostName = broker.Address.Host, Port = broker.Address.Port, UserName = broker.Address.Username, Password = broker.Address.Password };
        await using var connection = await factory.CreateConnectionAsync();
        await using var channel = await connection.CreateChannelAsync();
        await channel.BasicPublishAsync(string.Empty, queue, mandatory: true, new BasicProperties { ContentType = "application/json" }, Encoding.UTF8.GetBytes(body));
    }

    /// <summary>Does every task, and reports it twice.</summary>
    private sealed class Agent : IConsumer<TaskRequested>
    {
        public TaskRequested? Got { get; private set; }

        public async Task Consume(ConsumeContext<TaskRequested> context)
        {
            Got = context.Message;
            var done = new TaskCompleted(context.Message.TaskId, $"{(string?)context.Message.Payload!["disk"]} replaced", "agent-7");
            await context.Publish(done);
            await context.Publish(done);
        }
    }
}
