using System.Text.Json.Nodes;
using Runbooks.Fleet.Migrations;
using Runbooks.Fleet.Model;
using Runbooks.Fleet.Reservations;
using Runbooks.Hypervisors.Contract;
using Runbooks.Workflows.Activities;

namespace Runbooks.Activities.Migration;

/// <summary>
/// Stage 5, activation: sees the guest running on the destination, tells the switches where it is, waits for a sign of life,
/// removes its definition from the source, and releases the reservation.
/// </summary>
[Activity("Runbooks", "Runbooks: Migration", "Stage 5. Announces the VM to the network, sees its guest alive, removes its definition from the source and releases the reservation.", DisplayName = "Activate VM")]
public sealed class ActivateVm : IrreversibleActivity
{
    public override string NoUndoReason => "It tidies up after a move that is done; the source's definition describes a VM that lives elsewhere.";

    [Input(Description = "The VM.", Required = true, DisplayName = "VM", UiHint = "dropdown", Choices = FleetChoices.Vms)]
    public Input<string> Vm { get; } = new();

    [Input(Description = "The host that it ran on.", Required = true, UiHint = "dropdown", Choices = FleetChoices.Hosts)]
    public Input<string> Source { get; } = new();

    [Input(Description = "The host that it runs on now.", Required = true, UiHint = "dropdown", Choices = FleetChoices.Hosts)]
    public Input<string> Destination { get; } = new();

    [Input(Description = "How long to wait for a sign of life of the guest.", DefaultValue = "00:00:10", DisplayName = "Guest alive within")]
    public Input<TimeSpan> GuestAliveWithin { get; } = new();

    [Input(Description = "A guest that gives no sign of life is a matter for a person. False: the run ends with a warning.", DefaultValue = false, DisplayName = "Require guest alive")]
    public Input<bool> RequireGuestAlive { get; } = new();

    [Output(Description = "How the guest was found: alive (its agent answers), running (it has none, and uses CPU time), silent, or unknown.")]
    public Output<string> Guest { get; } = new();

    [Output(Description = "True when the switches were told where the VM is now.")]
    public Output<bool> Announced { get; } = new();

    [Output(Description = "What an operator should know; empty when all is well.")]
    public Output<string> Warning { get; } = new();

    [Output(Description = "How long the hypervisor took, ms; null when it kept no figures.")]
    public Output<long?> ElapsedMs { get; } = new();

    [Output(Description = "How long the guest stood still, ms.")]
    public Output<long?> DowntimeMs { get; } = new();

    [Output(Description = "Bytes on the wire.")]
    public Output<long?> SentBytes { get; } = new();

    [Output(Description = "Pre-copy rounds.")]
    public Output<int?> Rounds { get; } = new();

    protected override async Task<EffectResult> PerformAsync(EffectContext context)
    {
        var (route, problem) = MigrationRoute.Read(context, Vm, Source, Destination);
        if (route is null)
        {
            return new EffectResult.Failed(problem!);
        }

        var hosts = context.GetRequiredService<IHypervisorDirectory>();
        var arrived = await hosts.Hypervisor(route.Destination).ObserveVmAsync(route.Vm, context.CancellationToken);
        if (arrived is not { IsOk: true, Value.State: VmState.Running })
        {
            return new EffectResult.Unknown(arrived.IsOk
                ? $"{route.Vm} is {arrived.Value.State} ({arrived.Value.StateReason}) on {route.Destination} instead of running. Its definition on {route.Source} is kept."
                : $"{arrived.Fault} The definition of {route.Vm} on {route.Source} is kept.");
        }

        if (await ArrivedDefinition.EnsureAsync(context, route) is { } missing)
        {
            return new EffectResult.Unknown(missing);
        }

        // Both are for the guest's sake and change nothing about where it lives, so they come before the point of no return.
        await context.EnsureOwnedAsync();
        var announced = await AnnounceAsync(context, hosts.Hypervisor(route.Destination), route);
        var life = await GuestLife.WaitAsync(context, hosts.Hypervisor(route.Destination), route.Vm, context.Get(GuestAliveWithin));
        if (life.Sign == GuestSign.Silent && context.Get(RequireGuestAlive))
        {
            return new EffectResult.Unknown($"{life.Found} It runs on {route.Destination} all the same; its definition on {route.Source} is kept. Look at its console, then retry this step; or go on without it (input {nameof(RequireGuestAlive)}).");
        }

        var figures = await FiguresAsync(context, hosts, route);
        figures[nameof(Guest)] = life.Sign.ToString().ToLowerInvariant();
        figures[nameof(Announced)] = announced.IsOk;
        figures[nameof(Warning)] = string.Join(' ', new[] { life.Sign is GuestSign.Silent or GuestSign.Unknown ? life.Found : null, announced.Fault is { Kind: not FaultKind.Unsupported } lost ? $"The switches were not told where {route.Vm} is now. {lost}" : null }.OfType<string>());
        await context.EnsureOwnedAsync();
        var undefined = await hosts.Hypervisor(route.Source).UndefineAsync(route.Vm, context.CancellationToken);
        if (!undefined.IsOk && undefined.Fault.Kind != FaultKind.NotFound)
        {
            return new EffectResult.Unknown($"{route.Vm} runs on {route.Destination}, but its definition on {route.Source} could not be removed. {undefined.Fault}");
        }

        // The turn before the reservation: what has no reservation any more is done, and is not looked at again.
        _ = await MigrationTurn.ReleaseAsync(context, route.Vm);
        _ = await context.GetRequiredService<IReservationLedger>().ReleaseAsync(route.Vm, context.RunId.ToString(), context.CancellationToken);
        return new EffectResult.Done(figures);
    }

    protected override async Task<Reconciliation> ReconcileAsync(EffectContext context)
    {
        var (route, problem) = MigrationRoute.Read(context, Vm, Source, Destination);
        if (route is null)
        {
            return new Reconciliation.NotDone(problem!);
        }

        var hosts = context.GetRequiredService<IHypervisorDirectory>();

        // The reservation goes last. Once it is gone the VM is free, and another run may have moved it on, even back here.
        var held = await context.GetRequiredService<IReservationLedger>().FindAsync(route.Vm, context.CancellationToken);
        return string.Equals(held?.Holder, context.RunId.ToString(), StringComparison.Ordinal)
            ? new Reconciliation.NotDone("The reservation is still there, so the source's definition may be too.")
            : new Reconciliation.Done(await FiguresAsync(context, hosts, route));
    }

    private static Task<Result<Unit>> AnnounceAsync(EffectContext context, IHypervisor destination, MigrationRoute route) =>
        destination.Networks?.AnnounceAsync(route.Vm, context.CancellationToken)
        ?? Task.FromResult<Result<Unit>>(new HypervisorFault(FaultKind.Unsupported, destination.Host, "This hypervisor can't announce VMs."));

    private static async Task<JsonObject> FiguresAsync(EffectContext context, IHypervisorDirectory hosts, MigrationRoute route)
    {
        var figures = await hosts.Hypervisor(route.Destination).CompletedMigrationAsync(route.Vm, context.CancellationToken);
        if (!figures.IsOk)
        {
            figures = await hosts.Hypervisor(route.Source).CompletedMigrationAsync(route.Vm, context.CancellationToken);
        }

        MigrationRecording.Note(context, route, MigrationOutcome.Moved, figures.IsOk ? figures.Value : null);
        return figures.IsOk
            ? new JsonObject
            {
                [nameof(ElapsedMs)] = (long)figures.Value.Elapsed.TotalMilliseconds,
                [nameof(DowntimeMs)] = (long)figures.Value.Downtime.TotalMilliseconds,
                [nameof(SentBytes)] = figures.Value.SentBytes,
                [nameof(Rounds)] = figures.Value.Rounds,
            }
            : [];
    }
}
