using Runbooks.Workflows.Activities;

namespace Runbooks.Activities.Scaling;

/// <summary>
/// Gives the VM its new amount of memory, now and for its next start. What is taken is taken in steps, and the guest is looked
/// at before each; a guest that gives nothing more back gets all of it again.
/// </summary>
[Activity("Runbooks", "Runbooks: Scaling", "Gives a running VM more or less memory, now and for its next start; less in steps, and never below what its guest uses.", DisplayName = "Scale memory")]
public sealed class ScaleMemory : ChangeActivity
{
    [Input(Description = "The VM.", Required = true, DisplayName = "VM", UiHint = "dropdown", Choices = FleetChoices.Vms)]
    public Input<string> Vm { get; } = new();

    [Input(Description = "The host that it runs on.", Required = true, UiHint = "dropdown", Choices = FleetChoices.Hosts)]
    public Input<string> Host { get; } = new();

    [Input(Description = "Memory that it has, and has again when this is undone, MiB.", Required = true, DisplayName = "Memory now, MiB")]
    public Input<int> FromMemoryMiB { get; } = new();

    [Input(Description = "Memory that it is to have, MiB.", Required = true, DisplayName = "Memory then, MiB")]
    public Input<int> ToMemoryMiB { get; } = new();

    [Input(Description = "Why memory may be taken from a guest that does not say how much it uses; empty: none is taken from it.")]
    public Input<string> ShrinkAnywayBecause { get; } = new();

    [Input(Description = "How long a guest may give nothing back before it gets all of it again.", DefaultValue = "00:00:30", DisplayName = "Guest follows within")]
    public Input<TimeSpan> FollowsWithin { get; } = new();

    protected override Task<EffectResult> PerformAsync(EffectContext context) => ChangeAsync(context, isJoined: false);

    protected override Task<EffectResult> JoinAsync(EffectContext context) => ChangeAsync(context, isJoined: true);

    /// <summary>It has it; the result is seen by the steps that follow.</summary>
    protected override EffectResult.Done Predict(PredictionContext context) => new();

    private async Task<EffectResult> ChangeAsync(EffectContext context, bool isJoined)
    {
        var (place, problem) = ScalingPlace.Read(context, Vm, Host);
        if (place is null)
        {
            return new EffectResult.Failed(problem!);
        }

        var (from, to) = (context.Get(FromMemoryMiB), context.Get(ToMemoryMiB));
        var before = await place.LookAsync(context);
        if (!before.IsOk)
        {
            return isJoined ? new EffectResult.Unknown($"{before.Fault}") : new EffectResult.Failed($"VM {place.Vm} was not changed: its size can't be read. {before.Fault}");
        }

        var isUntouched = before.Value.HasMemory(from);
        if (await place.WhyNotOursAsync(context) is { } notOurs && !before.Value.HasMemory(to))
        {
            return isUntouched || !isJoined ? new EffectResult.Failed(notOurs) : new EffectResult.Unknown(notOurs);
        }

        if (isUntouched && context.CancelRequested.IsCancellationRequested)
        {
            return new EffectResult.Failed("The run was cancelled before the VM was changed.");
        }

        return await new MemoryChange(context, place, from, to, context.Get(ShrinkAnywayBecause), context.Get(FollowsWithin)).RunAsync();
    }

    protected override async Task<Reconciliation> ReconcileAsync(EffectContext context)
    {
        var (place, problem) = ScalingPlace.Read(context, Vm, Host);
        if (place is null)
        {
            return new Reconciliation.NotDone(problem!);
        }

        var (from, to) = (context.Get(FromMemoryMiB), context.Get(ToMemoryMiB));
        var seen = await place.LookAsync(context);
        return seen switch
        {
            { IsOk: false } => new Reconciliation.Unknown($"{seen.Fault}"),
            _ when seen.Value.HasMemory(to) => new Reconciliation.Done(),

            // A request shows in the definition at once, also while the guest has given nothing back yet.
            _ when seen.Value.HasMemory(from) => new Reconciliation.NotDone($"VM {place.Vm} has {from} MiB as before."),
            _ => new Reconciliation.InProgress($"VM {place.Vm} has {seen.Value.MemoryMiB} MiB, and is defined with {seen.Value.DefinedMemoryMiB}, on its way from {from} to {to}."),
        };
    }

    protected override async Task<UndoResult> UndoAsync(EffectContext context)
    {
        var (told, problem) = ScalingPlace.Read(context, Vm, Host);
        if (told is null)
        {
            return new UndoResult.Undone($"Nothing was changed. {problem}");
        }

        var (from, to) = (context.Get(FromMemoryMiB), context.Get(ToMemoryMiB));
        var (place, nowhere) = await told.ForUndoAsync(context);
        if (place is null)
        {
            return new UndoResult.Failed(nowhere!);
        }

        var seen = await place.LookAsync(context);
        if (!seen.IsOk)
        {
            return new UndoResult.Failed($"VM {place.Vm} could not be given its {from} MiB again. {seen.Fault}");
        }

        if (!seen.Value.HasMemory(from) && !seen.Value.HasMemory(to) && !ScalingPlace.IsOurs(context, await told.HeldAsync(context)))
        {
            return new UndoResult.Undone($"VM {place.Vm} was given {seen.Value.MemoryMiB} MiB by somebody else since; it keeps them.");
        }

        // Back is a change like the other, with the same care for a guest that has come to need what it was given.
        var back = await new MemoryChange(context, place, to, from, context.Get(ShrinkAnywayBecause), context.Get(FollowsWithin)) { IsUndo = true }.RunAsync();
        return back is EffectResult.Done
            ? new UndoResult.Undone($"VM {place.Vm} has {from} MiB again.")
            : new UndoResult.Failed($"VM {place.Vm} could not be given its {from} MiB again. {(back as EffectResult.Failed)?.Reason ?? (back as EffectResult.Unknown)?.Reason}");
    }
}
