using Runbooks.Fleet.Model;
using Runbooks.Hypervisors.Contract;
using Runbooks.Hypervisors.Libvirt.Answers;
using Runbooks.Hypervisors.Ssh;

namespace Runbooks.Hypervisors.Libvirt;

/// <content>What can be changed about a migration that is under way, and what can be learnt before it starts.</content>
internal sealed partial class LibvirtHypervisor
{

    private static readonly TimeSpan MeasurePause = TimeSpan.FromMilliseconds(100);

    /// <summary>Beyond the window: starting the measurement and reading its result on a busy host.</summary>
    private static readonly TimeSpan MeasureSlack = TimeSpan.FromSeconds(10);

    public Task<Result<Unit>> SetMigrationBandwidthAsync(VmName vm, int mibPerSecond, CancellationToken cancellationToken) =>
        virsh.ChangeAsync(["migrate-setspeed", vm.Value, $"{mibPerSecond}"], cancellationToken);

    public async Task<Result<Unit>> SwitchToPostCopyAsync(VmName vm, CancellationToken cancellationToken)
    {
        var asked = await virsh.ChangeAsync(["migrate-postcopy", vm.Value], cancellationToken);
        if (asked.IsOk || asked.Fault.Kind is FaultKind.Unreachable or FaultKind.HostKeyRejected)
        {
            return asked;
        }

        // What it answered says less than what is seen: the guest has left, or it has not.
        var seen = await ReadJobAsync(vm, cancellationToken);
        return seen is { IsOk: true, Value.Reason: VmStates.PostCopy or VmStates.PostCopyFailed or VmStates.Migrated } ? default(Unit) : asked;
    }

    /// <remarks>QEMU finishes by itself when only the supervision was lost or its connection comes back, and refuses to be recovered meanwhile.</remarks>
    public async Task<Result<PostCopyRecovery>> RecoverPostCopyAsync(MigrationRequest request, CancellationToken cancellationToken)
    {
        if (peers(request.Destination) is not { } destination)
        {
            return new HypervisorFault(FaultKind.Refused, Host, $"VM '{request.Vm}' cannot go to {request.Destination}: this host is not among the fleet's libvirt hosts.");
        }

        var before = await ReadJobAsync(request.Vm, cancellationToken);
        if (before is not { IsOk: true, Value.Reason: VmStates.PostCopyFailed })
        {
            return before.IsOk ? PostCopyRecovery.Asked : before.Fault;
        }

        var answer = await shell.RunAsync(MigrationScript.Resume(host, destination.Host.MigrationUri, request), cancellationToken);
        if (!answer.IsOk)
        {
            return answer.Fault;
        }

        var said = MigrationScript.Read(answer.Value.Output);
        if (said.Errors is null)
        {
            return PostCopyRecovery.Asked;
        }

        if (said.Errors.Contains("migration is still running", StringComparison.Ordinal))
        {
            return PostCopyRecovery.HeldAlive;
        }

        return Virsh.Fault(Host, $"migrate --postcopy-resume {request.Vm}", said.Errors, Effect.Changes) with { Kind = FaultKind.UnknownOutcome, Advice = "Observe the VM on both hosts." };
    }

    /// <remarks>
    /// QEMU's migrate-pause. libvirt asks the destination for the new connection in a way that its QEMU can answer only while
    /// nothing in it waits for a page of the guest; else that question, and libvirt with it, waits for ever.
    /// </remarks>
    public Task<Result<Unit>> BreakPostCopyAsync(VmName vm, CancellationToken cancellationToken) =>
        virsh.ChangeAsync(["domjobabort", vm.Value, "--postcopy"], cancellationToken);

    public async Task<Result<DirtyRate>> MeasureDirtyRateAsync(VmName vm, TimeSpan window, CancellationToken cancellationToken)
    {
        // libvirt takes whole seconds from 1 to 60.
        var seconds = (int)Math.Clamp(Math.Ceiling(window.TotalSeconds), 1, 60);
        var started = await virsh.ChangeAsync(["domdirtyrate-calc", vm.Value, "--seconds", $"{seconds}"], cancellationToken);
        if (!started.IsOk)
        {
            return started.Fault;
        }

        var begin = time.GetTimestamp();
        await Task.Delay(TimeSpan.FromSeconds(seconds), time, cancellationToken);
        var command = $"domstats --nowait --dirtyrate {vm.Value}";
        while (true)
        {
            var answer = await virsh.ReadAsync(command, cancellationToken);
            if (!answer.IsOk)
            {
                return answer.Fault;
            }

            const int Measured = 2;
            var figures = Figures.Read(answer.Value.Output.Split('\n'), '=');
            if (figures.Find("dirtyrate.calc_status") == Measured && figures.Find("dirtyrate.megabytes_per_second") is { } rate)
            {
                return new DirtyRate(TimeSpan.FromSeconds(seconds), rate * 1024 * 1024);
            }

            if (time.GetElapsedTime(begin) > TimeSpan.FromSeconds(seconds) + MeasureSlack)
            {
                return Virsh.BadAnswer(Host, command, "there is no result of the measurement that was started");
            }

            await Task.Delay(MeasurePause, time, cancellationToken);
        }
    }
}
