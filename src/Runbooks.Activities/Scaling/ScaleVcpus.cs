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
        var (place, problem) = ScalingPlace.Read(context, Vm, Host);
        if (place is null)
        {
            return new EffectResult.Failed(problem!);
        }

        var (from, to) = (context.Get(FromVcpus), context.Get(ToVcpus));
        var before = await place.LookAsync(context);
        if (!before.IsOk)
        {
            return isJoined ? new EffectResult.Unknown($"{before.Fault}") : new EffectResult.Failed($"VM {place.Vm} was not changed: its size can't be read. {before.Fault}");
        }

        if (before.Value.HasVcpus(to))
        {
            return new EffectResult.Done();
        }

        var isUntouched = before.Value.HasVcpus(from);
        if (await place.WhyNotOursAsync(context) is { } notOurs)
        {
            return isUntouched || !isJoined ? new EffectResult.Failed(notOurs) : new EffectResult.Unknown(notOurs);
        }

        if (context.CancelRequested.IsCancellationRequested)
        {
            return isUntouched ? new EffectResult.Failed("The run was cancelled before the VM was changed.") : await GiveUpAsync(context, place, from);
        }

        await context.EnsureOwnedAsync();
        await context.ReportProgressAsync(new JsonObject { ["stage"] = "vcpus", ["now"] = before.Value.WorkingVcpus, ["to"] = to });
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

    protected override async Task<Reconciliation> ReconcileAsync(EffectContext context)
    {
        var (place, problem) = ScalingPlace.Read(context, Vm, Host);
        if (place is null)
        {
            return new Reconciliation.NotDone(problem!);
        }

        var (from, to) = (context.Get(FromVcpus), context.Get(ToVcpus));
        var seen = await place.LookAsync(context);
        return seen switch
        {
            { IsOk: false } => new Reconciliation.Unknown($"{seen.Fault}"),
            _ when seen.Value.HasVcpus(to) => new Reconciliation.Done(),
            _ when seen.Value.HasVcpus(from) => new Reconciliation.NotDone($"VM {place.Vm} works with {from} vCPUs as before."),
            _ => new Reconciliation.InProgress($"VM {place.Vm} works with {seen.Value.WorkingVcpus} of {seen.Value.Vcpus} vCPUs, and is defined with {seen.Value.DefinedVcpus}, on its way from {from} to {to}."),
        };
    }

    protected override async Task<UndoResult> UndoAsync(EffectContext context)
    {
        var (told, problem) = ScalingPlace.Read(context, Vm, Host);
        if (told is null)
        {
            return new UndoResult.Undone($"Nothing was changed. {problem}");
        }

        var (from, to) = (context.Get(FromVcpus), context.Get(ToVcpus));
        var (place, nowhere) = await told.ForUndoAsync(context);
        if (place is null)
        {
            return new UndoResult.Failed(nowhere!);
        }

        var seen = await place.LookAsync(context);
        if (!seen.IsOk)
        {
            return new UndoResult.Failed($"VM {place.Vm} could not be given its {from} vCPUs again. {seen.Fault}");
        }

        if (seen.Value.HasVcpus(from))
        {
            return new UndoResult.Undone($"VM {place.Vm} has {from} vCPUs.");
        }

        if (!ScalingPlace.IsOurs(context, await told.HeldAsync(context)) && !seen.Value.HasVcpus(to))
        {
            return new UndoResult.Undone($"VM {place.Vm} was given {seen.Value.WorkingVcpus} vCPUs by somebody else since; it keeps them.");
        }

        await context.EnsureOwnedAsync();
        var back = await place.Sizes.SetVcpusAsync(place.Vm, from, context.CancellationToken);
        return back.IsOk
            ? new UndoResult.Undone($"VM {place.Vm} has {from} vCPUs again.")
            : new UndoResult.Failed($"VM {place.Vm} could not be given its {from} vCPUs again. {back.Fault}");
    }
}
