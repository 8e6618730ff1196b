using Runbooks.Fleet.Reservations;
using Runbooks.Workflows.Activities;

namespace Runbooks.Activities.Scaling;

/// <summary>Gives the VM free for other runs again, and what was held for it.</summary>
[Activity("Runbooks", "Runbooks: Scaling", "Gives a VM free for other runs again, after its size was changed and seen.", DisplayName = "Release scaling")]
public sealed class ReleaseScaling : IrreversibleActivity
{
    public override string NoUndoReason => "A VM that nobody holds is the normal state; there is nothing to come back to.";

    [Input(Description = "The VM.", Required = true, DisplayName = "VM", UiHint = "dropdown", Choices = FleetChoices.Vms)]
    public Input<string> Vm { get; } = new();

    [Input(Description = "The host that it runs on.", Required = true, UiHint = "dropdown", Choices = FleetChoices.Hosts)]
    public Input<string> Host { get; } = new();

    protected override async Task<EffectResult> PerformAsync(EffectContext context)
    {
        var (place, problem) = ScalingPlace.Read(context, Vm, Host);
        if (place is null)
        {
            return new EffectResult.Failed(problem!);
        }

        _ = await context.GetRequiredService<IReservationLedger>().ReleaseAsync(place.Vm, context.RunId.ToString(), context.CancellationToken);
        return new EffectResult.Done();
    }

    protected override async Task<Reconciliation> ReconcileAsync(EffectContext context)
    {
        var (place, problem) = ScalingPlace.Read(context, Vm, Host);
        return place is null ? new Reconciliation.NotDone(problem!)
            : ScalingPlace.IsOurs(context, await place.HeldAsync(context)) ? new Reconciliation.NotDone("This run still holds the VM.")
            : new Reconciliation.Done();
    }
}
