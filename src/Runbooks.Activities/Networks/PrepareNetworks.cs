using System.Text.Json.Nodes;
using Runbooks.Activities.Migration;
using Runbooks.Fleet.Model;
using Runbooks.Hypervisors.Contract;
using Runbooks.Workflows.Activities;

namespace Runbooks.Activities.Networks;

/// <summary>
/// Sees to it that the destination has every network that the VM is plugged into, and makes those that are missing.
/// </summary>
[Activity("Runbooks", "Runbooks: Networks", "Sees to it that the destination has the bridges, VLANs and virtual networks that the VM needs; makes those that are missing.", DisplayName = "Prepare networks")]
public sealed class PrepareNetworks : ChangeActivity
{
    [Input(Description = "The VM.", Required = true, DisplayName = "VM", UiHint = "dropdown", Choices = FleetChoices.Vms)]
    public Input<string> Vm { get; } = new();

    [Input(Description = "The host that it runs on.", Required = true, UiHint = "dropdown", Choices = FleetChoices.Hosts)]
    public Input<string> Source { get; } = new();

    [Input(Description = "The host that it goes to.", Required = true, UiHint = "dropdown", Choices = FleetChoices.Hosts)]
    public Input<string> Destination { get; } = new();

    [Input(Description = "Make networks that are missing. False: a missing network is a failure.", DefaultValue = true, DisplayName = "Create missing networks")]
    public Input<bool> CreateMissingNetworks { get; } = new();

    [Output(Description = "The networks there that were made for VMs that move; the undo removes those that nobody uses.")]
    public Output<JsonNode> Created { get; } = new();

    protected override async Task<EffectResult> PerformAsync(EffectContext context)
    {
        var (sight, failure) = await LookAsync(context);
        if (sight is null)
        {
            return failure!;
        }

        var plan = sight.Plan;
        if (plan.Problems.Count > 0)
        {
            return new EffectResult.Failed(string.Join(' ', plan.Problems));
        }

        if (plan.ToCreate.Count > 0 && !context.Get(CreateMissingNetworks))
        {
            return new EffectResult.Failed($"{sight.Route.Destination} has no {string.Join(", no ", plan.ToCreate.Select(NetworkPlan.Name))}, which VM {sight.Route.Vm} needs. Make it there, or let it be made (input {nameof(CreateMissingNetworks)}).");
        }

        var made = new List<HostNetwork>();
        foreach (var network in plan.ToCreate)
        {
            await context.EnsureOwnedAsync();
            var created = await sight.Destination.Networks!.CreateAsync(network, context.CancellationToken);
            if (!created.IsOk)
            {
                return created.Fault.NothingChanged
                    ? await GiveBackAsync(context, sight, made, created.Fault)
                    : new EffectResult.Unknown(created.Fault.ToString());
            }

            made.Add(network);
        }

        // What another run has just made counts too: when both are undone, the one that made it may find it still wanted.
        return new EffectResult.Done(new JsonObject { [nameof(Created)] = NetworkJson.Write([.. OursAtDestination(sight), .. made]) });
    }

    protected override async Task<Reconciliation> ReconcileAsync(EffectContext context)
    {
        var (sight, failure) = await LookAsync(context);
        return sight is null
            ? failure switch
            {
                EffectResult.Done done => new Reconciliation.Done(done.Outputs),
                EffectResult.Failed failed => await IsSourceOffAsync(context)
                    ? new Reconciliation.NotDone($"{failed.Reason} It is off: nothing is moved away from there any more.")
                    : new Reconciliation.Unknown(failed.Reason),
                _ => new Reconciliation.Unknown("The networks of both hosts can't be seen."),
            }
            : sight.Plan is { ToCreate.Count: 0, Problems.Count: 0 }
                ? new Reconciliation.Done(new JsonObject { [nameof(Created)] = NetworkJson.Write(OursAtDestination(sight)) })
                : new Reconciliation.NotDone("Not all networks are there.");
    }

    private async Task<bool> IsSourceOffAsync(EffectContext context) =>
        MigrationRoute.Read(context, Vm, Source, Destination).Route is { } route
        && await context.GetRequiredService<IHypervisorDirectory>().Power(route.Source).ObserveAsync(context.CancellationToken) is { IsOk: true, Value: PowerState.Off };

    /// <summary>
    /// Removes what this step made and nobody uses. When the VM has moved all the same, which ends a run that was cancelled
    /// late, it is the source that it has left, and that is tidied instead.
    /// </summary>
    protected override async Task<UndoResult> UndoAsync(EffectContext context)
    {
        var (route, _) = MigrationRoute.Read(context, Vm, Source, Destination);
        if (route is null)
        {
            return new UndoResult.Undone("No network was made.");
        }

        var hosts = context.GetRequiredService<IHypervisorDirectory>();
        var (source, destination) = (hosts.Hypervisor(route.Source), hosts.Hypervisor(route.Destination));
        var atSource = await source.ObserveVmAsync(route.Vm, context.CancellationToken);
        var tidied = atSource.Fault is { Kind: FaultKind.NotFound } && await destination.ObserveVmAsync(route.Vm, context.CancellationToken) is { IsOk: true }
            ? await NetworkTidying.TidyAfterAsync(context, route.Vm, source, destination)
            : NetworkJson.Read(context.Outputs[nameof(Created)]) is [_, ..] made ? await NetworkTidying.TidyAsync(context, destination, [.. made.Select(n => n with { IsOurs = true })])
            : new Tidied([], [], null);
        return (tidied.Fault ?? tidied.Value.Unknown) is not { } fault ? new UndoResult.Undone(Words(tidied.Value))
            : await hosts.Power(fault.Host).ObserveAsync(context.CancellationToken) is { IsOk: true, Value: PowerState.Off } ? new UndoResult.Undone($"{fault.Host} is off; bridges that were made there are gone with it.")
            : new UndoResult.Failed($"Networks that were made on {fault.Host} may be left over. {fault}");
    }

    private static string Words(Tidied tidied) =>
        $"Removed: {(tidied.Removed.Count == 0 ? "nothing" : string.Join(", ", tidied.Removed.Select(NetworkPlan.Name)))}.{string.Concat(tidied.Kept.Select(k => $" {k.Why}"))}";

    /// <summary>What this step may have made: networks that we made, whichever run it was. Undoing removes only what nobody uses.</summary>
    private static IEnumerable<HostNetwork> OursAtDestination(Sight sight) =>
        sight.Plan.Needed.Select(n => NetworkPlan.Find(sight.AtDestination, n.Kind, n.Name)).OfType<HostNetwork>().Where(n => n.IsOurs);

    private static async Task<EffectResult> GiveBackAsync(EffectContext context, Sight sight, List<HostNetwork> made, HypervisorFault why)
    {
        var tidied = await NetworkTidying.TidyAsync(context, sight.Destination, [.. made.Select(n => n with { IsOurs = true })]);
        return tidied.Unknown is { } unknown
            ? new EffectResult.Unknown($"{why} What was made before it may be left over: {unknown}")
            : new EffectResult.Failed(why.ToString());
    }

    private sealed record Sight(MigrationRoute Route, IHypervisor Destination, NetworkPlan Plan, IReadOnlyList<HostNetwork> AtDestination);

    /// <summary>Both hosts' networks and what the VM is plugged into, or the result when there is nothing to do or to see.</summary>
    private async Task<(Sight? Sight, EffectResult? Result)> LookAsync(EffectContext context)
    {
        var (route, problem) = MigrationRoute.Read(context, Vm, Source, Destination);
        if (route is null)
        {
            return (null, new EffectResult.Failed(problem!));
        }

        var hosts = context.GetRequiredService<IHypervisorDirectory>();
        var (source, destination) = (hosts.Hypervisor(route.Source), hosts.Hypervisor(route.Destination));
        if (source.Networks is null || destination.Networks is null)
        {
            return (null, Nothing());
        }

        var atSource = source.Networks.ObserveAsync(context.CancellationToken);
        var atDestination = destination.Networks.ObserveAsync(context.CancellationToken);
        var interfaces = await source.Networks.ReadInterfacesAsync(route.Vm, context.CancellationToken);
        var faults = new[] { interfaces.Fault, (await atSource).Fault, (await atDestination).Fault };

        // A host whose networks can't be seen at all still takes a VM without any, and refuses another one by itself.
        return interfaces is { IsOk: true, Value.Count: 0 } || faults.Any(f => f is { Kind: FaultKind.Unsupported }) ? (null, Nothing())
            : faults.FirstOrDefault(f => f is not null) is { } fault ? (null, new EffectResult.Failed($"It can't be seen whether {route.Destination} has the networks of VM {route.Vm}. {fault}"))
            : (new Sight(route, destination, NetworkPlan.For(interfaces.Value, (route.Source, (await atSource).Value), (route.Destination, (await atDestination).Value)), (await atDestination).Value), null);
    }

    private static EffectResult.Done Nothing() => new(new JsonObject { [nameof(Created)] = new JsonArray() });
}
