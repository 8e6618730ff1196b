using System.Text.Json.Nodes;
using Runbooks.Activities.Migration;
using Runbooks.Fleet.Model;
using Runbooks.Hypervisors.Contract;
using Runbooks.Workflows.Activities;

namespace Runbooks.Activities.Conversion;

/// <summary>Waits until the guest has booted under its new hypervisor. If it does not, the run fails and all before it is undone.</summary>
[Activity("Runbooks", "Runbooks: Conversion", "Waits until the guest has booted under its new hypervisor. If it does not, the run fails, and the VM goes back.", DisplayName = "Wait for boot")]
public sealed class WaitForBoot : IrreversibleActivity
{
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(500);

    public override string NoUndoReason => "It only looks and waits.";

    [Input(Description = "The VM.", Required = true, DisplayName = "VM", UiHint = "dropdown", Choices = FleetChoices.Vms)]
    public Input<string> Vm { get; } = new();

    [Input(Description = "The host that it comes from.", Required = true, UiHint = "dropdown", Choices = FleetChoices.Hosts)]
    public Input<string> Source { get; } = new();

    [Input(Description = "The host that it was started on.", Required = true, UiHint = "dropdown", Choices = FleetChoices.Hosts)]
    public Input<string> Destination { get; } = new();

    [Input(Description = "How long the guest may take to give a sign of life.", DefaultValue = "00:03:00", DisplayName = "Boots within")]
    public Input<TimeSpan> BootsWithin { get; } = new();

    [Input(Description = "How long a guest without an agent must run and work without starting anew, to count as booted.", DefaultValue = "00:00:20", DisplayName = "Runs on for")]
    public Input<TimeSpan> RunsOnFor { get; } = new();

    [Input(Description = "Only an answer of the guest's agent counts. False: a guest that runs on and works has booted too.", DefaultValue = false, DisplayName = "Require agent")]
    public Input<bool> RequireAgent { get; } = new();

    [Output(Description = "How the guest was found: alive (its agent answers), running (it has none, and works), or silent (its agent does not answer, and it works).")]
    public Output<string> Guest { get; } = new();

    [Output(Description = "What an operator should know; empty when all is well.")]
    public Output<string> Warning { get; } = new();

    protected override async Task<EffectResult> PerformAsync(EffectContext context)
    {
        var (place, problem) = ConversionPlace.Read(context, Vm, Source, Destination);
        if (place is null)
        {
            return new EffectResult.Failed(problem!);
        }

        await context.ReportProgressAsync(new JsonObject { ["stage"] = "boot" });
        var (within, runsOn, mustAnswer) = (context.Get(BootsWithin), context.Get(RunsOnFor), context.Get(RequireAgent));
        var watch = new BootWatch(runsOn);
        for (var began = context.Clock.GetTimestamp(); ;)
        {
            var answer = await place.Destination.AskGuestAsync(place.Vm, context.CancellationToken);
            var seen = await place.LookAtDestinationAsync(context);
            var at = context.Clock.GetElapsedTime(began);
            watch.See(at, answer, seen);
            if (watch.IsOff)
            {
                return new EffectResult.Failed($"VM {place.Vm} has not booted on {place.Destination.Host}: it is {ConversionPlace.Tell(seen)} again. Look at its console there: it needs a kernel with drivers for its new hypervisor, and its disks by the names that they have there.");
            }

            if (watch.Sign(mustAnswer, isOver: at >= within) is { } sign)
            {
                return new EffectResult.Done(new JsonObject
                {
                    [nameof(Guest)] = sign.ToString().ToLowerInvariant(),
                    [nameof(Warning)] = sign == GuestSign.Silent ? $"The guest of VM {place.Vm} works, and its agent does not answer. Install one, or look at its console." : string.Empty,
                });
            }

            if (context.CancelRequested.IsCancellationRequested)
            {
                return new EffectResult.Failed($"The run was cancelled before VM {place.Vm} had booted on {place.Destination.Host}.");
            }

            if (at >= within)
            {
                return watch.Found(place.Vm, within) is var (found, isSeen) && isSeen
                    ? new EffectResult.Failed($"{found} Look at its console on {place.Destination.Host}, or give it more time (BootsWithin).")
                    : new EffectResult.Unknown($"{found} It stays as it is until it can be seen.");
            }

            await Task.Delay(Poll, context.Clock, context.CancellationToken);
        }
    }

    /// <summary>Waiting again costs nothing but time.</summary>
    protected override Task<Reconciliation> ReconcileAsync(EffectContext context) =>
        Task.FromResult<Reconciliation>(new Reconciliation.InProgress("The guest is waited for."));
}
