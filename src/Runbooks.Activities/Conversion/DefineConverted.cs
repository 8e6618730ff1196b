using Runbooks.Hypervisors.Contract;
using Runbooks.Workflows.Activities;

namespace Runbooks.Activities.Conversion;

/// <summary>Defines the VM at its destination, in the language of its new hypervisor. It is not started.</summary>
[Activity("Runbooks", "Runbooks: Conversion", "Defines the VM at its destination in the language of its new hypervisor. Undone, that definition is removed.", DisplayName = "Define VM")]
public sealed class DefineConverted : ChangeActivity
{
    [Input(Description = "The VM.", Required = true, DisplayName = "VM", UiHint = "dropdown", Choices = FleetChoices.Vms)]
    public Input<string> Vm { get; } = new();

    [Input(Description = "The host that it comes from.", Required = true, UiHint = "dropdown", Choices = FleetChoices.Hosts)]
    public Input<string> Source { get; } = new();

    [Input(Description = "The host that it goes to.", Required = true, UiHint = "dropdown", Choices = FleetChoices.Hosts)]
    public Input<string> Destination { get; } = new();

    [Input(Description = "What was planned.", Required = true)]
    public Input<string> Plan { get; } = new();

    protected override async Task<EffectResult> PerformAsync(EffectContext context)
    {
        var (place, problem) = ConversionPlace.Read(context, Vm, Source, Destination);
        if (place is null || ConversionPlan.Read(context.Get(Plan)) is not { } plan)
        {
            return new EffectResult.Failed(problem ?? "There is no plan: put 'Check conversion' before this step.");
        }

        await context.EnsureOwnedAsync();
        var defined = await place.To.DefineAsync(place.Vm, plan.Definition, context.CancellationToken);
        return defined.IsOk ? new EffectResult.Done()
            : defined.Fault.NothingChanged && defined.Fault.Kind != FaultKind.Unreachable ? new EffectResult.Failed($"VM {place.Vm} could not be defined on {place.Destination.Host}. {defined.Fault}")
            : new EffectResult.Unknown($"{defined.Fault}");
    }

    protected override async Task<Reconciliation> ReconcileAsync(EffectContext context)
    {
        var (place, problem) = ConversionPlace.Read(context, Vm, Source, Destination);
        if (place is null || ConversionPlan.Read(context.Get(Plan)) is not { } plan)
        {
            return new Reconciliation.NotDone(problem ?? "There is no plan.");
        }

        var seen = await place.LookAtDestinationAsync(context);
        return seen.IsOk
            ? seen.Value.Uuid == plan.Before.Uuid ? new Reconciliation.Done() : new Reconciliation.Unknown($"Another VM {place.Vm} ({seen.Value.Uuid}) is on {place.Destination.Host}.")
            : seen.Fault.Kind == FaultKind.NotFound ? new Reconciliation.NotDone($"{place.Destination.Host} has no VM {place.Vm}.")
            : new Reconciliation.Unknown($"{seen.Fault}");
    }

    protected override async Task<UndoResult> UndoAsync(EffectContext context)
    {
        var (place, problem) = ConversionPlace.Read(context, Vm, Source, Destination);
        if (place is null || ConversionPlan.Read(context.Get(Plan)) is not { } plan)
        {
            return new UndoResult.Undone($"Nothing was defined. {problem}".Trim());
        }

        var (hold, there) = (await place.ReadHoldAsync(context), await place.LookAtDestinationAsync(context));
        if (there.Fault is { Kind: FaultKind.NotFound })
        {
            return new UndoResult.Undone($"{place.Destination.Host} has no definition of VM {place.Vm}.");
        }

        if (!hold.IsOk || !there.IsOk)
        {
            return new UndoResult.Failed($"The definition of VM {place.Vm} on {place.Destination.Host} could not be removed. {hold.Fault ?? there.Fault}");
        }

        if (hold.Value.Hold == Hold.Gone || there.Value.Uuid != plan.Before.Uuid)
        {
            return new UndoResult.Undone($"VM {place.Vm} on {place.Destination.Host} stays: {(hold.Value.Hold == Hold.Gone ? $"{place.Source.Host} has it no more" : "it is another one")}.");
        }

        if (!ConversionPlace.IsOff(there))
        {
            return new UndoResult.Failed($"VM {place.Vm} is {ConversionPlace.Tell(there)} on {place.Destination.Host}; its definition there stays until it is off.");
        }

        await context.EnsureOwnedAsync();
        var removed = await place.Destination.UndefineAsync(place.Vm, context.CancellationToken);
        return removed.IsOk
            ? new UndoResult.Undone($"Removed the definition of VM {place.Vm} from {place.Destination.Host}.")
            : new UndoResult.Failed($"The definition of VM {place.Vm} on {place.Destination.Host} could not be removed. {removed.Fault}");
    }
}
