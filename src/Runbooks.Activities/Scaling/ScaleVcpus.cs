using System.Text.Json.Nodes;
using Runbooks.Hypervisors.Contract;
using Runbooks.Workflows.Activities;

namespace Runbooks.Activities.Scaling;

/// <summary>Gives the VM its new number of vCPUs, now and for its next start.</summary>
/// <remarks>
/// Decided by looking before and after: an unplug that times out may have been followed all the same, and one that was not
/// followed yet may be later.
/// </remarks>
[Activity("Runbooks", "Runbooks: Scaling", "Gives a running VM more or fewer virtual CPUs, now and for its next start.", DisplayName = "Scale virtual CPUs")]
public sealed class ScaleVcpus : ChangeActivity
{
    [Input(Description = "The VM.", Required = true, DisplayName = "VM", UiHint = "dropdown", Choices = FleetChoices.Vms)]
    public Input<string> Vm { get; } = new();

    [Input(Description = "The host that it runs on.", Required = true, UiHint = "dropdown", Choices = FleetChoices.Hosts)]
    public Input<string> Host { get; } = new();

    [Input(Description = "Virtual CPUs that it has, and has again when this is undone.", Required = true, DisplayName = "Virtual CPUs now")]
    public Input<int> FromVcpus { get; } = new();

    [Input(Description = "Virtual CPUs that it is to have.", Required = true, DisplayName = "Virtual CPUs then")]
    public Input<int> ToVcpus { get; } = new();

    protected override Task<EffectResult> PerformAsync(EffectContext context) => ChangeAsync(context, isJoined: false);

    protected override Task<EffectResult> JoinAsync(EffectContext context) => ChangeAsync(context, isJoined: true);

    /// <summary>It has them; the result is seen by the steps that follow.</summary>
    protected override EffectResult.Done Predict(PredictionContext context) => new();

    private async Task<EffectResult> ChangeAsync(EffectContext context, bool isJoined)
    {
        var (from, to) = (context.Get(FromVcpus), context.Get(ToVcpus));
        var (place, before, ended) = await Part(context).BeginAsync(context, Vm, Host, isJoined);
        if (ended is not null || place is null || before is null)
        {
            return ended!;
        }

        if (context.CancelRequested.IsCancellationRequested)
        {
            return await GiveUpAsync(context, place, from);
        }

        await context.EnsureOwnedAsync();
        await context.ReportProgressAsync(new JsonObject { ["stage"] = "vcpus", ["now"] = before.WorkingVcpus, ["to"] = to });
        var asked = await place.Sizes.SetVcpusAsync(place.Vm, to, context.CancellationToken);
        return asked.IsOk ? new EffectResult.Done() : await JudgeAsync(context, place, from, to, asked.Fault);
    }

    /// <summary>The request has failed: what is seen decides.</summary>
    private static async Task<EffectResult> JudgeAsync(EffectContext context, ScalingPlace place, int from, int to, HypervisorFault fault)
    {
        var after = await place.LookAsync(context);
        return after switch
        {
            { IsOk: true } when after.Value.HasVcpus(to) => new EffectResult.Done(),
            { IsOk: true } when fault.NothingChanged && after.Value.HasVcpus(from) => new EffectResult.Failed($"VM {place.Vm} keeps its {from} vCPUs. {fault}"),
            _ => new EffectResult.Unknown($"VM {place.Vm} was to have {to} vCPUs instead of {from}. {fault}"),
        };
    }

    private static async Task<EffectResult> GiveUpAsync(EffectContext context, ScalingPlace place, int from)
    {
        await context.EnsureOwnedAsync();
        var back = await place.Sizes.SetVcpusAsync(place.Vm, from, context.CancellationToken);
        return back.IsOk
            ? new EffectResult.Failed($"The run was cancelled; VM {place.Vm} has its {from} vCPUs again.")
            : new EffectResult.Unknown($"The run was cancelled, and VM {place.Vm} could not be given its {from} vCPUs again. {back.Fault}");
    }

    protected override Task<Reconciliation> ReconcileAsync(EffectContext context) => Part(context).ReconcileAsync(context, Vm, Host);

    protected override Task<UndoResult> UndoAsync(EffectContext context) => Part(context).UndoAsync(context, Vm, Host, async place =>
    {
        await context.EnsureOwnedAsync();
        var back = await place.Sizes.SetVcpusAsync(place.Vm, context.Get(FromVcpus), context.CancellationToken);
        return back.IsOk ? null : $"{back.Fault}";
    });

    private ScaledPart Part(EffectContext context) => ScaledPart.Vcpus(context.Get(FromVcpus), context.Get(ToVcpus));
}
