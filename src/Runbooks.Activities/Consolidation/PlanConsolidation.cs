using System.Text.Json;
using System.Text.Json.Nodes;
using Runbooks.Fleet.Planning;
using Runbooks.Fleet.Policies;
using Runbooks.Hypervisors.Observation;
using Runbooks.Workflows.Activities;

namespace Runbooks.Activities.Consolidation;

/// <summary>Looks at the fleet and plans which host to empty, which VM goes where, and why.</summary>
[Activity("Runbooks", "Runbooks: Planning", "Looks at the fleet and plans which host can be emptied and switched off: which VM goes where, and why. Changes nothing.", DisplayName = "Plan consolidation")]
[FlowNode("Done", "Nothing")]
public sealed class PlanConsolidation : ReadActivity
{
    [Input(Description = "Only hosts of this pool; empty: the first pool in which it pays.", UiHint = "dropdown", Choices = FleetChoices.Pools)]
    public Input<string> Pool { get; } = new();

    [Input(Description = "Average load below which a host is emptied, 0 to 1; empty: the fleet's policy.", DisplayName = "Load_min", UiHint = "dropdown", Choices = FleetChoices.LoadMin)]
    public Input<double?> LoadMin { get; } = new();

    [Input(Description = "Load that no host may exceed, 0 to 1; empty: the fleet's policy.", DisplayName = "Load_max", UiHint = "dropdown", Choices = FleetChoices.LoadMax)]
    public Input<double?> LoadMax { get; } = new();

    [Input(Description = "Hosts of a pool that stay on whatever the load; empty: the fleet's policy.", DisplayName = "Hosts that stay on", UiHint = "dropdown", Choices = FleetChoices.MinActiveHosts)]
    public Input<int?> MinActiveHosts { get; } = new();

    [Output(Description = "The whole plan, with reasons and refusals.")]
    public Output<JsonNode> Plan { get; } = new();

    [Output(Description = "Its moves in order: vm, from, to, memoryMiB, reason.")]
    public Output<JsonNode> Moves { get; } = new();

    [Output(Description = "The host that is emptied and switched off.")]
    public Output<string> Host { get; } = new();

    [Output(Description = "The plan in one sentence.")]
    public Output<string> Summary { get; } = new();

    protected override async Task<EffectResult> PerformAsync(EffectContext context)
    {
        var policy = Adapt(context, context.GetRequiredService<ConsolidationPolicy>());
        var reading = await context.GetRequiredService<FleetObserver>().ObserveAsync(context.CancellationToken);
        var plan = ConsolidationPlanner.Plan(reading.Snapshot, policy);
        var outputs = new JsonObject
        {
            [nameof(Plan)] = PlanJson.Of(plan),
            [nameof(Moves)] = PlanJson.MovesOf(plan),
            [nameof(Host)] = plan.Power.Length > 0 ? plan.Power[0].Host.Value : null,
            [nameof(Summary)] = plan.Summary,
        };
        return new EffectResult.Done(outputs, plan.IsEmpty ? "Nothing" : "Done");
    }

    private ConsolidationPolicy Adapt(EffectContext context, ConsolidationPolicy policy)
    {
        var thresholds = policy.Thresholds;
        return policy with
        {
            Pool = context.Get(Pool) is { Length: > 0 } pool ? pool : policy.Pool,
            MinActiveHosts = context.Get(MinActiveHosts) ?? policy.MinActiveHosts,
            Thresholds = new Thresholds
            {
                LoadMin = context.Get(LoadMin) ?? thresholds.LoadMin,
                LoadMax = context.Get(LoadMax) ?? thresholds.LoadMax,
                LowBelow = thresholds.LowBelow,
                HighFrom = thresholds.HighFrom,
            },
        };
    }
}

/// <summary>A plan as data, the same for runbooks, API, console and history.</summary>
public static class PlanJson
{
    public static JsonObject Of(Plan plan)
    {
        ArgumentNullException.ThrowIfNull(plan);
        return new JsonObject
        {
            ["goal"] = plan.Goal,
            ["hash"] = plan.FleetHash,
            ["summary"] = plan.Summary,
            ["moves"] = MovesOf(plan),
            ["power"] = List(plan.Power.Select(p => new { host = p.Host.Value, action = p.Target.ToString(), reason = p.Reason })),
            ["refused"] = List(plan.Refusals.Select(r => new { subject = r.Subject, reason = r.Reason })),
        };
    }

    public static JsonArray MovesOf(Plan plan)
    {
        ArgumentNullException.ThrowIfNull(plan);
        return List(plan.Moves.Select(m => new { vm = m.Vm.Value, from = m.From.Value, to = m.To.Value, memoryMiB = m.MemoryMiB, reason = m.Reason }));
    }

    private static JsonArray List<T>(IEnumerable<T> items) => JsonSerializer.SerializeToNode(items)!.AsArray();
}
