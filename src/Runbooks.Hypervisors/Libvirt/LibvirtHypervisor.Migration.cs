using Runbooks.Fleet.Model;
using Runbooks.Hypervisors.Contract;
using Runbooks.Hypervisors.Libvirt.Answers;
using Runbooks.Hypervisors.Linux;
using Runbooks.Hypervisors.Ssh;

namespace Runbooks.Hypervisors.Libvirt;

/// <content>Live migration, seen and steered from its source.</content>
internal sealed partial class LibvirtHypervisor
{
    // QEMU gives up a migration within a second of being told; a source that hangs on a dead link needs a little more.
    private static readonly TimeSpan AbortLimit = TimeSpan.FromSeconds(20);

    /// <summary>A guest that stood still during its copy is let go on a moment after its job has ended; before that it looks stranded.</summary>
    private static readonly TimeSpan Resuming = TimeSpan.FromSeconds(3);

    private static readonly TimeSpan AbortPause = TimeSpan.FromMilliseconds(100);

    public async Task<Result<Unit>> StartMigrationAsync(MigrationRequest request, CancellationToken cancellationToken)
    {
        if (await WhyNotToStartAsync(request, cancellationToken) is { } reason)
        {
            return reason;
        }

        var destination = peers(request.Destination)!.Value.Host;
        var answer = await shell.RunAsync(MigrationScript.Command(host, destination.MigrationUri, request), cancellationToken);
        if (!answer.IsOk)
        {
            return answer.Fault;
        }

        var said = MigrationScript.Read(answer.Value.Output);
        if (said.Started)
        {
            return default(Unit);
        }

        if (said.Errors is null)
        {
            return new HypervisorFault(
                FaultKind.UnknownOutcome, Host, $"The migration of '{request.Vm}' to {request.Destination} was started, but no job is seen yet. {answer.Value.Errors}".Trim(), "Observe the VM on both hosts.");
        }

        // virsh gave up. Only a VM that runs here without a job proves that nothing happened.
        var fault = Virsh.Fault(Host, $"migrate {request.Vm}", said.Errors, Effect.Changes);
        var seen = await ReadJobAsync(request.Vm, cancellationToken);
        return seen.IsOk && seen.Value is { State: VmState.Running, Job.IsActive: false }
            ? fault with { Kind = FaultKind.Refused }
            : fault with { Kind = FaultKind.UnknownOutcome, Advice = "Observe the VM on both hosts." };
    }

    public async Task<Result<MigrationProgress>> ObserveMigrationAsync(VmName vm, CancellationToken cancellationToken)
    {
        var seen = await ReadJobAsync(vm, cancellationToken);
        return seen.Map(s => s.Progress());
    }

    /// <remarks>One call: each costs a connection's round trip and a start of virsh.</remarks>
    public async Task<(Result<MigrationProgress> Job, Result<VmObservation> Vm)> ObserveMovingVmAsync(VmName vm, CancellationToken cancellationToken)
    {
        Result<JobSight>? job = null;
        var seen = await reader.ReadVmAsync(vm, JobParts(vm), (parts, errors) => job = JobIn(vm, parts, errors), cancellationToken);
        return ((job ?? seen.Fault!).Map(s => s.Progress()), seen);
    }

    public async Task<Result<Unit>> ReleaseSwitchOverAsync(VmName vm, TimeSpan maxDowntime, CancellationToken cancellationToken)
    {
        var milliseconds = Math.Max(1, (long)maxDowntime.TotalMilliseconds);
        var released = await virsh.ChangeAsync(["migrate-setmaxdowntime", vm.Value, $"{milliseconds}"], cancellationToken);
        if (released.IsOk || released.Fault.Kind is FaultKind.Unreachable or FaultKind.HostKeyRejected)
        {
            return released;
        }

        var job = await ObserveMigrationAsync(vm, cancellationToken);
        return job.IsOk && job.Value.Phase == MigrationPhase.None ? default(Unit) : released;
    }

    public async Task<Result<Unit>> AbortMigrationAsync(VmName vm, CancellationToken cancellationToken)
    {
        var seen = await ReadJobAsync(vm, cancellationToken);
        if (!seen.IsOk)
        {
            return seen.Fault;
        }

        if (AbortJudge.Judge(Host, vm, seen.Value) is { } settled)
        {
            return settled;
        }

        // What it answers is not looked at: the state afterwards says how it ended.
        var asked = await virsh.ChangeAsync(["domjobabort", vm.Value], cancellationToken);
        for (var limit = time.GetTimestamp(); time.GetElapsedTime(limit) < AbortLimit;)
        {
            seen = await ReadJobAsync(vm, cancellationToken);
            if (seen.IsOk && AbortJudge.Judge(Host, vm, seen.Value) is { } ended && (ended.IsOk || ended.Fault.Kind != FaultKind.UnknownOutcome || time.GetElapsedTime(limit) >= Resuming))
            {
                return ended;
            }

            await Task.Delay(AbortPause, time, cancellationToken);
        }

        var why = asked.IsOk ? "libvirt accepted the request" : asked.Fault.Message;
        return new HypervisorFault(
            FaultKind.UnknownOutcome, Host, $"The migration of '{vm}' was to be ended ({why}), but its job has not ended within {AbortLimit.TotalSeconds:0} s.", "Observe the VM on both hosts.");
    }

    public async Task<Result<MigrationStatistics>> CompletedMigrationAsync(VmName vm, CancellationToken cancellationToken)
    {
        var command = $"domjobinfo --completed --keep-completed --rawstats {vm.Value}";
        var answer = await virsh.ReadAsync(command, cancellationToken);
        if (!answer.IsOk)
        {
            return answer.Fault;
        }

        string[] lines = [.. answer.Value.Output.Split('\n').Where(l => l.Trim().Length > 0)];
        return !JobFigures.TryRead(lines, out var job, out var problem) ? Virsh.BadAnswer(Host, command, problem)
            : job.Statistics() is { } statistics ? statistics
            : new HypervisorFault(FaultKind.NotFound, Host, $"There are no figures of a finished migration of '{vm}' here.");
    }

    private async Task<HypervisorFault?> WhyNotToStartAsync(MigrationRequest request, CancellationToken cancellationToken)
    {
        var vm = request.Vm;
        if (request.Destination == Host)
        {
            return new(FaultKind.Refused, Host, $"VM '{vm}' is on {Host} already.");
        }

        if (peers(request.Destination) is not { } destination)
        {
            return new(FaultKind.Refused, Host, $"VM '{vm}' cannot go to {request.Destination}: this host is not among the fleet's libvirt hosts.");
        }

        var here = ReadJobAsync(vm, cancellationToken);
        var there = destination.Hypervisor.ObserveVmAsync(vm, cancellationToken);
        await Task.WhenAll(here, there);
        if (!(await here).IsOk)
        {
            return (await here).Fault;
        }

        var (state, reason, job) = (await here).Value;
        return job.IsActive ? new(FaultKind.Refused, Host, $"A job runs on VM '{vm}' already.", "Wait for its end, or abort it.")
            : state != VmState.Running ? new(FaultKind.Refused, Host, $"VM '{vm}' is {state} ({reason}); only a running VM migrates live.")
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

    /// <summary>The VM's state and its job, read in one call.</summary>
    private async Task<Result<JobSight>> ReadJobAsync(VmName vm, CancellationToken cancellationToken)
    {
        var answer = await virsh.ReadAsync(Sections.Script(JobParts(vm)), cancellationToken);
        return !answer.IsOk ? answer.Fault
            : Sections.TrySplit(answer.Value.Output, out var parts, out var problem, "job", "state") ? JobIn(vm, parts, answer.Value.Errors)
            : Virsh.BadAnswer(Host, JobCommands(vm), problem);
    }

    private static string JobCommands(VmName vm) => $"domstats {vm}, domjobinfo {vm}";

    /// <summary>The job comes before the state: one that ends in between shows how.</summary>
    private static (string Name, string Command)[] JobParts(VmName vm) =>
    [
        ("job", $"domjobinfo --rawstats {vm.Value}"),
        ("state", $"domstats --nowait --state {vm.Value}"),
        ("downtime", $"migrate-getmaxdowntime {vm.Value}"),
        ("speed", $"migrate-getspeed {vm.Value}"),
    ];

    private Result<JobSight> JobIn(VmName vm, Dictionary<string, string[]> parts, string errors)
    {
        var state = Figures.Read(parts["state"], '=');
        if (state.Missing("state.state", "state.reason").Any())
        {
            return errors.Length > 0
                ? Virsh.Fault(Host, JobCommands(vm), errors, Effect.Reads)
                : Virsh.BadAnswer(Host, JobCommands(vm), "there is no state");
        }

        var (vmState, reason) = VmStates.Of(state.OrZero("state.state"), state.OrZero("state.reason"));
        return JobSight.Read(Host, JobCommands(vm), vmState, reason, parts["job"], errors)
            .Map(s => s with { Limits = (Figures.Alone(parts.GetValueOrDefault("downtime")), Figures.Alone(parts.GetValueOrDefault("speed"))) });
    }
}
