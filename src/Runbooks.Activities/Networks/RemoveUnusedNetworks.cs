using System.Text.Json.Nodes;
using Runbooks.Activities.Migration;
using Runbooks.Hypervisors.Contract;
using Runbooks.Workflows.Activities;

namespace Runbooks.Activities.Networks;

/// <summary>
/// After a move: removes from the source those networks that we made there and whose last VM has left. Never fails a run: a
/// network too many does no harm.
/// </summary>
[Activity("Runbooks", "Runbooks: Networks", "After a move: removes networks that were made on the source for VMs and whose last VM has left.", DisplayName = "Remove unused networks")]
public sealed class RemoveUnusedNetworks : IrreversibleActivity
{
    public override string NoUndoReason => "Nobody was plugged into them; 'Prepare networks' makes them again as soon as a VM needs them.";

    [Input(Description = "The VM that has left.", Required = true, DisplayName = "VM", UiHint = "dropdown", Choices = FleetChoices.Vms)]
    public Input<string> Vm { get; } = new();

    [Input(Description = "The host that it left.", Required = true, UiHint = "dropdown", Choices = FleetChoices.Hosts)]
    public Input<string> Source { get; } = new();

    [Input(Description = "The host that it runs on now.", Required = true, UiHint = "dropdown", Choices = FleetChoices.Hosts)]
    public Input<string> Destination { get; } = new();

    [Output(Description = "The networks that were removed.")]
    public Output<JsonNode> Removed { get; } = new();

    [Output(Description = "Networks of ours that stay, and why.")]
    public Output<JsonNode> Kept { get; } = new();

    protected override async Task<EffectResult> PerformAsync(EffectContext context)
    {
        var (route, problem) = MigrationRoute.Read(context, Vm, Source, Destination);
        if (route is null)
        {
            return new EffectResult.Failed(problem!);
        }

        var hosts = context.GetRequiredService<IHypervisorDirectory>();
        var (source, destination) = (hosts.Hypervisor(route.Source), hosts.Hypervisor(route.Destination));
        var tidied = await NetworkTidying.TidyAfterAsync(context, route.Vm, source, destination);
        return !tidied.IsOk ? Done([], [$"Whether {route.Source} has needless networks can't be seen. {tidied.Fault}"])
            : tidied.Value.Unknown is { } unknown ? new EffectResult.Unknown($"Networks that were made on {route.Source} may be left over. {unknown}")
            : Done(tidied.Value.Removed, tidied.Value.Kept.Select(k => k.Why));
    }

    /// <summary>Done when nothing of ours is left at the source that nobody needs.</summary>
    protected override async Task<Reconciliation> ReconcileAsync(EffectContext context)
    {
        var (route, problem) = MigrationRoute.Read(context, Vm, Source, Destination);
        if (route is null)
        {
            return new Reconciliation.NotDone(problem!);
        }

        var hosts = context.GetRequiredService<IHypervisorDirectory>();
        var left = await NetworkTidying.LeftBehindAsync(context, route.Vm, hosts.Hypervisor(route.Source), hosts.Hypervisor(route.Destination));
        return left is { IsOk: true, Value.Count: 0 }
            ? new Reconciliation.Done(Done([], []).Outputs)
            : new Reconciliation.NotDone(left.IsOk ? $"Left on {route.Source}: {string.Join(", ", left.Value.Select(NetworkPlan.Name))}." : left.Fault.ToString());
    }

    private static EffectResult.Done Done(IEnumerable<HostNetwork> removed, IEnumerable<string> kept) => new(new JsonObject
    {
        [nameof(Removed)] = NetworkJson.Write(removed),
        [nameof(Kept)] = new JsonArray([.. kept.Select(k => (JsonNode)k)]),
    });
}
