using System.Text.Json;
using System.Text.Json.Nodes;
using Runbooks.Workflows.Activities;
using Runbooks.Workflows.Children;
using Runbooks.Workflows.Definitions;
using Runbooks.Workflows.Execution;
using Runbooks.Workflows.Journal.InMemory;
using Runbooks.Workflows.Operations;
using Runbooks.Workflows.Runs;

namespace Runbooks.Server.Elsa.Instances;

/// <summary>How the test of one activity went.</summary>
/// <param name="Refusal">Why it was not executed; null when it was.</param>
/// <param name="Step">The step; null when it was not executed.</param>
internal sealed record ActivityTest(string? Refusal, ActivityExecution? Step);

/// <summary>
/// Executes one activity of a definition by itself, for the designer's Test tab: in a dry run that is in memory only, with
/// the definition's variables and inputs at their defaults. What looks at the fleet really looks. What would change it is
/// refused: the whole run shows more, dry.
/// </summary>
internal sealed class ActivityTester(ActivityRegistry registry, IServiceProvider services, EngineServices engine)
{
    private const string Around = "test-of-one-activity";

    private static readonly JsonDocumentOptions AsStored = new() { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true, MaxDepth = 256 };

    /// <summary>A look that takes longer is no answer in a tab of a designer.</summary>
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(30);

    public async Task<ActivityTest> TestAsync(WorkflowDefinition definition, string activityId, string actor, CancellationToken cancellationToken)
    {
        if (definition.ByNodeId.Values.FirstOrDefault(a => string.Equals(a.Id, activityId, StringComparison.Ordinal) || string.Equals(a.NodeId, activityId, StringComparison.Ordinal)) is not { } activity)
        {
            return new ActivityTest($"There is no activity '{activityId}' in this version of '{definition.DefinitionId}'. Save it first.", null);
        }

        if (WhyNot(activity) is { } why)
        {
            return new ActivityTest(why, null);
        }

        if (Find(JsonNode.Parse(definition.Json, documentOptions: AsStored)?["root"], activity.Id) is not { } json)
        {
            return new ActivityTest($"'{activity.Id}' is written in another runbook that is used here; test it there.", null);
        }

        return await ExecuteAsync(definition, activity.Id, json, actor, cancellationToken);
    }

    /// <summary>Why an activity is not executed by itself; null when it is.</summary>
    internal static string? WhyNot(Activity activity)
    {
        var all = Inside(activity).ToArray();
        return all.FirstOrDefault(a => a.Descriptor.Kind is EffectKind.Changes or EffectKind.Irreversible) is { } changing
            ? $"'{NameOf(changing)}' would change the fleet; run the draft: that is a dry run."
            : all.Any(a => a is ICallsWorkflow) ? $"'{NameOf(activity)}' starts another runbook; run the draft: that is a dry run of both."
            : null;
    }

    private static IEnumerable<Activity> Inside(Activity activity) => activity.Children.SelectMany(Inside).Prepend(activity);

    private static string NameOf(Activity activity) => activity.DisplayText is { Length: > 0 } text ? text : activity.Name;

    private async Task<ActivityTest> ExecuteAsync(WorkflowDefinition definition, string activityId, JsonObject json, string actor, CancellationToken cancellationToken)
    {
        var clock = engine.Clock;
        var catalog = new DefinitionCatalog(new InMemoryDefinitionStore(clock), new DefinitionReader(registry));
        var alone = JsonNode.Parse(definition.Json, documentOptions: AsStored)!.AsObject();
        alone["definitionId"] = definition.DefinitionId;
        alone["root"] = new JsonObject { ["id"] = Around, ["type"] = "Elsa.Sequence", ["activities"] = new JsonArray(json.DeepClone()) };
        (alone["customProperties"] as JsonObject)?.Remove("runbooks:requiredInputs");
        if (await catalog.LoadAsync([(definition.DefinitionId, alone.ToJsonString())], cancellationToken) is { Count: > 0 } problems)
        {
            return new ActivityTest(string.Join(" ", problems.Select(p => p.Message)), null);
        }

        var store = new InMemoryRunStore(clock);
        var ids = new TimeOrderedIds(clock);
        var runs = new RunFactory(catalog, ids, clock);
        var signal = new WorkSignal(clock);
        var wish = new StartRequest(definition.DefinitionId, [], ActorName.StartedBy(actor, "test of one activity")) { IsDryRun = true };
        if (await new RunStarter(catalog, runs, store, signal).StartAsync(wish, cancellationToken) is not StartAnswer.Accepted accepted)
        {
            return new ActivityTest("It can't be tested alone: its runbook can't be started with the defaults of its inputs.", null);
        }

        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(Longest);
        var own = new EngineServices(store, runs, services, engine.Options, clock, new NoProbe(), signal, engine.Logger);
        var claim = await store.ClaimNextAsync(engine.Options.Worker, engine.Options.Lease, [], limit.Token);
        try
        {
            await new RunExecutor(own, catalog).ExecuteAsync(claim!, limit.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return new ActivityTest($"It did not end within {Longest.TotalSeconds:0} s.", null);
        }

        var steps = await store.ExecutionsAsync(accepted.RunId, cancellationToken);
        return steps.FirstOrDefault(s => string.Equals(s.ActivityId, activityId, StringComparison.Ordinal)) is { } step
            ? new ActivityTest(null, step)
            : new ActivityTest($"It was not executed: {(await store.FindAsync(accepted.RunId, cancellationToken))?.Reason}", null);
    }

    /// <summary>The activity of this id, wherever it is in the tree.</summary>
    private static JsonObject? Find(JsonNode? node, string id) => node switch
    {
        JsonObject json when json["type"] is JsonValue && string.Equals(json["id"]?.ToString(), id, StringComparison.Ordinal) => json,
        JsonObject json => json.Select(p => Find(p.Value, id)).FirstOrDefault(f => f is not null),
        JsonArray list => list.Select(i => Find(i, id)).FirstOrDefault(f => f is not null),
        _ => null,
    };
}
