using Runbooks.Fleet.Model;
using Runbooks.Hypervisors.Contract;
using Runbooks.Hypervisors.Ssh;

namespace Runbooks.Hypervisors.Xen;

/// <content>Live migration, seen and ended from its source.</content>
internal sealed partial class XenHypervisor
{
    private static readonly TimeSpan AbortLimit = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan AbortPause = TimeSpan.FromMilliseconds(250);

    /// <remarks>A wish to hold the switch-over can't be met; the contract allows that.</remarks>
    public async Task<Result<Unit>> StartMigrationAsync(MigrationRequest request, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(request);
        if (await WhyNotToStartAsync(request, cancellationToken) is { } reason)
        {
            return reason;
        }

        var vm = request.Vm;
        var answer = await shell.RunAsync(XenMigrationScript.Start(host, peers(request.Destination)!.Value.Host, vm), cancellationToken);
        if (!answer.IsOk)
        {
            return answer.Fault;
        }

        var said = XenMigrationScript.Read(answer.Value.Output);
        if (said.Started)
        {
            return default(Unit);
        }

        if (said.Busy)
        {
            return new HypervisorFault(FaultKind.Refused, Host, $"A migration of VM '{vm}' is under way already.", "Wait for its end, or abort it.");
        }

        if (said.Errors is null)
        {
            return new HypervisorFault(
                FaultKind.UnknownOutcome, Host, $"The migration of '{vm}' to {request.Destination} was started, but has not reached it yet. {answer.Value.Errors}".Trim(), "Observe the VM on both hosts.");
        }

        // xl gave up. Only a VM that runs here without a job proves that nothing happened.
        var fault = xl.Fault($"migrate {vm}", said.Errors, Effect.Changes);
        var seen = await reader.ReadVmAsync(vm, cancellationToken);
        return seen is { IsOk: true, Value: { Job: null } sight } && sight.Observe(time.GetUtcNow()).State == VmState.Running
            ? fault with { Kind = FaultKind.Refused }
            : fault with { Kind = FaultKind.UnknownOutcome, Advice = "Observe the VM on both hosts." };
    }

    /// <remarks>xl tells no figures: what is known is that its process lives, for how long, and whether the guest has stopped.</remarks>
    public async Task<Result<MigrationProgress>> ObserveMigrationAsync(VmName vm, CancellationToken cancellationToken)
    {
        var seen = await reader.ReadVmAsync(vm, cancellationToken);
        return !seen.IsOk ? seen.Fault
            : seen.Value.IsAbsent ? Absent(vm)
            : seen.Value.Job is { } job ? MigrationProgress.NoJob with { Phase = seen.Value.Phase, Elapsed = job.Elapsed }
            : MigrationProgress.NoJob;
    }

    public async Task<Result<Unit>> ReleaseSwitchOverAsync(VmName vm, TimeSpan maxDowntime, CancellationToken cancellationToken)
    {
        var seen = await ObserveMigrationAsync(vm, cancellationToken);
        return !seen.IsOk ? seen.Fault
            : seen.Value.Phase == MigrationPhase.None ? default(Unit)
            : new HypervisorFault(FaultKind.Unsupported, Host, "xl decides by itself when the guest stops; there is nothing to release.");
    }

    public async Task<Result<Unit>> AbortMigrationAsync(VmName vm, CancellationToken cancellationToken)
    {
        var seen = await ReadAbortableAsync(vm, cancellationToken);
        if (!seen.IsOk)
        {
            return seen.Fault;
        }

        if (seen.Value.Job is null)
        {
            return JudgeAborted(seen.Value) ?? default(Unit);
        }

        var asked = await shell.RunAsync(XenMigrationScript.Abort(vm), cancellationToken);
        if (!asked.IsOk)
        {
            return asked.Fault;
        }

        switch (asked.Value.Output.Trim())
        {
            case "late":
                return new HypervisorFault(FaultKind.Refused, Host, $"The migration of '{vm}' is past the point at which {Host} could keep it: the guest may run at the destination.", "Wait for its end.");
            case "ended" or "none":
                break;
            default:
                return xl.Fault($"migrate {vm}, to be ended", asked.Value.Errors, Effect.Changes) with { Kind = FaultKind.UnknownOutcome, Advice = "Observe the VM on both hosts." };
        }

        for (var limit = time.GetTimestamp(); time.GetElapsedTime(limit) < AbortLimit;)
        {
            seen = await ReadAbortableAsync(vm, cancellationToken);
            if (seen is { IsOk: true, Value: { Job: null } sight })
            {
                return JudgeAborted(sight) ?? default(Unit);
            }

            await Task.Delay(AbortPause, time, cancellationToken);
        }

        return new HypervisorFault(
            FaultKind.UnknownOutcome, Host, $"The migration of '{vm}' was to be ended, but its processes have not gone within {AbortLimit.TotalSeconds:0} s.", "Observe the VM on both hosts.");
    }

    public async Task<Result<MigrationStatistics>> CompletedMigrationAsync(VmName vm, CancellationToken cancellationToken)
    {
        var seen = await reader.ReadVmAsync(vm, cancellationToken);
        return !seen.IsOk ? seen.Fault
            : seen.Value.IsAbsent ? Absent(vm)
            : new HypervisorFault(FaultKind.Unsupported, Host, "xl keeps no figures of migrations.");
    }

    private async Task<Result<DomainSight>> ReadAbortableAsync(VmName vm, CancellationToken cancellationToken)
    {
        var seen = await reader.ReadVmAsync(vm, cancellationToken);
        return seen is { IsOk: true, Value.IsAbsent: true } ? Absent(vm) : seen;
    }

    /// <summary>
    /// A guest that had just suspended itself stays so when xl dies over it. The destination was not told to start, but
    /// nobody may conclude that here without having looked there. Null for a VM of which no migration is left.
    /// </summary>
    private Result<Unit>? JudgeAborted(DomainSight seen) => seen.Observe(time.GetUtcNow()) is { State: VmState.Paused, StateReason: Libvirt.Answers.VmStates.Migrating }
        ? new HypervisorFault(
            FaultKind.UnknownOutcome, Host, $"VM '{seen.Vm}' is paused (migrating) without a job.", "If it runs on the destination, destroy it here; if the destination does not have it, resume it here.")
        : (Result<Unit>?)null;

    private async Task<HypervisorFault?> WhyNotToStartAsync(MigrationRequest request, CancellationToken cancellationToken)
    {
        var vm = request.Vm;
        if (WhatIsUnsupported(request) is { } what)
        {
            return new(FaultKind.Unsupported, Host, $"xl can't {what}.");
        }

        if (request.Destination == Host)
        {
            return new(FaultKind.Refused, Host, $"VM '{vm}' is on {Host} already.");
        }

        if (peers(request.Destination) is not { } destination)
        {
            return new(FaultKind.Refused, Host, $"VM '{vm}' cannot go to {request.Destination}: this host is not among the fleet's Xen hosts.");
        }

        var here = reader.ReadVmAsync(vm, cancellationToken);
        var there = destination.Hypervisor.ObserveVmAsync(vm, cancellationToken);
        await Task.WhenAll(here, there);
        if (!(await here).IsOk)
        {
            return (await here).Fault;
        }

        var sight = (await here).Value;
        var seen = sight.Observe(time.GetUtcNow());
        return sight.IsAbsent ? Absent(vm)
            : sight.Job is not null ? new(FaultKind.Refused, Host, $"A migration of VM '{vm}' is under way already.", "Wait for its end, or abort it.")
            : seen.State != VmState.Running ? new(FaultKind.Refused, Host, $"VM '{vm}' is {seen.State} ({seen.StateReason}); only a running VM migrates live.")
            : await there switch
            {
                { Fault.Kind: FaultKind.NotFound } => null,
                { IsOk: true, Value: var twin } => new(
                    FaultKind.Refused,
                    Host,
                    $"{request.Destination} has a VM '{vm}' already ({twin.State}, {twin.StateReason}).",
                    "If it is what an earlier migration left behind, and it is shut off, remove its definition there."),
                var lost => new(FaultKind.Refused, Host, $"VM '{vm}' cannot go to {request.Destination}: {lost.Fault!.Message}", lost.Fault.Advice),
            };
    }

    private static string? WhatIsUnsupported(MigrationRequest request) =>
        request.BandwidthMiBs is not null ? "limit the bandwidth of a migration"
        : request.AllowPostCopy ? "migrate by post-copy"
        : request.Compressed ? "send changed pages as differences"
        : request.Connections > 1 ? "send memory on several connections"
        : request.AutoConverge is not null ? "slow a guest down that writes too fast"
        : request.Stopped ? "migrate a guest that stands still"
        : null;
}
