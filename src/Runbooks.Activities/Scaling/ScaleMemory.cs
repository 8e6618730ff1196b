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
        var (place, _, ended) = await Part(context).BeginAsync(context, Vm, Host, isJoined);
        return ended ?? await Change(context, place!, context.Get(FromMemoryMiB), context.Get(ToMemoryMiB)).RunAsync();
    }

    protected override Task<Reconciliation> ReconcileAsync(EffectContext context) => Part(context).ReconcileAsync(context, Vm, Host);

    protected override Task<UndoResult> UndoAsync(EffectContext context) => Part(context).UndoAsync(context, Vm, Host, async place =>
    {
        // Back is a change like the other, with the same care for a guest that has come to need what it was given.
        return await Change(context, place, context.Get(ToMemoryMiB), context.Get(FromMemoryMiB), isUndo: true).RunAsync() switch
        {
            EffectResult.Done => null,
            EffectResult.Failed failed => failed.Reason,
            EffectResult.Unknown unknown => unknown.Reason,
            var other => $"Unexpected answer {other}.",
        };
    });

    private ScaledPart Part(EffectContext context) => ScaledPart.Memory(context.Get(FromMemoryMiB), context.Get(ToMemoryMiB));

    private MemoryChange Change(EffectContext context, ScalingPlace place, int from, int to, bool isUndo = false) =>
        new(context, place, from, to, context.Get(ShrinkAnywayBecause), context.Get(FollowsWithin)) { IsUndo = isUndo };
}
