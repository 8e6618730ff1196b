using Runbooks.Hypervisors.Contract;
using Runbooks.Hypervisors.Conversion;
using Runbooks.Workflows.Activities;

namespace Runbooks.Activities.Conversion;

/// <summary>
/// Sees that nobody starts the VM at its source: not a person, not a host that boots. Its definition stays, with a kernel that
/// nobody has.
/// </summary>
[Activity("Runbooks", "Runbooks: Conversion", "Makes the definition of a stopped VM impossible to start until it is let go. Undone, it is as it was.", DisplayName = "Hold source")]
public sealed class HoldSource : ChangeActivity
{
    [Input(Description = "The VM.", Required = true, DisplayName = "VM", UiHint = "dropdown", Choices = FleetChoices.Vms)]
    public Input<string> Vm { get; } = new();

    [Input(Description = "The host that it is on.", Required = true, UiHint = "dropdown", Choices = FleetChoices.Hosts)]
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

        var hold = await place.ReadHoldAsync(context);
        if (!hold.IsOk)
        {
            return new EffectResult.Failed($"The definition of VM {place.Vm} can't be read. {hold.Fault}");
        }

        switch (hold.Value.Hold)
        {
            case Hold.Gone:
                return new EffectResult.Failed($"VM {place.Vm} is not on {place.Source.Host} any more.");
            case Hold.Other:
                return new EffectResult.Failed($"Another run ({HeldDefinition.HolderOf(hold.Value.Definition!)}) holds VM {place.Vm} on {place.Source.Host}.");
            case Hold.Free:
                if (DefinitionLanguages.Read(hold.Value.Definition!).Vm is not { } now || !ConversionPlan.IsSame(now, plan.Before))
                {
                    return new EffectResult.Failed($"The definition of VM {place.Vm} on {place.Source.Host} is not what was looked at: somebody has changed it. Start again.");
                }

                await context.EnsureOwnedAsync();
                var held = await place.WriteHoldAsync(context, hold.Value.Definition!, Hold.Held);
                if (!held.IsOk)
                {
                    return held.Fault.NothingChanged ? new EffectResult.Failed($"VM {place.Vm} could not be held on {place.Source.Host}. {held.Fault}") : new EffectResult.Unknown($"{held.Fault}");
                }

                break;
        }

        // Looked at now that nobody can start it any more: what is off stays off.
        var seen = await place.LookAtSourceAsync(context);
        return ConversionPlace.IsOff(seen) && seen.IsOk ? new EffectResult.Done()
            : seen.IsOk ? await LetGoAsync(context, place, $"VM {place.Vm} is {ConversionPlace.Tell(seen)} on {place.Source.Host}: somebody has started it meanwhile. Start again.")
            : new EffectResult.Unknown($"{seen.Fault}");
    }

    private static async Task<EffectResult> LetGoAsync(EffectContext context, ConversionPlace place, string reason)
    {
        var hold = await place.ReadHoldAsync(context);
        if (hold is { IsOk: true, Value: { Hold: Hold.Held, Definition: { } held } })
        {
            await context.EnsureOwnedAsync();
            var free = await place.WriteHoldAsync(context, held, Hold.Free);
            return free.IsOk ? new EffectResult.Failed(reason) : new EffectResult.Unknown($"{reason} Its definition could not be let go. {free.Fault}");
        }

        return hold.IsOk ? new EffectResult.Failed(reason) : new EffectResult.Unknown($"{reason} {hold.Fault}");
    }

    protected override async Task<Reconciliation> ReconcileAsync(EffectContext context)
    {
        var (place, problem) = ConversionPlace.Read(context, Vm, Source, Destination);
        if (place is null)
        {
            return new Reconciliation.NotDone(problem!);
        }

        var hold = await place.ReadHoldAsync(context);
        if (!hold.IsOk)
        {
            return new Reconciliation.Unknown($"{hold.Fault}");
        }

        // What is held was perhaps not looked at again yet.
        return hold.Value.Hold is Hold.Held or Hold.HandedOver
            ? new Reconciliation.InProgress("The definition is held, and the VM is looked at again.")
            : new Reconciliation.NotDone($"The definition of VM {place.Vm} on {place.Source.Host} is not held by this run.");
    }

    protected override async Task<UndoResult> UndoAsync(EffectContext context)
    {
        var (place, problem) = ConversionPlace.Read(context, Vm, Source, Destination);
        if (place is null)
        {
            return new UndoResult.Undone($"Nothing was held. {problem}");
        }

        var hold = await place.ReadHoldAsync(context);
        if (!hold.IsOk)
        {
            return new UndoResult.Failed($"The definition of VM {place.Vm} on {place.Source.Host} could not be let go. {hold.Fault}");
        }

        if (hold.Value.Hold is Hold.Free or Hold.Other or Hold.Gone)
        {
            return new UndoResult.Undone($"This run does not hold VM {place.Vm} on {place.Source.Host} any more.");
        }

        // As long as it was not handed over, nobody has started it elsewhere, whether the destination answers or not.
        var there = hold.Value.Hold == Hold.HandedOver ? await place.LookAtDestinationAsync(context) : null;
        if (there is not null && !ConversionPlace.IsOff(there))
        {
            return new UndoResult.Failed($"VM {place.Vm} may run on {place.Destination.Host} ({ConversionPlace.Tell(there)}), so it stays held on {place.Source.Host}. See that it is off there, or fence that host.");
        }

        await context.EnsureOwnedAsync();
        var free = await place.WriteHoldAsync(context, hold.Value.Definition!, Hold.Free);
        return free.IsOk
            ? new UndoResult.Undone($"VM {place.Vm} can be started on {place.Source.Host} again.")
            : new UndoResult.Failed($"The definition of VM {place.Vm} on {place.Source.Host} could not be let go. {free.Fault}");
    }
}
