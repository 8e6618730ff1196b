using System.Text.Json.Nodes;
using Runbooks.Fleet.Model;
using Runbooks.Fleet.Planning;
using Runbooks.Fleet.Reservations;
using Runbooks.Fleet.Scaling;
using Runbooks.Workflows.Activities;

namespace Runbooks.Activities.Scaling;

/// <summary>
/// Holds what the VM is to get on its host, and the VM itself: no other run moves it or changes its size. A reservation
/// whose source is its destination.
/// </summary>
[Activity("Runbooks", "Runbooks: Scaling", "Holds what a VM is to get on its host, and locks the VM against other runs.", DisplayName = "Reserve scaling")]
public sealed class ReserveScaling : ChangeActivity
{
    [Input(Description = "The VM.", Required = true, DisplayName = "VM", UiHint = "dropdown", Choices = FleetChoices.Vms)]
    public Input<string> Vm { get; } = new();

    [Input(Description = "The host that it runs on.", Required = true, UiHint = "dropdown", Choices = FleetChoices.Hosts)]
    public Input<string> Host { get; } = new();

    [Input(Description = "Virtual CPUs that it has.", Required = true, DisplayName = "Virtual CPUs now")]
    public Input<int> FromVcpus { get; } = new();

    [Input(Description = "Memory that it has, MiB.", Required = true, DisplayName = "Memory now, MiB")]
    public Input<int> FromMemoryMiB { get; } = new();

    [Input(Description = "Virtual CPUs that it is to have.", Required = true, DisplayName = "Virtual CPUs then")]
    public Input<int> ToVcpus { get; } = new();

    [Input(Description = "Memory that it is to have, MiB.", Required = true, DisplayName = "Memory then, MiB")]
    public Input<int> ToMemoryMiB { get; } = new();

    protected override async Task<EffectResult> PerformAsync(EffectContext context)
    {
        var (place, problem) = ScalingPlace.Read(context, Vm, Host);
        if (place is null)
        {
            return new EffectResult.Failed(problem!);
        }

        if (context.CancelRequested.IsCancellationRequested)
        {
            return await GiveBackAsync(context, place, "The run was cancelled before the VM was changed.");
        }

        var room = await HostLook.TakeAsync(context, place.Host, place.Vm);
        if (!room.IsOk)
        {
            return await GiveBackAsync(context, place, $"Host {place.Host} can't be asked whether it has room. {room.Fault}");
        }

        await context.EnsureOwnedAsync();
        var (from, to) = (new VmScale(context.Get(FromVcpus), context.Get(FromMemoryMiB)), new VmScale(context.Get(ToVcpus), context.Get(ToMemoryMiB)));

        // What a VM gives back is held too: should the run fail later, it gets it back, whoever else wants it.
        var wish = new Reservation(
            place.Vm, place.Host, place.Host, Math.Abs(to.MemoryMiB - from.MemoryMiB), Math.Abs(to.Vcpus - from.Vcpus), context.RunId.ToString(), context.Claim.Generation, context.Clock.GetUtcNow());
        var free = to.MemoryMiB > from.MemoryMiB ? room.Value.MemoryMiB - room.Value.VmMemoryMiB : int.MaxValue;
        var answer = await context.GetRequiredService<IReservationLedger>().ReserveAsync(wish, free, context.CancellationToken);
        return answer switch
        {
            ReservationAnswer.Granted => await KeepAsync(context, place, from, to),
            ReservationAnswer.HeldByOther { Reservation: var other } => new EffectResult.Failed($"{ScalingPlace.Tell(other)} Wait for that run, or cancel it."),
            ReservationAnswer.NoRoom { Reason: var reason } => new EffectResult.Failed($"VM {place.Vm} can't grow on {place.Host}: {reason}"),
            _ => new EffectResult.Unknown($"Unexpected answer {answer}."),
        };
    }

    /// <summary>
    /// Looks again now that nobody else may change anything, and gives everything back when it is not as it was. What others
    /// reserved shows from here on: each looks after he has written, so one of the two sees the other.
    /// </summary>
    private static async Task<EffectResult> KeepAsync(EffectContext context, ScalingPlace place, VmScale from, VmScale to)
    {
        return await WhyNotAsync(context, place, from, to) is { } reason ? await GiveBackAsync(context, place, reason) : new EffectResult.Done();
    }

    private static async Task<EffectResult> GiveBackAsync(EffectContext context, ScalingPlace place, string reason)
    {
        _ = await context.GetRequiredService<IReservationLedger>().ReleaseAsync(place.Vm, context.RunId.ToString(), context.CancellationToken);
        return new EffectResult.Failed(reason);
    }

    private static async Task<string?> WhyNotAsync(EffectContext context, ScalingPlace place, VmScale from, VmScale to)
    {
        if (await HostLook.WhyClosedAsync(context, place.Host) is { } closed)
        {
            return closed;
        }

        var size = await place.LookAsync(context);
        if (!size.IsOk)
        {
            return $"VM {place.Vm} can't be seen on {place.Host}. {size.Fault}";
        }

        var now = new VmScale(size.Value.WorkingVcpus, size.Value.MemoryMiB);
        if (now != from)
        {
            return $"VM {place.Vm} had {from} when it was looked at, and has {now} now: somebody has changed it meanwhile. Start again.";
        }

        var room = await HostLook.TakeAsync(context, place.Host, place.Vm);
        return room.IsOk
            ? ScalingRoom.WhyNot(room.Value, place.Vm, from, to, context.GetRequiredService<ConsolidationPolicy>().VcpuRatio)
            : $"Host {place.Host} can't be asked whether it has room. {room.Fault}";
    }

    protected override async Task<Reconciliation> ReconcileAsync(EffectContext context)
    {
        var (place, problem) = ScalingPlace.Read(context, Vm, Host);
        if (place is null)
        {
            return new Reconciliation.NotDone(problem!);
        }

        // What is held was perhaps not looked at again yet; doing it once more does that, and holds it no second time.
        var held = await place.HeldAsync(context);
        return ScalingPlace.IsOurs(context, held)
            ? new Reconciliation.InProgress("The VM is held, and is looked at again.")
            : new Reconciliation.NotDone(held is null ? "The VM has no reservation." : ScalingPlace.Tell(held));
    }

    protected override async Task<UndoResult> UndoAsync(EffectContext context)
    {
        var (place, _) = ScalingPlace.Read(context, Vm, Host);
        if (place is null)
        {
            return new UndoResult.Undone("There was nothing to release.");
        }

        var held = await context.GetRequiredService<IReservationLedger>().ReleaseAsync(place.Vm, context.RunId.ToString(), context.CancellationToken);
        return new UndoResult.Undone(held ? $"Released VM {place.Vm} and what was held for it on {place.Host}." : "It was released already.");
    }
}
