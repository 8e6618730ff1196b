using System.Text.Json.Nodes;
using Runbooks.Fleet.Model;
using Runbooks.Fleet.Reservations;
using Runbooks.Hypervisors.Contract;
using Runbooks.Workflows.Activities;

namespace Runbooks.Activities.Conversion;

/// <summary>
/// The last step: the VM has booted at its destination, so its definition at the source goes, and, only when that is asked for,
/// its disks there.
/// </summary>
[Activity("Runbooks", "Runbooks: Conversion", "Removes the source's definition after the VM has booted elsewhere, and its disks there only when asked to; makes the copies final and releases the reservation.", DisplayName = "Retire source")]
public sealed class RetireSource : IrreversibleActivity
{
    public override string NoUndoReason => "The VM has booted at its destination and has worked there since; its source is a thing of the past. The way back is to convert it back.";

    [Input(Description = "The VM.", Required = true, DisplayName = "VM", UiHint = "dropdown", Choices = FleetChoices.Vms)]
    public Input<string> Vm { get; } = new();

    [Input(Description = "The host that it comes from.", Required = true, UiHint = "dropdown", Choices = FleetChoices.Hosts)]
    public Input<string> Source { get; } = new();

    [Input(Description = "The host that it runs on now.", Required = true, UiHint = "dropdown", Choices = FleetChoices.Hosts)]
    public Input<string> Destination { get; } = new();

    [Input(Description = "What was planned.", Required = true)]
    public Input<string> Plan { get; } = new();

    [Input(Description = "What marks the copies, as 'Copy files' gave it.", DisplayName = "Copy id")]
    public Input<string> CopyId { get; } = new();

    [Input(Description = "Whether its disks at the source are deleted too. False: they stay, for somebody to delete.", DefaultValue = false, DisplayName = "Delete source disks")]
    public Input<bool> DeleteSourceDisks { get; } = new();

    [Output(Description = "Disks that stay at the source and that nobody uses any more.")]
    public Output<string> LeftDisks { get; } = new();

    [Output(Description = "What an operator should know; empty when all is well.")]
    public Output<string> Warning { get; } = new();

    protected override async Task<EffectResult> PerformAsync(EffectContext context)
    {
        var (place, problem) = ConversionPlace.Read(context, Vm, Source, Destination);
        if (place is null || ConversionPlan.Read(context.Get(Plan)) is not { } plan)
        {
            return new EffectResult.Failed(problem ?? "There is no plan: put 'Check conversion' before this step.");
        }

        var there = await place.LookAtDestinationAsync(context);
        if (there is not { IsOk: true, Value.State: VmState.Running })
        {
            return new EffectResult.Unknown($"VM {place.Vm} is {ConversionPlace.Tell(there)} on {place.Destination.Host} instead of running. Its source on {place.Source.Host} is kept. Start it there and retry, or cancel the run.");
        }

        var hold = await place.ReadHoldAsync(context);
        if (!hold.IsOk || hold.Value.Hold is not (Hold.HandedOver or Hold.Gone))
        {
            return new EffectResult.Unknown(hold.IsOk ? $"VM {place.Vm} on {place.Source.Host} is not held by this run (it is {hold.Value.Hold}); its definition there is kept." : $"{hold.Fault}");
        }

        await context.EnsureOwnedAsync();
        var undefined = await place.Source.UndefineAsync(place.Vm, context.CancellationToken);
        if (!undefined.IsOk)
        {
            return new EffectResult.Unknown($"VM {place.Vm} runs on {place.Destination.Host}, but its definition on {place.Source.Host} could not be removed. {undefined.Fault}");
        }

        var (left, warnings) = (new List<string>(), new List<string>());
        foreach (var (file, index) in plan.Files.Select((f, i) => (f, i)).Where(f => f.f.Way == FileWay.Copy))
        {
            // What nobody but a copy of it was made of may go; a kernel may be another VM's too.
            if (file.IsDisk && context.Get(DeleteSourceDisks))
            {
                await context.EnsureOwnedAsync();
                var deleted = await place.FromDisks.DeleteAsync(file.From, file.Identity, context.CancellationToken);
                if (!deleted.IsOk && deleted.Fault.Kind != FaultKind.Refused)
                {
                    return new EffectResult.Unknown($"'{file.From}' on {place.Source.Host} was to be deleted. {deleted.Fault}");
                }

                warnings.AddRange(deleted.IsOk ? [] : [$"'{file.From}' on {place.Source.Host} was not deleted. {deleted.Fault}"]);
                left.AddRange(deleted.IsOk ? [] : [file.From]);
            }
            else if (file.IsDisk)
            {
                left.Add(file.From);
            }

            if (context.Get(CopyId) is { Length: > 0 } id)
            {
                await context.EnsureOwnedAsync();
                var kept = await place.ToDisks.KeepCopyAsync(place.CopyOf(id, index, file), context.CancellationToken);
                if (!kept.IsOk)
                {
                    return new EffectResult.Unknown($"The copy '{file.To}' on {place.Destination.Host} could not be made final. {kept.Fault}");
                }
            }
        }

        // What has no reservation any more is done, and is not looked at again.
        _ = await context.GetRequiredService<IReservationLedger>().ReleaseAsync(place.Vm, context.RunId.ToString(), context.CancellationToken);
        return new EffectResult.Done(new JsonObject { [nameof(LeftDisks)] = string.Join(", ", left), [nameof(Warning)] = string.Join(' ', warnings) });
    }

    protected override async Task<Reconciliation> ReconcileAsync(EffectContext context)
    {
        var (place, problem) = ConversionPlace.Read(context, Vm, Source, Destination);
        if (place is null)
        {
            return new Reconciliation.NotDone(problem!);
        }

        var held = await context.GetRequiredService<IReservationLedger>().FindAsync(place.Vm, context.CancellationToken);
        return string.Equals(held?.Holder, context.RunId.ToString(), StringComparison.Ordinal)
            ? new Reconciliation.NotDone("The reservation is still there, so the source may be too.")
            : new Reconciliation.Done();
    }
}
