using System.Text.Json.Nodes;
using Runbooks.Activities.Consolidation;
using Runbooks.Activities.Migration;
using Runbooks.Fleet.Model;
using Runbooks.Fleet.Planning;
using Runbooks.Hypervisors.Contract;
using Runbooks.Hypervisors.Observation;
using Runbooks.Workflows.Activities;

namespace Runbooks.Activities.Evacuation;

/// <summary>Looks at the fleet and plans where each VM of a host goes, and in which order.</summary>
[Activity("Runbooks", "Runbooks: Planning", "Looks at the fleet and plans where each VM of a host goes, in which order, and why. Changes nothing.", DisplayName = "Plan evacuation")]
public sealed class PlanEvacuation : ReadActivity
{
    /// <summary>How many migrate at once is decided when they ask for their turn; a wave of this plan only waits for room that another one makes.</summary>
    private const int Unlimited = 100_000;

    [Input(Description = "The host to be emptied.", Required = true, UiHint = "dropdown", Choices = FleetChoices.Hosts)]
    public Input<string> Host { get; } = new();

    [Input(Description = "The only hosts that its VMs may go to, separated by commas; empty: all of its pool.")]
    public Input<string> Destinations { get; } = new();

    [Output(Description = "Lists of moves, each to be begun when those before have ended: inputs of migrate-vm.")]
    public Output<JsonNode> Waves { get; } = new();

    [Output(Description = "Hosts to be switched on first, because those that are on have no room.")]
    public Output<JsonNode> SwitchOn { get; } = new();

    [Output(Description = "VMs that can't leave: vm, reason.")]
    public Output<JsonNode> Refused { get; } = new();

    [Output(Description = "The whole plan, with reasons.")]
    public Output<JsonNode> Plan { get; } = new();

    [Output(Description = "The plan in one sentence.")]
    public Output<string> Summary { get; } = new();

    protected override async Task<EffectResult> PerformAsync(EffectContext context)
    {
        var hosts = context.GetRequiredService<IHypervisorDirectory>();
        if (FleetNames.TryHost(hosts, context.Get(Host), "host", out var host) is { } wrong)
        {
            return new EffectResult.Failed(wrong);
        }

        var destinations = new HashSet<HostName>();
        foreach (var text in (context.Get(Destinations) ?? "").Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            if (FleetNames.TryHost(hosts, text, "destination", out var destination) is { } unknown)
            {
                return new EffectResult.Failed(unknown);
            }

            _ = destinations.Add(destination);
        }

        var reading = await context.GetRequiredService<FleetObserver>().ObserveAsync(context.CancellationToken);
        var plan = FleetPlanner.Plan(Only(reading.Snapshot, host, destinations), new PlanningRequest(PlanGoal.Evacuate) { Host = host }, PolicyOf(context.GetRequiredService<ConsolidationPolicy>()));
        return new EffectResult.Done(new JsonObject
        {
            [nameof(Waves)] = WavesOf(plan),
            [nameof(SwitchOn)] = new JsonArray([.. plan.Power.Where(p => p.Target == PowerState.On).Select(p => JsonValue.Create(p.Host.Value))]),
            [nameof(Refused)] = new JsonArray([.. plan.Refusals.Select(r => new JsonObject { ["vm"] = r.Subject, ["reason"] = r.Reason })]),
            [nameof(Plan)] = PlanJson.Of(plan),
            [nameof(Summary)] = plan.Summary,
        });
    }

    private static PlannerPolicy PolicyOf(ConsolidationPolicy policy) => new()
    {
        Thresholds = policy.Thresholds,
        MemoryHeadroom = policy.MemoryHeadroom,
        VcpuRatio = policy.VcpuRatio,
        Waves = new WaveLimits { PerHost = Unlimited, PerLink = Unlimited },
    };

    /// <summary>The fleet in which nothing may arrive but on these hosts.</summary>
    private static FleetSnapshot Only(FleetSnapshot fleet, HostName host, HashSet<HostName> destinations) => destinations.Count == 0
        ? fleet
        : new FleetSnapshot(
            fleet.TakenAt,
            fleet.Hosts.Select(h => h.Name == host || destinations.Contains(h.Name) || h.Mode != HostMode.Active ? h : h with { Mode = HostMode.Cordoned }),
            fleet.Vms,
            fleet.Reservations);

    private static JsonArray WavesOf(Plan plan) => new([.. plan.Moves
        .GroupBy(m => m.Wave)
        .OrderBy(g => g.Key)
        .Select(g => new JsonArray([.. g.Select((m, i) => new JsonObject { ["Vm"] = m.Vm.Value, ["Source"] = m.From.Value, ["Destination"] = m.To.Value, ["Order"] = i + 1 })]))]);
}
