using System.Text.Json.Nodes;
using Runbooks.Fleet.Model;
using Runbooks.Fleet.Reservations;
using Runbooks.Hypervisors.Contract;
using Runbooks.Workflows.Activities;

namespace Runbooks.Activities.Migration;

/// <summary>
/// Stage 5, activation: sees the guest running on the destination, removes its definition from the source, and releases the
/// reservation.
/// </summary>
[Activity("Runbooks", "Runbooks: Migration", "Stage 5. Sees the guest running, removes its definition from the source and releases the reservation.", DisplayName = "Activate VM")]
public sealed class ActivateVm : IrreversibleActivity
{
    public override string NoUndoReason => "It tidies up after a move that is done; the source's definition describes a VM that lives elsewhere.";

    [Input(Description = "The VM.", Required = true, DisplayName = "VM", UiHint = "dropdown", Choices = FleetChoices.Vms)]
    public Input<string> Vm { get; } = new();

    [Input(Description = "The host that it ran on.", Required = true, UiHint = "dropdown", Choices = FleetChoices.Hosts)]
    public Input<string> Source { get; } = new();

    [Input(Description = "The host that it runs on now.", Required = true, UiHint = "dropdown", Choices = FleetChoices.Hosts)]
    public Input<string> Destination { get; } = new();

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

        var figures = await FiguresAsync(context, hosts, route);
        await context.EnsureOwnedAsync();
        var undefined = await hosts.Hypervisor(route.Source).UndefineAsync(route.Vm, context.CancellationToken);
        if (!undefined.IsOk && undefined.Fault.Kind != FaultKind.NotFound)
        {
            return new EffectResult.Unknown($"{route.Vm} runs on {route.Destination}, but its definition on {route.Source} could not be removed. {undefined.Fault}");
        }

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

    private static async Task<JsonObject> FiguresAsync(EffectContext context, IHypervisorDirectory hosts, MigrationRoute route)
    {
        var figures = await hosts.Hypervisor(route.Destination).CompletedMigrationAsync(route.Vm, context.CancellationToken);
        if (!figures.IsOk)
        {
            figures = await hosts.Hypervisor(route.Source).CompletedMigrationAsync(route.Vm, context.CancellationToken);
        }

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
