using Runbooks.Hypervisors.Contract;
using Runbooks.Workflows.Activities;

namespace Runbooks.Activities.Scaling;

/// <summary>
/// The part of a VM's size that a step changes, vCPUs or memory. How a change begins, is found again after a crash and is
/// undone does not depend on which of them it is: what is seen decides.
/// </summary>
/// <param name="From">What it has, and has again when this is undone.</param>
/// <param name="To">What it is to have.</param>
/// <param name="Unit">What it is counted in.</param>
/// <param name="Has">It has so much, and will after its next start.</param>
/// <param name="Now">What it has now.</param>
/// <param name="Tell">What it has and is defined with, for people.</param>
internal sealed record ScaledPart(int From, int To, string Unit, Func<VmSize, int, bool> Has, Func<VmSize, int> Now, Func<VmSize, string> Tell)
{
    public static ScaledPart Vcpus(int from, int to) => new(
        from, to, "vCPUs", (s, n) => s.HasVcpus(n), s => s.WorkingVcpus, s => $"works with {s.WorkingVcpus} of {s.Vcpus} vCPUs, and is defined with {s.DefinedVcpus}");

    public static ScaledPart Memory(int from, int to) => new(
        from, to, "MiB", (s, n) => s.HasMemory(n), s => s.MemoryMiB, s => $"has {s.MemoryMiB} MiB, and is defined with {s.DefinedMemoryMiB}");

    /// <summary>Looks before the change. <c>Ended</c> is null when there is something to change and this run may; then the other two are there.</summary>
    /// <param name="context">Of the step.</param>
    /// <param name="vm">The input that names the VM.</param>
    /// <param name="host">The input that names the host.</param>
    /// <param name="isJoined">The change may have begun already, so that a look that fails says nothing.</param>
    public async Task<(ScalingPlace? Place, VmSize? Before, EffectResult? Ended)> BeginAsync(EffectContext context, Input<string> vm, Input<string> host, bool isJoined)
    {
        var (place, problem) = ScalingPlace.Read(context, vm, host);
        if (place is null)
        {
            return (null, null, new EffectResult.Failed(problem!));
        }

        var before = await place.LookAsync(context);
        if (!before.IsOk)
        {
            return (place, null, isJoined ? new EffectResult.Unknown($"{before.Fault}") : new EffectResult.Failed($"VM {place.Vm} was not changed: its size can't be read. {before.Fault}"));
        }

        if (Has(before.Value, To))
        {
            return (place, before.Value, new EffectResult.Done());
        }

        var isUntouched = Has(before.Value, From);
        if (await place.WhyNotOursAsync(context) is { } notOurs)
        {
            return (place, before.Value, isUntouched || !isJoined ? new EffectResult.Failed(notOurs) : new EffectResult.Unknown(notOurs));
        }

        return (place, before.Value, isUntouched && context.CancelRequested.IsCancellationRequested ? new EffectResult.Failed("The run was cancelled before the VM was changed.") : null);
    }

    public async Task<Reconciliation> ReconcileAsync(EffectContext context, Input<string> vm, Input<string> host)
    {
        var (place, problem) = ScalingPlace.Read(context, vm, host);
        if (place is null)
        {
            return new Reconciliation.NotDone(problem!);
        }

        var seen = await place.LookAsync(context);
        return seen switch
        {
            { IsOk: false } => new Reconciliation.Unknown($"{seen.Fault}"),
            _ when Has(seen.Value, To) => new Reconciliation.Done(),

            // A request shows in the definition at once, also while the guest has not followed yet.
            _ when Has(seen.Value, From) => new Reconciliation.NotDone($"VM {place.Vm} has {From} {Unit} as before."),
            _ => new Reconciliation.InProgress($"VM {place.Vm} {Tell(seen.Value)}, on its way from {From} to {To}."),
        };
    }

    /// <param name="context">Of the step.</param>
    /// <param name="vm">The input that names the VM.</param>
    /// <param name="host">The input that names the host.</param>
    /// <param name="giveBack">Gives a VM what it had; null, or why that is not so.</param>
    public async Task<UndoResult> UndoAsync(EffectContext context, Input<string> vm, Input<string> host, Func<ScalingPlace, Task<string?>> giveBack)
    {
        var (told, problem) = ScalingPlace.Read(context, vm, host);
        if (told is null)
        {
            return new UndoResult.Undone($"Nothing was changed. {problem}");
        }

        var (place, nowhere) = await told.ForUndoAsync(context);
        if (place is null)
        {
            return new UndoResult.Failed(nowhere!);
        }

        var seen = await place.LookAsync(context);
        if (!seen.IsOk)
        {
            return new UndoResult.Failed($"VM {place.Vm} could not be given its {From} {Unit} again. {seen.Fault}");
        }

        if (Has(seen.Value, From))
        {
            return new UndoResult.Undone($"VM {place.Vm} has {From} {Unit}.");
        }

        if (!Has(seen.Value, To) && !ScalingPlace.IsOurs(context, await told.HeldAsync(context)))
        {
            return new UndoResult.Undone($"VM {place.Vm} was given {Now(seen.Value)} {Unit} by somebody else since; it keeps them.");
        }

        return await giveBack(place) is { } why
            ? new UndoResult.Failed($"VM {place.Vm} could not be given its {From} {Unit} again. {why}")
            : new UndoResult.Undone($"VM {place.Vm} has {From} {Unit} again.");
    }
}
