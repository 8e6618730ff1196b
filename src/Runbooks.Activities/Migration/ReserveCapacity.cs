using System.Text.Json.Nodes;
using Runbooks.Activities.Networks;
using Runbooks.Activities.Scaling;
using Runbooks.Fleet.Reservations;
using Runbooks.Hypervisors.Contract;
using Runbooks.Workflows.Activities;

namespace Runbooks.Activities.Migration;

/// <summary>
/// Stage 1, reservation: holds memory for the VM on the destination, and the VM itself, so that no second run moves it.
/// </summary>
[Activity("Runbooks", "Runbooks: Migration", "Stage 1. Holds room for the VM on the destination and locks the VM against other runs.", DisplayName = "Reserve capacity")]
public sealed class ReserveCapacity : ChangeActivity
{
    [Input(Description = "The VM.", Required = true, DisplayName = "VM", UiHint = "dropdown", Choices = FleetChoices.Vms)]
    public Input<string> Vm { get; } = new();

    [Input(Description = "The host that it runs on.", Required = true, UiHint = "dropdown", Choices = FleetChoices.Hosts)]
    public Input<string> Source { get; } = new();

    [Input(Description = "The host that it goes to.", Required = true, UiHint = "dropdown", Choices = FleetChoices.Hosts)]
    public Input<string> Destination { get; } = new();

    [Input(Description = "Memory to hold, MiB.", Required = true, DisplayName = "Memory, MiB")]
    public Input<int> MemoryMiB { get; } = new();

    [Input(Description = "Virtual CPUs to hold.", DefaultValue = 1, DisplayName = "Virtual CPUs")]
    public Input<int> Vcpus { get; } = new();

    protected override async Task<EffectResult> PerformAsync(EffectContext context)
    {
        var (route, problem) = MigrationRoute.Read(context, Vm, Source, Destination);
        if (route is null)
        {
            return new EffectResult.Failed(problem!);
        }

        var seen = await context.GetRequiredService<IHypervisorDirectory>().Hypervisor(route.Destination).ObserveAsync(context.CancellationToken);
        if (!seen.IsOk)
        {
            return new EffectResult.Failed($"The destination can't be asked whether it has room. {seen.Fault}");
        }

        await context.EnsureOwnedAsync();
        var wish = new Reservation(route.Vm, route.Source, route.Destination, context.Get(MemoryMiB), context.Get(Vcpus), context.RunId.ToString(), context.Claim.Generation, context.Clock.GetUtcNow());
        var answer = await context.GetRequiredService<IReservationLedger>().ReserveAsync(wish, HostRoom.FreeMemoryMiB(seen.Value), context.CancellationToken);
        return answer switch
        {
            ReservationAnswer.Granted => await UnlessClosedAsync(context, route),
            ReservationAnswer.HeldByOther { Reservation: var other } => new EffectResult.Failed($"{ScalingPlace.Tell(other)} Wait for that run, or cancel it."),
            ReservationAnswer.NoRoom { Reason: var reason } => new EffectResult.Failed($"There is no room for VM {route.Vm} on {route.Destination}: {reason}"),
            _ => new EffectResult.Unknown($"Unexpected answer {answer}."),
        };
    }

    /// <summary>
    /// Gives the room back when nothing may arrive on the destination. Looked at after the reservation is written: whoever
    /// closes a host looks for reservations after he has closed it, so one of the two sees the other.
    /// </summary>
    private static async Task<EffectResult> UnlessClosedAsync(EffectContext context, MigrationRoute route)
    {
        var modes = await context.GetRequiredService<IHostModes>().ListAsync(context.CancellationToken);
        if (modes.FirstOrDefault(m => m.Host == route.Destination) is not { } closed)
        {
            return new EffectResult.Done();
        }

        _ = await context.GetRequiredService<IReservationLedger>().ReleaseAsync(route.Vm, context.RunId.ToString(), context.CancellationToken);
        return new EffectResult.Failed($"No VM may arrive on {route.Destination}: it is {closed.Mode.ToString().ToLowerInvariant()} by {closed.Holder} since {closed.SetAt:u}. {closed.Reason} Choose another host, or wait until that is over.");
    }

    protected override async Task<Reconciliation> ReconcileAsync(EffectContext context)
    {
        var (route, problem) = MigrationRoute.Read(context, Vm, Source, Destination);
        if (route is null)
        {
            return new Reconciliation.NotDone(problem!);
        }

        var held = await context.GetRequiredService<IReservationLedger>().FindAsync(route.Vm, context.CancellationToken);
        return held is not null && string.Equals(held.Holder, context.RunId.ToString(), StringComparison.Ordinal) && held.Destination == route.Destination
            ? new Reconciliation.Done(new JsonObject())
            : new Reconciliation.NotDone(held is null ? "The VM has no reservation." : $"Run {held.Holder} holds the VM.");
    }

    protected override async Task<UndoResult> UndoAsync(EffectContext context)
    {
        var (route, _) = MigrationRoute.Read(context, Vm, Source, Destination);
        if (route is null)
        {
            return new UndoResult.Undone("There was nothing to release.");
        }

        var held = await context.GetRequiredService<IReservationLedger>().ReleaseAsync(route.Vm, context.RunId.ToString(), context.CancellationToken);
        return new UndoResult.Undone((held ? $"Released the room held for {route.Vm} on {route.Destination}." : "It was released already.") + await TidyAsync(context, route));
    }

    /// <summary>
    /// Another run that was undone meanwhile may have left a network because of this reservation: then nobody else will remove
    /// it. A host that can't be asked keeps it until the next VM comes and goes; that holds up no undo.
    /// </summary>
    private static async Task<string> TidyAsync(EffectContext context, MigrationRoute route)
    {
        var hosts = context.GetRequiredService<IHypervisorDirectory>();
        var tidied = await NetworkTidying.TidyAfterAsync(context, route.Vm, hosts.Hypervisor(route.Destination), hosts.Hypervisor(route.Source));
        return tidied is { IsOk: true, Value.Removed: [_, ..] removed } ? $" Removed there: {string.Join(", ", removed.Select(NetworkPlan.Name))}." : string.Empty;
    }
}
