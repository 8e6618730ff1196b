using System.Text.Json.Nodes;
using Runbooks.Fleet.Model;
using Runbooks.Hypervisors.Contract;
using Runbooks.Workflows.Activities;

namespace Runbooks.Activities.Conversion;

/// <summary>Shuts the guest down at its source, by asking it. A guest that does not follow is a matter for a person.</summary>
[Activity("Runbooks", "Runbooks: Conversion", "Asks a running guest to shut down, and waits until it is off. Undone, the VM is started again where it was.", DisplayName = "Stop VM")]
public sealed class StopForConversion : ChangeActivity
{
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(500);

    [Input(Description = "The VM.", Required = true, DisplayName = "VM", UiHint = "dropdown", Choices = FleetChoices.Vms)]
    public Input<string> Vm { get; } = new();

    [Input(Description = "The host that it is on.", Required = true, UiHint = "dropdown", Choices = FleetChoices.Hosts)]
    public Input<string> Source { get; } = new();

    [Input(Description = "The host that it goes to.", Required = true, UiHint = "dropdown", Choices = FleetChoices.Hosts)]
    public Input<string> Destination { get; } = new();

    [Input(Description = "Whether its guest ran when it was looked at. One that was off is left alone, also when this is undone.", DefaultValue = false, DisplayName = "Was running")]
    public Input<bool> WasRunning { get; } = new();

    [Input(Description = "How long the guest may take to shut down.", DefaultValue = "00:05:00", DisplayName = "Shut down within")]
    public Input<TimeSpan> ShutDownWithin { get; } = new();

    protected override Task<EffectResult> PerformAsync(EffectContext context) => StopAsync(context, isJoined: false);

    protected override Task<EffectResult> JoinAsync(EffectContext context) => StopAsync(context, isJoined: true);

    private async Task<EffectResult> StopAsync(EffectContext context, bool isJoined)
    {
        var (place, problem) = ConversionPlace.Read(context, Vm, Source, Destination);
        if (place is null)
        {
            return new EffectResult.Failed(problem!);
        }

        var seen = await place.LookAtSourceAsync(context);
        if (!seen.IsOk)
        {
            return isJoined ? new EffectResult.Unknown($"{seen.Fault}") : new EffectResult.Failed($"VM {place.Vm} was not stopped: it can't be seen. {seen.Fault}");
        }

        if (ConversionPlace.IsOff(seen))
        {
            return new EffectResult.Done();
        }

        if (!context.Get(WasRunning))
        {
            return new EffectResult.Failed($"VM {place.Vm} was off when it was looked at, and is {ConversionPlace.Tell(seen)} now: somebody has started it. Start again.");
        }

        if (context.CancelRequested.IsCancellationRequested && !isJoined)
        {
            return new EffectResult.Failed("The run was cancelled before the guest was asked to shut down.");
        }

        await context.EnsureOwnedAsync();
        await context.ReportProgressAsync(new JsonObject { ["stage"] = "stop" });
        var asked = await place.Source.ShutDownAsync(place.Vm, context.CancellationToken);
        if (asked is { IsOk: false, Fault.NothingChanged: true } && !isJoined)
        {
            return new EffectResult.Failed($"The guest of VM {place.Vm} could not be asked to shut down. {asked.Fault}");
        }

        // Once it was asked, it may follow at any time; nothing can be concluded from its still running.
        var limit = context.Get(ShutDownWithin);
        for (var began = context.Clock.GetTimestamp(); !ConversionPlace.IsOff(seen); seen = await place.LookAtSourceAsync(context))
        {
            if (context.Clock.GetElapsedTime(began) >= limit)
            {
                return new EffectResult.Unknown(
                    $"The guest of VM {place.Vm} was asked to shut down and is {ConversionPlace.Tell(seen)} on {place.Source.Host} after {limit}. It may still follow. Shut it down in the guest, then retry this step.");
            }

            await Task.Delay(Poll, context.Clock, context.CancellationToken);
        }

        return new EffectResult.Done();
    }

    protected override async Task<Reconciliation> ReconcileAsync(EffectContext context)
    {
        var (place, problem) = ConversionPlace.Read(context, Vm, Source, Destination);
        if (place is null)
        {
            return new Reconciliation.NotDone(problem!);
        }

        var seen = await place.LookAtSourceAsync(context);
        return ConversionPlace.IsOff(seen) && seen.IsOk ? new Reconciliation.Done()
            : seen.IsOk ? new Reconciliation.InProgress($"VM {place.Vm} is {ConversionPlace.Tell(seen)}; its guest may have been asked to shut down.")
            : new Reconciliation.Unknown($"{seen.Fault}");
    }

    protected override async Task<UndoResult> UndoAsync(EffectContext context)
    {
        var (place, problem) = ConversionPlace.Read(context, Vm, Source, Destination);
        if (place is null || !context.Get(WasRunning))
        {
            return new UndoResult.Undone($"Nothing was stopped. {problem}".Trim());
        }

        var hold = await place.ReadHoldAsync(context);
        if (!hold.IsOk)
        {
            return new UndoResult.Failed($"VM {place.Vm} could not be started again on {place.Source.Host}. {hold.Fault}");
        }

        switch (hold.Value.Hold)
        {
            case Hold.Gone:
                return new UndoResult.Undone($"VM {place.Vm} is not on {place.Source.Host} any more; it stays where it is.");
            case not Hold.Free:
                return new UndoResult.Failed($"VM {place.Vm} is not started again on {place.Source.Host} as long as its definition there is held.");
        }

        var seen = await place.LookAtSourceAsync(context);
        if (seen is { IsOk: true, Value.State: VmState.Running })
        {
            return new UndoResult.Undone($"VM {place.Vm} runs on {place.Source.Host}.");
        }

        // What is free was never handed over, or was taken back after the destination was seen without it. One who answers is
        // believed all the same.
        var there = await place.LookAtDestinationAsync(context);
        if (there.IsOk && !ConversionPlace.IsOff(there))
        {
            return new UndoResult.Failed($"VM {place.Vm} is {ConversionPlace.Tell(there)} on {place.Destination.Host}; it is not started on {place.Source.Host} beside that. Look which one the users reach.");
        }

        await context.EnsureOwnedAsync();
        var started = await place.Source.StartAsync(place.Vm, context.CancellationToken);
        return started.IsOk
            ? new UndoResult.Undone($"VM {place.Vm} runs on {place.Source.Host} again.")
            : new UndoResult.Failed($"VM {place.Vm} could not be started again on {place.Source.Host}. {started.Fault}");
    }
}
