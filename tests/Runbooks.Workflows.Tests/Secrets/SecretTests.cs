using System.Text.Json.Nodes;
using Runbooks.Workflows.Activities;
using Runbooks.Workflows.Definitions;
using Runbooks.Workflows.Operations;
using Runbooks.Workflows.Runs;
using Runbooks.Workflows.Secrets;
using Runbooks.Workflows.Tests.Engine;
using static Runbooks.Workflows.Tests.Engine.Definition;

namespace Runbooks.Workflows.Tests.Secrets;

/// <summary>The value of a secret reaches the effect that uses it, and nothing that is kept.</summary>
public sealed class SecretTests
{
    private const string Canary = "kanarienvogel-7f3a";

    private readonly World world = new();
    private readonly SecretsUnderTest secrets = new() { ["key"] = Canary };

    [Fact]
    public async Task The_effect_gets_the_value_and_the_history_the_name()
    {
        var engine = await EngineAsync(Sequence("s", Keyed("a")));

        var run = await engine.RunAsync("w");

        Assert.Equal(RunStatus.Finished, run.Status);
        Assert.Equal([Canary], world.Marks);
        var step = (await engine.StepsAsync(run.Id)).Single(s => s.ActivityId == "a");
        Assert.Equal("""{"$secret":"key"}""", step.Inputs["MarkName"]!.ToJsonString());
        await NothingHoldsItAsync(engine, run.Id);
    }

    [Theory]
    [InlineData("throw")]
    [InlineData("fail")]
    [InlineData("unknown")]
    [InlineData("stuck")]
    public async Task What_an_effect_says_when_it_goes_wrong_is_masked(string how)
    {
        world.Blind = how == "unknown";
        world.OnDo = (name, _) => how switch
        {
            "throw" => throw new InvalidOperationException($"tool --password {name} exited with 1"),
            "fail" => new EffectResult.Failed($"tool --password {name} exited with 1"),
            "unknown" => new EffectResult.Unknown($"tool --password {name} did not answer"),
            _ => null,
        };
        _ = world.Stuck.Add(Canary);
        var engine = await EngineAsync(Sequence("s", Keyed("a"), Fault("stop")));

        var run = await engine.RunAsync("w");

        Assert.NotEqual(RunStatus.Finished, run.Status);
        await NothingHoldsItAsync(engine, run.Id);
        Assert.Contains(how == "unknown" ? "It is dark." : SecretMask.Stars, run.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_secret_that_is_not_there_is_a_failure_that_names_it_and_nothing_was_started()
    {
        var engine = await EngineAsync(Sequence("s", Mark("before"), Activity("a", "Test.Mark", ("markName", Wrapped("String", "Secret", "other")))));

        var run = await engine.RunAsync("w");

        Assert.Equal(RunStatus.Compensated, run.Status);
        Assert.Contains("There is no secret 'other'", run.Reason, StringComparison.Ordinal);
        Assert.Equal(["do before", "undo before"], world.History);
    }

    [Fact]
    public async Task A_reference_that_comes_as_a_value_is_only_a_value()
    {
        var smuggled = Activity("a", "Test.Mark", ("markName", Script("return JSON.stringify({ '$secret': 'key' });")));
        var engine = await EngineAsync(Sequence("s", smuggled));

        var run = await engine.RunAsync("w");

        Assert.Equal(RunStatus.Finished, run.Status);
        Assert.Equal(0, secrets.Asked);
        Assert.Equal(["""{"$secret":"key"}"""], world.Marks);
    }

    [Fact]
    public async Task A_person_can_not_put_a_value_in_the_place_of_a_secret()
    {
        var json = JsonNode.Parse(Of("w", Sequence("s", Keyed("a"))))!;
        json["options"] = new JsonObject { ["incidentStrategyType"] = "ContinueWithIncidentsStrategy" };
        var failing = true;
        world.OnDo = (_, _) => failing ? new EffectResult.Failed("No.") : null;
        var engine = await new EngineUnderTest(World.Registry()).With(world).With<ISecretSource>(secrets).LoadAsync(json.ToJsonString());
        var run = await engine.RunAsync("w");
        var step = await engine.NumberOfAsync(run.Id, "a");
        var inputs = new JsonObject { ["MarkName"] = "plain" };
        failing = false;

        var refusal = OrderRules.Check(new RunOrder(RunVerb.Retry, "anna", "why") { Step = step, Inputs = inputs }, await engine.FactsAsync(run.Id));
        run = await engine.OrderAndWorkAsync(run.Id, RunVerb.Retry, step, inputs);

        Assert.Contains("change the secret", Assert.IsType<OrderRefusal.Invalid>(refusal).Message, StringComparison.Ordinal);
        Assert.Equal(RunStatus.Finished, run.Status);
        Assert.Equal([Canary], world.Marks);
        Assert.Equal("""{"$secret":"key"}""", (await engine.StepsAsync(run.Id)).Single(s => s.Number == step).Inputs["MarkName"]!.ToJsonString());
    }

    [Fact]
    public void Only_an_activity_that_touches_the_world_may_name_a_secret() =>
        Refused(Activity("line", "Elsa.WriteLine", ("text", Wrapped("String", "Secret", "key"))), "line", "names a secret");

    [Theory]
    [InlineData("../etc/passwd")]
    [InlineData(".hidden")]
    [InlineData("")]
    [InlineData("a b")]
    public void A_name_that_could_leave_its_folder_is_refused(string name) =>
        Refused(Activity("a", "Test.Mark", ("markName", Wrapped("String", "Secret", name))), "a", "names secret");

    [Fact]
    public void A_secret_is_a_text() =>
        Refused(Activity("a", "Test.Mark", ("markName", Literal("x")), ("retries", Wrapped("Int32", "Secret", "key"))), "a", "a secret is a text");

    [Fact]
    public void A_mask_takes_values_out_of_texts_names_lists_and_lines_and_the_longest_first()
    {
        var mask = new SecretMask();
        mask.Remember("abcd");
        mask.Remember("abcdef\nsecond line");
        mask.Remember("xy");

        Assert.Equal($"{SecretMask.Stars} and {SecretMask.Stars} and xy", mask.Mask("abcdef and second line and xy"));
        Assert.DoesNotContain("abcd", mask.Mask(new JsonObject { ["abcd"] = new JsonArray("is abcd", 1, new JsonObject { ["n"] = "abcdef" }) }).ToJsonString(), StringComparison.Ordinal);
        Assert.DoesNotContain("abcd", new SecretAnswer.Found("abcd").ToString(), StringComparison.Ordinal);
    }

    private static JsonObject Keyed(string id) => Activity(id, "Test.Mark", ("markName", Wrapped("String", "Secret", "key")));

    private static void Refused(JsonObject activity, string id, string expected)
    {
        var reading = new DefinitionReader(World.Registry()).Read(Of("w", Sequence("s", activity)), "w.json");

        Assert.Null(reading.Definition);
        Assert.Contains(reading.Problems, p => p.ActivityId == id && p.Message.Contains(expected, StringComparison.Ordinal));
    }

    private async Task NothingHoldsItAsync(EngineUnderTest engine, RunId id)
    {
        var published = new List<string>();
        _ = await engine.Store.Outbox.DispatchAsync((m, _) => { published.Add(m.Body.ToJsonString()); return Task.CompletedTask; }, 1000, CancellationToken.None);
        var kept = System.Text.Json.JsonSerializer.Serialize(new
        {
            run = await engine.FindAsync(id),
            steps = await engine.StepsAsync(id),
            journal = await engine.JournalAsync(id),
            published,
        });
        Assert.DoesNotContain(Canary, kept, StringComparison.Ordinal);
        Assert.True(secrets.Asked > 0);
    }

    private Task<EngineUnderTest> EngineAsync(JsonObject root) =>
        new EngineUnderTest(World.Registry()).With(world).With<ISecretSource>(secrets).LoadAsync(Of("w", root));
}
