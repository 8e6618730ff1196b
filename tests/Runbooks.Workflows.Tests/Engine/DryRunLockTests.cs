using System.Text.Json.Nodes;
using Runbooks.Workflows.Activities;
using Runbooks.Workflows.Definitions;
using Runbooks.Workflows.Journal;
using Runbooks.Workflows.Runs;
using static Runbooks.Workflows.Tests.Engine.Definition;

namespace Runbooks.Workflows.Tests.Engine;

/// <summary>What keeps a dry run from the world when everything before has failed to; and drafts, which run only dry.</summary>
public sealed class DryRunLockTests
{
    private readonly World world = new();

    [Fact]
    public async Task No_activity_that_changes_anything_is_executed_in_a_dry_run()
    {
        var registry = World.Registry().Add<Foretold>().Add<SlowMark>();
        var changing = registry.Descriptors.Where(d => d.Kind is EffectKind.Changes or EffectKind.Irreversible).ToArray();
        Assert.True(changing.Length >= 4);
        foreach (var descriptor in changing)
        {
            // No service is there: whatever is executed fails.
            var engine = new EngineUnderTest(registry);
            (string, JsonNode?)[] inputs = [.. descriptor.Inputs.Where(i => i.Required).Select(i => (char.ToLowerInvariant(i.Name[0]) + i.Name[1..], (JsonNode?)Literal("Done")))];
            _ = await engine.LoadAsync(Of("w", Sequence("s", Activity("it", descriptor.TypeName, inputs))));

            var run = await engine.RunDryAsync("w");

            Assert.Equal((descriptor.TypeName, RunStatus.Finished, null), (descriptor.TypeName, run.Status, run.Reason));
            Assert.True((await engine.StepsAsync(run.Id)).Single(s => s.ActivityId == "it").WasLeftOut);
        }
    }

    [Fact]
    public async Task An_intent_that_should_not_be_there_is_neither_executed_nor_looked_for()
    {
        var (engine, run) = await TamperedAsync(step =>
        {
            step.Effect = EffectState.Intended;
            step.Attempt = 1;
        });

        Assert.Equal(RunStatus.NeedsAttention, run.Status);
        Assert.Contains("is a dry run", run.Reason, StringComparison.Ordinal);
        Assert.Empty(world.History);
        Assert.NotNull(engine);
    }

    [Fact]
    public async Task A_change_that_should_not_be_there_is_not_undone()
    {
        world.Do("a");
        var (engine, run) = await TamperedAsync(
            step =>
            {
                step.Status = ActivityStatus.Completed;
                step.Effect = EffectState.Done;
                step.Undo = UndoState.Available;
                step.CompletionOrder = 1;
            },
            new Stimulus("x", default, StimulusKind.Cancel, null, null, "ada", null));

        Assert.Equal(RunStatus.NeedsAttention, run.Status);
        Assert.Equal(["do a"], world.History);
        Assert.NotNull(engine);
    }

    [Fact]
    public async Task A_draft_runs_dry_on_the_version_that_was_kept_and_not_otherwise()
    {
        var draft = Of("w", Sequence("s", Mark("in-draft")));
        var engine = await new EngineUnderTest(World.Registry(), definitions: d => new WithDraft(d, -7, draft)).With(world).LoadAsync(Of("w", Sequence("s", Mark("published"))));

        var refused = await engine.Starter.StartAsync(new StartRequest("w", [], "test") { Draft = -7 }, CancellationToken.None);
        var run = await engine.RunDryAsync("w", draft: -7);

        Assert.Contains("a draft runs only dry", Assert.Single(Assert.IsType<StartAnswer.Invalid>(refused).Problems).Message, StringComparison.Ordinal);
        Assert.Equal((RunStatus.Finished, -7), (run.Status, run.DefinitionVersion));
        Assert.Contains("in-draft", await engine.CompletedAsync(run.Id));
        Assert.Empty(world.History);
    }

    [Fact]
    public async Task A_run_of_a_draft_is_dry_whatever_it_says()
    {
        var engine = new EngineUnderTest(World.Registry(), definitions: d => new WithDraft(d, -7, Of("w", Sequence("s", Mark("in-draft"))))).With(world);
        var run = new Run { Id = new RunId(Guid.NewGuid()), DefinitionId = "w", DefinitionVersion = -7, CreatedAt = engine.Clock.GetUtcNow(), StartedBy = "test" };
        _ = await engine.Store.CreateAsync(run, CancellationToken.None);

        await engine.WorkAsync();

        Assert.Equal(RunStatus.Finished, (await engine.FindAsync(run.Id)).Status);
        Assert.Empty(world.History);
    }

    [Fact]
    public async Task A_draft_that_can_not_run_is_refused_with_what_is_wrong_in_it()
    {
        var engine = new EngineUnderTest(World.Registry(), definitions: d => new WithDraft(d, -7, Of("w", Sequence("s", Activity("odd", "Test.Nonsense")))));

        var answer = await engine.Starter.StartAsync(new StartRequest("w", [], "test") { Draft = -7, IsDryRun = true }, CancellationToken.None);

        Assert.Contains("'odd'", Assert.Single(Assert.IsType<StartAnswer.Invalid>(answer).Problems).Message, StringComparison.Ordinal);
    }

    /// <summary>A dry run of one change whose step somebody has put into a state that the engine never brings it into.</summary>
    private async Task<(EngineUnderTest Engine, Run Run)> TamperedAsync(Action<ActivityExecution> tamper, Stimulus? stimulus = null)
    {
        var engine = await new EngineUnderTest(World.Registry()).With(world).LoadAsync(Of("w", Sequence("s", Mark("a"), Activity("wait", "Elsa.Event", ("eventName", Literal("never"))))));
        engine.Options.ReconcileFor = TimeSpan.FromSeconds(1);
        engine.Options.MaxUndoAttempts = 1;
        var answer = (StartAnswer.Accepted)await engine.Starter.StartAsync(new StartRequest("w", [], "test") { IsDryRun = true }, CancellationToken.None);
        var claim = (await engine.Store.ClaimNextAsync("tamperer", TimeSpan.FromHours(1), CancellationToken.None))!;
        var run = (await engine.Store.LoadAsync(claim, CancellationToken.None)).Run;
        var root = engine.Catalog.Latest("w")!.Root;
        ActivityExecution[] steps = [Step(1, null, root), Step(2, 1, root.Children[0])];
        steps[1].Inputs["MarkName"] = "a";
        tamper(steps[1]);
        run.Status = RunStatus.Executing;
        run.NextExecutionNumber = 3;
        run.NextCompletionOrder = 2;
        await engine.Store.CommitAsync(new RunCommit(run, claim) { Executions = steps, ReleaseLease = true }, CancellationToken.None);
        if (stimulus is not null)
        {
            _ = await engine.Store.SendAsync(stimulus with { RunId = run.Id }, CancellationToken.None);
        }

        await engine.WorkAsync();
        return (engine, await engine.FindAsync(answer.RunId));
    }

    private static ActivityExecution Step(long number, long? parent, Activity activity) => new()
    {
        Number = number,
        ParentNumber = parent,
        NodeId = activity.NodeId,
        ActivityId = activity.Id,
        ActivityType = activity.Type,
        ActivityName = activity.Name,
        StartedAt = DateTimeOffset.UnixEpoch,
    };

    /// <summary>A store that has kept a draft.</summary>
    private sealed class WithDraft(IDefinitionStore inner, int version, string json) : IDefinitionStore
    {
        public Task<StoredDefinition> PublishAsync(string definitionId, string contentHash, string published, string source, ProductVersion? product, CancellationToken cancellationToken) =>
            inner.PublishAsync(definitionId, contentHash, published, source, product, cancellationToken);

        public Task<StoredDefinition?> LatestAsync(string definitionId, CancellationToken cancellationToken) => inner.LatestAsync(definitionId, cancellationToken);

        public Task<StoredDefinition?> FindAsync(string definitionId, int wanted, CancellationToken cancellationToken) => wanted == version
            ? Task.FromResult<StoredDefinition?>(new StoredDefinition(definitionId, version, "", json, "a test", DateTimeOffset.UnixEpoch))
            : inner.FindAsync(definitionId, wanted, cancellationToken);

        public Task<IReadOnlyList<StoredDefinition>> ListLatestAsync(CancellationToken cancellationToken) => inner.ListLatestAsync(cancellationToken);

        public Task<IReadOnlyList<DefinitionVersion>> LatestVersionsAsync(CancellationToken cancellationToken) => inner.LatestVersionsAsync(cancellationToken);
    }
}
