using System.Text.Json.Nodes;
using Runbooks.Workflows.Events;
using Runbooks.Workflows.Execution;
using Runbooks.Workflows.Journal;
using Runbooks.Workflows.Runs;
using Runbooks.Workflows.Tests.Engine;
using static Runbooks.Workflows.Tests.Engine.Definition;

namespace Runbooks.Workflows.Tests.Events;

/// <summary>Events and tasks through the whole engine, with workers that die at every commit.</summary>
public sealed class EventEngineTests
{
    private readonly EngineUnderTest engine = new EngineUnderTest(World.Registry()).With(new World());

    private EventPublisher Publisher => new(engine.Catalog, engine.Starter, engine.Store, engine.Options, engine.Signal);

    private TaskDesk Desk => new(engine.Store, engine.Store, engine.Signal);

    [Fact]
    public async Task A_run_waits_for_an_event_and_goes_on_with_what_it_brings()
    {
        await engine.LoadAsync(Of("w", Sequence("s", Wait("e", "x"), Mark("a"))));
        var run = await engine.RunAsync("w");
        Assert.Equal((RunStatus.Suspended, "Waits for event:x."), (run.Status, run.Reason));

        Assert.Empty((await PublishAsync("other")).Woken);
        var done = await PublishAsync("x", new JsonObject { ["n"] = 1 });
        await engine.WorkAsync();

        Assert.Equal([run.Id], done.Woken);
        Assert.Equal(RunStatus.Finished, (await engine.FindAsync(run.Id)).Status);
        Assert.Equal("""{"n":1}""", await ResultAsync(run.Id, "e"));
    }

    [Fact]
    public async Task Events_in_a_row_are_taken_one_by_one_by_a_loop_that_waits_for_each()
    {
        await engine.LoadAsync(Of("w", Sequence("s", Wait("e1", "x"), Wait("e2", "x"), Wait("e3", "x"))));
        var run = await engine.RunAsync("w");

        foreach (var n in new[] { 1, 2, 3 })
        {
            await PublishAsync("x", n);
        }

        await engine.WorkAsync();

        Assert.Equal(RunStatus.Finished, (await engine.FindAsync(run.Id)).Status);
        Assert.Equal("1 2 3", string.Join(' ', await ResultAsync(run.Id, "e1"), await ResultAsync(run.Id, "e2"), await ResultAsync(run.Id, "e3")));
    }

    [Fact]
    public async Task An_event_wakes_runs_of_its_correlation_id_only()
    {
        await engine.LoadAsync(Of("w", Sequence("s", Wait("e", "x"))));
        var one = await StartAsync("w", "c1");
        var two = await StartAsync("w", "c2");
        await engine.WorkAsync();

        Assert.Equal([two], (await PublishAsync("x", correlation: "c2")).Woken);
        await engine.WorkAsync();

        Assert.Equal((RunStatus.Suspended, RunStatus.Finished), ((await engine.FindAsync(one)).Status, (await engine.FindAsync(two)).Status));
    }

    [Fact]
    public async Task An_event_starts_the_runs_that_it_starts_once_however_often_it_is_published()
    {
        var starting = Wait("e", "x");
        starting["customProperties"] = new JsonObject { ["canStartWorkflow"] = true };
        await engine.LoadAsync(Of("w", Sequence("s", starting, Mark("a"))));
        var published = new WorkflowEvent("e1", EventKeys.OfEvent("x"), 5, "anna") { CorrelationId = "c1" };

        var first = await Publisher.PublishAsync(published, CancellationToken.None);
        var again = await Publisher.PublishAsync(published, CancellationToken.None);
        await engine.WorkAsync();

        var run = await engine.FindAsync(Assert.Single(first.Started));
        Assert.Equal((true, 0), (again.Repeated, again.Started.Count));
        Assert.Equal((RunStatus.Finished, "event:x", "c1"), (run.Status, run.StartedBy, run.CorrelationId));
        Assert.Equal("5", await ResultAsync(run.Id, "e"));
        Assert.Single(await engine.Store.ListAsync(new RunFilter(), CancellationToken.None));
    }

    /// <summary>The publisher dies between starting runs and telling the store: it is asked again, and nothing is doubled.</summary>
    [Fact]
    public async Task Dying_half_way_through_publishing_doubles_nothing()
    {
        var starting = Wait("e", "x");
        starting["customProperties"] = new JsonObject { ["canStartWorkflow"] = true };
        await engine.LoadAsync(Of("w", Sequence("s", starting)), Of("v", Sequence("s", Wait("e", "x"))));
        var waiting = await engine.RunAsync("v");
        var published = new WorkflowEvent("e1", EventKeys.OfEvent("x"), null, "anna");
        var dying = new EventPublisher(engine.Catalog, engine.Starter, new DyingStore(engine.Store), engine.Options, engine.Signal);
        await Assert.ThrowsAsync<IOException>(() => dying.PublishAsync(published, CancellationToken.None));

        var done = await Publisher.PublishAsync(published, CancellationToken.None);

        Assert.Equal([waiting.Id], done.Woken);
        Assert.Equal(2, (await engine.Store.ListAsync(new RunFilter(), CancellationToken.None)).Count);
        Assert.Single(done.Started);
    }

    [Fact]
    public async Task A_run_publishes_to_others_and_to_itself_and_one_that_dies_meanwhile_publishes_one_event()
    {
        await engine.LoadAsync(
            Of("listener", Sequence("s", Wait("e", "x"))),
            Of("w", Sequence("s", Publish("p1", "x", false), Publish("p2", "mine", true), Wait("e", "mine"))),
            Of("stranger", Sequence("s", Wait("e", "mine"))));
        var listener = await engine.StartAsync("listener");
        var stranger = await engine.StartAsync("stranger");
        await engine.WorkAsync();
        var run = await engine.StartAsync("w");
        await engine.WorkAsync();

        var ids = new List<string>();
        await DispatchAsync(ids, twice: true);
        await engine.WorkAsync();

        Assert.Equal([$"run:{run}/2", $"run:{run}/3"], ids.Distinct());
        Assert.Equal(
            [RunStatus.Finished, RunStatus.Finished, RunStatus.Suspended],
            new[] { (await engine.FindAsync(listener)).Status, (await engine.FindAsync(run)).Status, (await engine.FindAsync(stranger)).Status });
        Assert.Equal("\"hello\"", await ResultAsync(listener, "e"));
    }

    [Fact]
    public async Task A_task_goes_out_with_the_commit_that_waits_for_it_and_its_report_wakes_the_run()
    {
        await engine.LoadAsync(Of("w", Sequence("s", Activity("t", "Elsa.RunTask", ("taskName", Literal("replace-disk")), ("payload", Literal("sda"))), Mark("a"))));
        var run = await engine.RunAsync("w");
        var message = Assert.Single(await DispatchAsync([]), m => m.Type == RunMessages.RunTask).Body;
        var task = (string)message["taskId"]!;

        Assert.Equal(("replace-disk", "sda", run.Id.ToString(), "w"), ((string?)message["taskName"], (string?)message["payload"], (string?)message["runId"], (string?)message["runbook"]));
        Assert.Equal(new TaskAnswer.Completed(run.Id, Repeated: false), await CompleteAsync(task, "ok"));
        Assert.Equal(new TaskAnswer.Completed(run.Id, Repeated: true), await CompleteAsync(task, "ok"));
        Assert.Equal(new TaskAnswer.OtherResult(run.Id), await CompleteAsync(task, "broken"));
        await engine.WorkAsync();

        Assert.Equal(RunStatus.Finished, (await engine.FindAsync(run.Id)).Status);
        Assert.Equal("\"ok\"", await ResultAsync(run.Id, "t"));
        Assert.Equal(task, (string?)(await engine.StepsAsync(run.Id)).Single(s => s.ActivityId == "t").Outputs["TaskId"]);
    }

    [Fact]
    public async Task A_report_of_an_unknown_task_or_to_a_run_that_no_longer_waits_is_answered_as_such()
    {
        await engine.LoadAsync(Of("w", Sequence("s", Activity("t", "Elsa.RunTask", ("taskName", Literal("replace-disk"))))));
        var run = await engine.RunAsync("w");
        var task = $"{run.Id}.2.0";
        await engine.Store.SendAsync(new Stimulus("c", run.Id, StimulusKind.Cancel, null, null, "anna", "enough"), CancellationToken.None);
        await engine.WorkAsync();

        Assert.Equal(RunStatus.Cancelled, Assert.IsType<TaskAnswer.TooLate>(await CompleteAsync(task, "ok")).Run.Status);
        Assert.IsType<TaskAnswer.TooLate>(await CompleteAsync($"{run.Id}.9.0", "ok"));
        Assert.IsType<TaskAnswer.Unknown>(await CompleteAsync("nonsense", "ok"));
        Assert.IsType<TaskAnswer.Unknown>(await CompleteAsync($"{Guid.NewGuid():n}.2.0", "ok"));
        Assert.IsType<TaskAnswer.Unknown>(await CompleteAsync(new string('x', 5000), "ok"));
    }

    /// <summary>The worker has taken the event in and dies before it commits; and it dies at each commit on the way.</summary>
    [Fact]
    public async Task Killed_at_every_point_a_run_takes_each_event_once_and_loses_none()
    {
        for (var point = 1; point < 40; point++)
        {
            var mortal = new EngineUnderTest(World.Registry()).With(new World());
            await mortal.LoadAsync(Of("w", Sequence("s", Wait("e1", "x"), Wait("e2", "x"))));
            var publisher = new EventPublisher(mortal.Catalog, mortal.Starter, mortal.Store, mortal.Options, mortal.Signal);
            _ = await publisher.PublishAsync(new WorkflowEvent("e1", EventKeys.OfEvent("x"), 1, "anna"), CancellationToken.None);
            mortal.Probe.DieAt = point;
            var run = await mortal.StartAsync("w");
            await mortal.WorkAsync();
            _ = await publisher.PublishAsync(new WorkflowEvent("e2", EventKeys.OfEvent("x"), 2, "anna"), CancellationToken.None);
            await mortal.WorkAsync();

            var steps = await mortal.StepsAsync(run);
            Assert.Equal(RunStatus.Finished, (await mortal.FindAsync(run)).Status);
            Assert.Equal(["1", "2"], steps.Where(s => s.ActivityType == "Elsa.Event").OrderBy(s => s.Number).Select(s => s.Outputs["Result"]!.ToJsonString()));
            if (mortal.Probe.Deaths == 0)
            {
                return;
            }
        }

        Assert.Fail("There were more points than expected.");
    }

    private static JsonObject Wait(string id, string name) => Activity(id, "Elsa.Event", ("eventName", Literal(name)));

    private static JsonObject Publish(string id, string name, bool isLocal) =>
        Activity(id, "Elsa.PublishEvent", ("eventName", Literal(name)), ("isLocalEvent", Literal(isLocal, "Boolean")), ("payload", Literal("hello")));

    private Task<PublishedEvent> PublishAsync(string name, JsonNode? payload = null, string? correlation = null) => Publisher.PublishAsync(
        new WorkflowEvent(Guid.NewGuid().ToString(), EventKeys.OfEvent(name), payload, "anna") { CorrelationId = correlation }, CancellationToken.None);

    private Task<TaskAnswer> CompleteAsync(string task, string result) => Desk.CompleteAsync(task, result, "agent", CancellationToken.None);

    private async Task<RunId> StartAsync(string runbook, string correlation) =>
        Assert.IsType<StartAnswer.Accepted>(await engine.Starter.StartAsync(new StartRequest(runbook, [], "test", CorrelationId: correlation), CancellationToken.None)).RunId;

    private async Task<string?> ResultAsync(RunId run, string activity) =>
        (await engine.StepsAsync(run)).Single(s => s.ActivityId == activity).Outputs["Result"]?.ToJsonString();

    private async Task<List<OutgoingMessage>> DispatchAsync(List<string> ids, bool twice = false)
    {
        var messages = new List<OutgoingMessage>();
        _ = await engine.Store.Outbox.DispatchAsync(
            async (message, cancellationToken) =>
            {
                messages.Add(message);
                for (var i = 0; message.Type == RunMessages.PublishEvent && i < (twice ? 2 : 1); i++)
                {
                    ids.Add((await Publisher.PublishAsync(PublishEvent.Read(message.Body)!, cancellationToken)).Id);
                }
            },
            100,
            CancellationToken.None);
        return messages;
    }

    private sealed class DyingStore(IEventStore inner) : IEventStore
    {
        public Task<EventReceipt> PublishAsync(WorkflowEvent published, int taken, CancellationToken cancellationToken) => throw new IOException("The process died.");

        public Task<WorkflowEvent?> FindEventAsync(string id, CancellationToken cancellationToken) => inner.FindEventAsync(id, cancellationToken);

        public Task<IReadOnlyList<WorkflowEvent>> ExpireEventsAsync(int limit, CancellationToken cancellationToken) => inner.ExpireEventsAsync(limit, cancellationToken);
    }
}
