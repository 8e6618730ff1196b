using System.Text.Json.Nodes;
using Runbooks.Workflows.Definitions;
using Runbooks.Workflows.Journal;
using Runbooks.Workflows.Runs;
using Runbooks.Workflows.Tests.Engine;
using Runbooks.Workflows.Triggers;
using static Runbooks.Workflows.Tests.Engine.Definition;

namespace Runbooks.Workflows.Tests.Triggers;

/// <summary>Activities that start runs, and the same ones in the middle of a run.</summary>
public sealed class TriggerTests
{
    [Fact]
    public async Task The_triggers_of_live_definitions_are_known_and_those_of_a_former_version_are_not()
    {
        var engine = Engine();
        var changes = 0;
        engine.Catalog.Changed += (_, _) => changes++;
        await engine.LoadAsync(
            Of("w", Flowchart("f", "nightly -> a", Cron("nightly", "0 2 * * *", ("runbooks:timeZone", "Europe/Berlin"), ("runbooks:misfire", "skip"), ("runbooks:whenBusy", "queue")), Mark("a"))),
            Of("v", Sequence("s", Event("e", "host-repaired"), Timer("t", "00:00:05", starts: false))));

        Assert.Equal(
            [
                new Trigger("v", "Workflow1:s:e", new TriggerSource.OnEvent("host-repaired"), MisfirePolicy.Once, WhenBusy.Skip),
                new Trigger("w", "Workflow1:f:nightly", new TriggerSource.OnTime(new TriggerTiming.ByCron("0 2 * * *", "Europe/Berlin")), MisfirePolicy.Skip, WhenBusy.Queue),
            ],
            engine.Catalog.Triggers.All);
        Assert.Equal("v", Assert.Single(engine.Catalog.Triggers.OfEvent("host-repaired")).DefinitionId);

        await engine.LoadAsync(Of("v", Sequence("s", Mark("a"))));
        Assert.Empty(engine.Catalog.Triggers.OfEvent("host-repaired"));
        Assert.Equal(2, changes);
    }

    [Theory]
    [InlineData("Elsa.Cron", "cronExpression", "61 * * * *", "minutes")]
    [InlineData("Elsa.Timer", "interval", "00:00:00.5", "once a second")]
    [InlineData("Elsa.Timer", "interval", "often", "time span")]
    [InlineData("Elsa.StartAt", "dateTime", "tomorrow", "date and time")]
    [InlineData("Elsa.Event", "eventName", "", "eventName")]
    public void A_trigger_that_could_never_fire_is_refused(string type, string field, string value, string said) =>
        Refused(Sequence("s", Starting(Activity("t", type, (field, Literal(value))))), said);

    [Fact]
    public void What_a_trigger_waits_for_must_be_known_before_there_is_a_run() =>
        Refused(Sequence("s", Starting(Activity("t", "Elsa.Event", ("eventName", Script("'a' + 'b'"))))), "plain value");

    [Fact]
    public void No_run_can_start_in_the_middle_of_a_sequence() =>
        Refused(Sequence("s", Mark("a"), Event("t", "x")), "behind the beginning of the sequence 's'");

    [Fact]
    public void An_unknown_policy_is_refused_with_those_that_there_are() =>
        Refused(Sequence("s", Cron("t", "0 2 * * *", ("runbooks:misfire", "sometimes"))), "once, skip, all");

    [Fact]
    public void An_unknown_time_zone_is_refused() =>
        Refused(Sequence("s", Cron("t", "0 2 * * *", ("runbooks:timeZone", "Mars/Base"))), "Mars/Base");

    [Fact]
    public void A_trigger_brings_no_input_so_none_may_be_required()
    {
        var json = JsonNode.Parse(Of("w", Sequence("s", Event("t", "x")), [("Host", "String")]))!.AsObject();
        json["customProperties"] = new JsonObject { ["runbooks:requiredInputs"] = new JsonArray("Host") };

        Assert.Contains("'Host' is required", Assert.Single(new DefinitionReader(World.Registry()).Read(json.ToJsonString(), "w").Problems).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_run_starts_at_the_activity_that_has_started_it_and_goes_on_from_there()
    {
        var engine = await Engine().LoadAsync(Of(
            "w",
            Flowchart("f", "start -> a; a -> b; event -> c; c -> b; b -> d", Activity("start", "Elsa.Start"), Mark("a"), Event("event", "x"), Mark("c"), Mark("b"), Mark("d")),
            ("Got", "Object", null)));

        var usual = await engine.StartAsync("w");
        var triggered = await StartAsync(engine, "w", "Workflow1:f:event", new JsonObject { ["n"] = 7 });
        await engine.WorkAsync();

        Assert.Equal(["start", "a", "b", "d", "f"], await engine.CompletedAsync(usual));
        Assert.Equal(["event", "c", "b", "d", "f"], await engine.CompletedAsync(triggered));
        Assert.Equal("""{"n":7}""", (await engine.StepsAsync(triggered)).Single(s => s.ActivityId == "event").Outputs["Result"]!.ToJsonString());
    }

    [Fact]
    public async Task A_trigger_inside_an_inner_flowchart_is_reached_through_its_outer_one()
    {
        var engine = await Engine().LoadAsync(Of(
            "w", Flowchart("outer", "a -> inner; inner -> z", Mark("a"), Flowchart("inner", "b -> c; t -> c", Mark("b"), Timer("t", "01:00:00"), Mark("c")), Mark("z"))));

        var run = await StartAsync(engine, "w", "Workflow1:outer:inner:t", null);
        await engine.WorkAsync();

        Assert.Equal(["t", "c", "inner", "z", "outer"], await engine.CompletedAsync(run));
    }

    [Fact]
    public async Task A_trigger_that_is_reached_again_waits_as_any_other_activity()
    {
        var engine = await Engine().LoadAsync(Of("w", Flowchart("f", "t -> a; a -> t", Event("t", "x"), Mark("a"))));

        var run = await StartAsync(engine, "w", "Workflow1:f:t", null);
        await engine.WorkAsync();

        Assert.Equal(["t", "a"], await engine.CompletedAsync(run));
        Assert.Equal("Waits for event:x.", (await engine.FindAsync(run)).Reason);
    }

    [Fact]
    public async Task A_trigger_that_the_version_does_not_have_starts_nothing()
    {
        var engine = await Engine().LoadAsync(Of("w", Sequence("s", Mark("a"))));

        var answer = await engine.Starter.StartAsync(new StartRequest("w", [], "test") { Trigger = new RunTrigger("Workflow1:s:gone", null) }, CancellationToken.None);

        Assert.Equal("trigger", Assert.Single(Assert.IsType<StartAnswer.Invalid>(answer).Problems).Field);
    }

    [Theory]
    [InlineData("Elsa.Timer", "interval", "00:10:00", "2026-03-01T12:10:00")]
    [InlineData("Elsa.Cron", "cronExpression", "30 13 * * *", "2026-03-01T13:30:00")]
    [InlineData("Elsa.StartAt", "dateTime", "2026-03-01T18:00:00Z", "2026-03-01T18:00:00")]
    public async Task In_the_middle_of_a_run_they_wait_by_the_stores_clock_whatever_the_workers_shows(string type, string field, string value, string due)
    {
        foreach (var hours in new[] { -1, 0, 1 })
        {
            var clocks = await TwoClocks.WithAsync(Of("w", Sequence("s", Activity("t", type, (field, Literal(value))), Activity("a", "Elsa.WriteLine"))));
            clocks.Worker.Now += TimeSpan.FromHours(hours);

            await clocks.WorkAsync();
            var bookmarked = await clocks.BookmarkAsync();
            Assert.Equal(DateTimeOffset.Parse(due + "Z", System.Globalization.CultureInfo.InvariantCulture), bookmarked);

            // The worker's clock steps back while the timer runs: it comes due all the same, and not a moment before.
            clocks.Worker.Now -= TimeSpan.FromHours(2);
            clocks.StoreClock.Now = bookmarked - TimeSpan.FromSeconds(1);
            Assert.False(await clocks.WorkAsync());
            clocks.StoreClock.Now = bookmarked;
            Assert.True(await clocks.WorkAsync());
            Assert.Equal(RunStatus.Finished, (await clocks.RunAsync()).Status);
        }
    }

    [Fact]
    public async Task A_time_that_has_passed_is_not_waited_for()
    {
        var engine = await Engine().LoadAsync(Of("w", Sequence("s", Activity("t", "Elsa.StartAt", ("dateTime", Literal("2026-03-01T11:59:59Z"))), Mark("a"))));

        var run = await engine.RunAsync("w");

        Assert.Equal(RunStatus.Finished, run.Status);
        Assert.DoesNotContain(await engine.Store.JournalAsync(run.Id, 0, 100, CancellationToken.None), e => e.Event == JournalEvents.Suspended);
    }

    private static EngineUnderTest Engine() => new EngineUnderTest(World.Registry()).With(new World());

    private static async Task<RunId> StartAsync(EngineUnderTest engine, string runbook, string node, JsonNode? payload) =>
        Assert.IsType<StartAnswer.Accepted>(await engine.Starter.StartAsync(new StartRequest(runbook, [], "test") { Trigger = new RunTrigger(node, payload) }, CancellationToken.None)).RunId;

    private static void Refused(JsonObject root, string said) =>
        Assert.Contains(said, Assert.Single(new DefinitionReader(World.Registry()).Read(Of("w", root), "w.json").Problems).Message, StringComparison.Ordinal);

    private static JsonObject Event(string id, string name) => Starting(Activity(id, "Elsa.Event", ("eventName", Literal(name))));

    private static JsonObject Timer(string id, string interval, bool starts = true) =>
        starts ? Starting(Activity(id, "Elsa.Timer", ("interval", Literal(interval)))) : Activity(id, "Elsa.Timer", ("interval", Literal(interval)));

    private static JsonObject Cron(string id, string expression, params (string Key, JsonNode Value)[] more) => Starting(Activity(id, "Elsa.Cron", ("cronExpression", Literal(expression))), more);

    private static JsonObject Starting(JsonObject activity, params (string Key, JsonNode Value)[] more)
    {
        var properties = new JsonObject { ["canStartWorkflow"] = true };
        foreach (var (key, value) in more)
        {
            properties[key] = value;
        }

        activity["customProperties"] = properties;
        return activity;
    }
}
