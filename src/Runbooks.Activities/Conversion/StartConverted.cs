using System.Text.Json.Nodes;
using Runbooks.Fleet.Model;
using Runbooks.Hypervisors.Contract;
using Runbooks.Workflows.Activities;

namespace Runbooks.Activities.Conversion;

/// <summary>
/// Starts the VM at its destination. Before, it is written into the source's definition that it may run there from now on; after
/// that nobody lets the source go without having seen the destination.
/// </summary>
[Activity("Runbooks", "Runbooks: Conversion", "Starts the VM at its destination, after its source was seen off and held. Undone, it is taken down there, and the source is what counts again.", DisplayName = "Start VM")]
public sealed class StartConverted : ChangeActivity
{
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(500);

    [Input(Description = "The VM.", Required = true, DisplayName = "VM", UiHint = "dropdown", Choices = FleetChoices.Vms)]
    public Input<string> Vm { get; } = new();

    [Input(Description = "The host that it comes from.", Required = true, UiHint = "dropdown", Choices = FleetChoices.Hosts)]
    public Input<string> Source { get; } = new();

    [Input(Description = "The host that it is started on.", Required = true, UiHint = "dropdown", Choices = FleetChoices.Hosts)]
    public Input<string> Destination { get; } = new();

    [Input(Description = "When this is undone: how long the guest at the destination may take to shut down before it is ended.", DefaultValue = "00:01:00", DisplayName = "Shut down within")]
    public Input<TimeSpan> ShutDownWithin { get; } = new();

    protected override async Task<EffectResult> PerformAsync(EffectContext context)
    {
        var (place, problem) = ConversionPlace.Read(context, Vm, Source, Destination);
        if (place is null)
        {
            return new EffectResult.Failed(problem!);
        }

        var hold = await place.ReadHoldAsync(context);
        if (!hold.IsOk)
        {
            return new EffectResult.Unknown($"Whether VM {place.Vm} is held on {place.Source.Host} can't be seen. {hold.Fault}");
        }

        if (hold.Value.Hold is not (Hold.Held or Hold.HandedOver))
        {
            var there = await place.LookAtDestinationAsync(context);
            var reason = $"VM {place.Vm} is not held on {place.Source.Host} (it is {hold.Value.Hold}), so it may be started there beside this one.";
            return ConversionPlace.IsOff(there) ? new EffectResult.Failed($"{reason} It was not started on {place.Destination.Host}.") : new EffectResult.Unknown($"{reason} It is {ConversionPlace.Tell(there)} on {place.Destination.Host}.");
        }

        if (hold.Value.Hold == Hold.Held)
        {
            if (context.CancelRequested.IsCancellationRequested)
            {
                return new EffectResult.Failed("The run was cancelled before the VM was started.");
            }

            await context.EnsureOwnedAsync();
            var handed = await place.WriteHoldAsync(context, hold.Value.Definition!, Hold.HandedOver);
            if (!handed.IsOk)
            {
                return new EffectResult.Unknown($"{handed.Fault}");
            }
        }

        var source = await place.LookAtSourceAsync(context);
        if (!source.IsOk || !ConversionPlace.IsOff(source))
        {
            return new EffectResult.Unknown($"VM {place.Vm} is {ConversionPlace.Tell(source)} on {place.Source.Host}, and is not started on {place.Destination.Host} beside that.");
        }

        await context.EnsureOwnedAsync();
        await context.ReportProgressAsync(new JsonObject { ["stage"] = "start" });
        var started = await place.Destination.StartAsync(place.Vm, context.CancellationToken);
        if (started.IsOk)
        {
            return new EffectResult.Done();
        }

        // What the host has refused is seen to be off before that is believed.
        var seen = await place.LookAtDestinationAsync(context);
        return started.Fault.NothingChanged && started.Fault.Kind != FaultKind.Unreachable && ConversionPlace.IsOff(seen)
            ? await TakeBackAsync(context, place) is { } left
                ? new EffectResult.Unknown($"VM {place.Vm} could not be started on {place.Destination.Host}. {started.Fault} {left}")
                : new EffectResult.Failed($"VM {place.Vm} could not be started on {place.Destination.Host}. {started.Fault}")
            : new EffectResult.Unknown($"VM {place.Vm} was to be started on {place.Destination.Host}, and is {ConversionPlace.Tell(seen)} there. {started.Fault}");
    }

    protected override async Task<Reconciliation> ReconcileAsync(EffectContext context)
    {
        var (place, problem) = ConversionPlace.Read(context, Vm, Source, Destination);
        if (place is null)
        {
            return new Reconciliation.NotDone(problem!);
        }

        var (hold, there) = (await place.ReadHoldAsync(context), await place.LookAtDestinationAsync(context));
        if (!hold.IsOk || (!there.IsOk && there.Fault.Kind != FaultKind.NotFound))
        {
            return new Reconciliation.Unknown($"{hold.Fault ?? there.Fault}");
        }

        return (hold.Value.Hold, there) switch
        {
            (Hold.HandedOver, { IsOk: true, Value.State: VmState.Running }) => new Reconciliation.Done(),

            // One that has started and is off again is the next step's matter only while it lasts; it is tried once more.
            (Hold.HandedOver, _) when ConversionPlace.IsOff(there) => new Reconciliation.InProgress($"VM {place.Vm} is handed over, and is {ConversionPlace.Tell(there)} on {place.Destination.Host}."),
            (Hold.Held, _) when ConversionPlace.IsOff(there) => new Reconciliation.NotDone($"VM {place.Vm} was not handed over yet."),
            _ => new Reconciliation.Unknown($"VM {place.Vm} is {hold.Value.Hold} on {place.Source.Host} and {ConversionPlace.Tell(there)} on {place.Destination.Host}."),
        };
    }

    protected override async Task<UndoResult> UndoAsync(EffectContext context)
    {
        var (place, problem) = ConversionPlace.Read(context, Vm, Source, Destination);
        if (place is null)
        {
            return new UndoResult.Undone($"Nothing was started. {problem}");
        }

        var hold = await place.ReadHoldAsync(context);
        switch (hold)
        {
            case { IsOk: false }:
                return new UndoResult.Failed($"VM {place.Vm} was not taken down on {place.Destination.Host}: its source can't be seen. {hold.Fault}");
            case { Value.Hold: Hold.Gone }:
                return new UndoResult.Undone($"VM {place.Vm} lives on {place.Destination.Host} now; {place.Source.Host} has it no more.");
            case { Value.Hold: Hold.Held }:
                return new UndoResult.Undone($"VM {place.Vm} is not started on {place.Destination.Host}.");
            case { Value.Hold: Hold.HandedOver }:
                return await TakeDownAsync(context, place);
            default:
                // It was taken back and let go already, though nobody heard of it; or somebody has let it go by hand.
                var there = await place.LookAtDestinationAsync(context);
                return ConversionPlace.IsOff(there)
                    ? new UndoResult.Undone($"VM {place.Vm} is not started on {place.Destination.Host}.")
                    : new UndoResult.Failed($"VM {place.Vm} is not held on {place.Source.Host} any more: somebody has let it go. Look on which host it is to run; nothing is taken down on {place.Destination.Host}, where it is {ConversionPlace.Tell(there)}.");
        }
    }

    /// <summary>
    /// The source is off and held, so it is what counts, and the destination's copy is given up: gently first, so that disks that
    /// both hosts share are left in order.
    /// </summary>
    private async Task<UndoResult> TakeDownAsync(EffectContext context, ConversionPlace place)
    {
        var there = await place.LookAtDestinationAsync(context);
        var limit = context.Get(ShutDownWithin);
        if (there is { IsOk: true, Value.State: VmState.Running })
        {
            await context.EnsureOwnedAsync();
            var asked = await place.Destination.ShutDownAsync(place.Vm, context.CancellationToken);
            for (var began = context.Clock.GetTimestamp(); asked.IsOk && !ConversionPlace.IsOff(there) && context.Clock.GetElapsedTime(began) < limit; there = await place.LookAtDestinationAsync(context))
            {
                await Task.Delay(Poll, context.Clock, context.CancellationToken);
            }
        }

        if (there.IsOk && !ConversionPlace.IsOff(there))
        {
            await context.EnsureOwnedAsync();
            _ = await place.Destination.DestroyAsync(place.Vm, context.CancellationToken);
            there = await place.LookAtDestinationAsync(context);
        }

        return !ConversionPlace.IsOff(there) ? new UndoResult.Failed($"VM {place.Vm} could not be taken down on {place.Destination.Host}: {ConversionPlace.Tell(there)}. As long as it may run there, it is held on {place.Source.Host}.")
            : await TakeBackAsync(context, place) is { } left ? new UndoResult.Failed(left)
            : new UndoResult.Undone($"VM {place.Vm} is off on {place.Destination.Host}; what counts is on {place.Source.Host} again.");
    }

    /// <summary>The destination was just seen without it: the source is only held again. Null, or why it is not.</summary>
    private static async Task<string?> TakeBackAsync(EffectContext context, ConversionPlace place)
    {
        var hold = await place.ReadHoldAsync(context);
        if (hold is not { IsOk: true, Value: { Hold: Hold.HandedOver, Definition: { } handed } })
        {
            return hold is { IsOk: true, Value.Hold: Hold.Held } ? null : $"The definition of VM {place.Vm} on {place.Source.Host} could not be taken back. {hold.Fault}".Trim();
        }

        await context.EnsureOwnedAsync();
        var taken = await place.WriteHoldAsync(context, handed, Hold.Held);
        return taken.IsOk ? null : $"The definition of VM {place.Vm} on {place.Source.Host} could not be taken back. {taken.Fault}";
    }
}
