using Runbooks.Fleet.Model;
using Runbooks.Hypervisors.Contract;

namespace Runbooks.Activities.Migration;

/// <summary>Where a VM that was to be moved is now, as both hosts just said.</summary>
public abstract record MigrationPlace
{
    private MigrationPlace()
    {
    }

    /// <summary>It runs on the destination. At the source there is at most a copy that does not run.</summary>
    /// <param name="PausedTwin">The source still holds a paused copy: a duplicate that must never be resumed.</param>
    public sealed record Moved(bool PausedTwin) : MigrationPlace;

    /// <summary>It runs at the source and the destination has nothing of it.</summary>
    public sealed record NotMoved : MigrationPlace;

    /// <summary>A job is moving it.</summary>
    public sealed record InFlight(MigrationProgress Progress) : MigrationPlace;

    /// <summary>Paused at the source without a job, and the destination has nothing: the copy failed at the last moment.</summary>
    public sealed record StoppedAtSource : MigrationPlace;

    /// <summary>It is being tidied up: the destination still has a half-arrived copy, and the guest runs at the source.</summary>
    public sealed record Settling(string Found) : MigrationPlace
    {
        /// <summary>The guest runs at the source without a job, so what is at the destination will never be started.</summary>
        public bool HalfCopyIsDead { get; init; }

        /// <summary>The guest stands still on both hosts without a job: what is at the destination may yet be started.</summary>
        public bool BothStandStill { get; init; }
    }

    /// <summary>A host can't be asked; nothing may be concluded.</summary>
    public sealed record Unclear(HypervisorFault Fault) : MigrationPlace
    {
        /// <summary>How long it took to find that out: a host whose libvirtd starts again says so at once, a lost one never.</summary>
        public TimeSpan Took { get; init; }

        /// <summary>
        /// Only the host that does not answer stands in the way: the guest stands still at the source, or runs at the
        /// destination, and the other host can't be asked whether it has a copy too. Switching it off and on again settles it.
        /// </summary>
        public bool SettledByFencing { get; init; }
    }

    /// <summary>The VM runs nowhere, or twice, or in a state that no rule covers.</summary>
    public sealed record Alarming(string Found) : MigrationPlace;
}

/// <summary>
/// Finds out where a VM is by looking at both hosts. A command's exit code says nothing about a migration; only the states
/// of both sides do.
/// </summary>
public static class MigrationObserver
{
    /// <summary>
    /// Reads the source's job and copy, then, unless the job simply goes on, the destination's copy. The order matters: a job
    /// that ends between the reads shows its result.
    /// </summary>
    public static async Task<MigrationPlace> LookAsync(IHypervisorDirectory hosts, VmName vm, HostName source, HostName destination, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(hosts);
        var (job, atSource) = await hosts.Hypervisor(source).ObserveMovingVmAsync(vm, cancellationToken);
        return GoesOn(job) ?? await JudgeWithPowerAsync(hosts, vm, (source, destination), job, atSource, await hosts.Hypervisor(destination).ObserveVmAsync(vm, cancellationToken), cancellationToken);
    }

    /// <summary>
    /// The same with both hosts at once, where the VM is expected to have moved: a guest that runs on the destination stays
    /// there. Anything else is looked at again in the order in which it can be believed.
    /// </summary>
    public static async Task<MigrationPlace> LookForArrivalAsync(IHypervisorDirectory hosts, VmName vm, HostName source, HostName destination, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(hosts);
        var there = hosts.Hypervisor(destination).ObserveVmAsync(vm, cancellationToken);
        var (job, atSource) = await hosts.Hypervisor(source).ObserveMovingVmAsync(vm, cancellationToken);
        return Judge(vm, job, atSource, await there) is MigrationPlace.Moved moved ? moved : await LookAsync(hosts, vm, source, destination, cancellationToken);
    }

    /// <summary>A job that is under way says all; a post-copy that has failed may have lost its other side.</summary>
    private static MigrationPlace.InFlight? GoesOn(Result<MigrationProgress> job) =>
        job is { IsOk: true, Value.Phase: not (MigrationPhase.None or MigrationPhase.PostCopyFailed) } ? new MigrationPlace.InFlight(job.Value) : null;

    /// <summary>Asks for the power of a host that does not answer: what is off runs nothing.</summary>
    private static async Task<MigrationPlace> JudgeWithPowerAsync(
        IHypervisorDirectory hosts,
        VmName vm,
        (HostName Source, HostName Destination) route,
        Result<MigrationProgress> job,
        Result<VmObservation> atSource,
        Result<VmObservation> atDestination,
        CancellationToken cancellationToken)
    {
        async Task<bool> IsOffAsync(HostName host, Result<VmObservation> seen) =>
            seen.Fault is { Kind: FaultKind.Unreachable } && await hosts.Power(host).ObserveAsync(cancellationToken) is { IsOk: true, Value: PowerState.Off };

        return Judge(vm, job, atSource, atDestination, await IsOffAsync(route.Source, atSource), await IsOffAsync(route.Destination, atDestination));
    }

    /// <summary>The rules. Pure, so that every combination can be tested.</summary>
    /// <param name="vm">The VM.</param>
    /// <param name="job">Its job at the source.</param>
    /// <param name="atSource">Its copy at the source.</param>
    /// <param name="atDestination">Its copy at the destination.</param>
    /// <param name="sourceIsOff">The source's power was just seen to be off.</param>
    /// <param name="destinationIsOff">The destination's power was just seen to be off.</param>
    public static MigrationPlace Judge(
        VmName vm,
        Result<MigrationProgress> job,
        Result<VmObservation> atSource,
        Result<VmObservation> atDestination,
        bool sourceIsOff = false,
        bool destinationIsOff = false)
    {
        ArgumentNullException.ThrowIfNull(job);
        ArgumentNullException.ThrowIfNull(atSource);
        ArgumentNullException.ThrowIfNull(atDestination);
        if (GoesOn(job) is { } goesOn)
        {
            return goesOn;
        }

        var source = Copy.Of(atSource, sourceIsOff);
        var destination = Copy.Of(atDestination, destinationIsOff);
        if (job is { IsOk: true, Value.Phase: MigrationPhase.PostCopyFailed })
        {
            return JudgePostCopy(vm, job.Value, source, destination);
        }

        if (!job.IsOk && job.Fault.Kind != FaultKind.NotFound && source is { Fault: null, Kind: not CopyKind.HostIsOff })
        {
            return new MigrationPlace.Unclear(job.Fault);
        }

        return (source.Kind, destination.Kind) switch
        {
            (_, CopyKind.PostCopy) when source.Fault is null => JudgeHalf(vm, source, destination),
            (CopyKind.PostCopy, _) when destination.Fault is null => new MigrationPlace.Settling($"VM {vm} is in post-copy: {source.Text} at the source, {destination.Text} at the destination."),
            (CopyKind.Running, CopyKind.Running) => new MigrationPlace.Alarming($"VM {vm} runs on both hosts. Stop one copy at once, after looking which one the users reach."),
            (CopyKind.Paused, CopyKind.Running) => new MigrationPlace.Alarming($"VM {vm} runs at the destination, and at the source there is a copy that somebody paused. Look at both; only one may ever run."),
            (_, CopyKind.Running) when source.Fault is null => new MigrationPlace.Moved(source.Kind == CopyKind.PausedByMigration),
            (CopyKind.Running, CopyKind.Absent or CopyKind.Off) => new MigrationPlace.NotMoved(),
            (CopyKind.Running, CopyKind.Paused or CopyKind.PausedByMigration) => new MigrationPlace.Settling($"VM {vm} runs at the source, and the destination still has a half-arrived copy.")
            {
                HalfCopyIsDead = destination.Kind == CopyKind.PausedByMigration,
            },
            (CopyKind.PausedByMigration, CopyKind.Absent) => new MigrationPlace.StoppedAtSource(),

            // What runs at the source is the VM, and what is off can't be a second one.
            (CopyKind.Running, CopyKind.HostIsOff) => new MigrationPlace.NotMoved(),

            // Off is not absent: the copy may have run there before, and then the source's memory is older than the VM's disk.
            (CopyKind.PausedByMigration, CopyKind.HostIsOff) => new MigrationPlace.Unclear(atDestination.Fault! with
            {
                Message = $"The host is off. Whether VM {vm} had begun to run there shows in its definitions, when it is on.",
                Advice = "Switch it on: the VM goes on at its source if the destination has nothing of it. If it can't be switched on, end the paused copy at the source and start the VM anew there.",
            })
            {
                SettledByFencing = true,
            },
            (CopyKind.PausedByMigration, CopyKind.Off) => new MigrationPlace.Alarming(
                $"VM {vm} stands still at the source, and at the destination, which has its definition, it is {destination.Text}: it may have run there, and then the memory at the source is older than its disk. Don't resume it: end the paused copy, undefine it at the destination, and start it anew."),
            (CopyKind.HostIsOff, CopyKind.Paused or CopyKind.PausedByMigration) => new MigrationPlace.Settling($"The source is off, and the destination still has a half-arrived copy of VM {vm}."),
            (CopyKind.PausedByMigration, CopyKind.Paused or CopyKind.PausedByMigration) => new MigrationPlace.Settling($"VM {vm} is paused on both hosts while the hypervisors agree.")
            {
                BothStandStill = destination.Kind == CopyKind.PausedByMigration,
            },
            _ when source.Fault is { } fault => new MigrationPlace.Unclear(fault) { SettledByFencing = destination.Kind == CopyKind.Running },
            _ when destination.Fault is { } fault => new MigrationPlace.Unclear(fault) { SettledByFencing = source.Kind == CopyKind.PausedByMigration },
            _ => new MigrationPlace.Alarming($"VM {vm} runs on neither host: {source.Text} at the source, {destination.Text} at the destination. Start it where it is defined, on one host only."),
        };
    }

    /// <summary>The connection of a post-copy is gone, as the source says. The source is never resumed, whatever the destination says.</summary>
    private static MigrationPlace JudgePostCopy(VmName vm, MigrationProgress job, Copy source, Copy destination) => destination.Kind switch
    {
        // Its last page has come: only the source's hypervisor has not heard of it.
        CopyKind.Running => new MigrationPlace.Moved(PausedTwin: true),
        CopyKind.PostCopy or CopyKind.Paused or CopyKind.PausedByMigration => new MigrationPlace.InFlight(job),
        CopyKind.NotKnown => new MigrationPlace.Unclear(destination.Fault!),
        _ => new MigrationPlace.Alarming(Lost(vm, source, destination)),
    };

    /// <summary>The destination lives on pages that come from the source.</summary>
    private static MigrationPlace JudgeHalf(VmName vm, Copy source, Copy destination) => source.Kind switch
    {
        CopyKind.Running => new MigrationPlace.Alarming($"VM {vm} runs on both hosts, at the destination on half of its memory ({destination.Text}). End the destination's copy, after looking which one the users reach."),

        // The last page has come, and the two hypervisors are about to say so.
        CopyKind.Off when source.Text.Contains("migrated", StringComparison.Ordinal) => new MigrationPlace.Settling($"VM {vm} has all of its memory at the destination, which has not noticed yet."),
        CopyKind.PostCopy or CopyKind.PausedByMigration => new MigrationPlace.Settling($"VM {vm} is in post-copy without a job that could be seen: {source.Text} at the source, {destination.Text} at the destination."),
        _ => new MigrationPlace.Alarming(Lost(vm, source, destination)),
    };

    private static string Lost(VmName vm, Copy source, Copy destination) =>
        $"VM {vm} was lost in post-copy: its memory was split between the hosts, and one half is gone ({source.Text} at the source, {destination.Text} at the destination). What the guest had in memory can't be had back; its disks are as after a power failure. End what is left of it on both hosts (virsh destroy {vm}), remove its definition at the destination (virsh undefine {vm}), and start it at the source (virsh start {vm}).";

    private enum CopyKind
    {
        NotKnown,

        /// <summary>Its host is off: nothing runs there now, and nobody can see what ran there.</summary>
        HostIsOff,
        Absent,
        Off,
        Running,
        Paused,

        /// <summary>Paused, and the hypervisor says that a migration did it.</summary>
        PausedByMigration,

        /// <summary>In post-copy: the source's copy holds pages that the destination's misses. Neither is whole.</summary>
        PostCopy,
    }

    private sealed record Copy(CopyKind Kind, string Text, HypervisorFault? Fault)
    {
        public static Copy Of(Result<VmObservation> seen, bool hostIsOff) => seen switch
        {
            { IsOk: false } when hostIsOff => new Copy(CopyKind.HostIsOff, "its host is off", null),
            { IsOk: true, Value: var vm } => new Copy(KindOf(vm), $"{vm.State} ({vm.StateReason})", null),
            { Fault: { Kind: FaultKind.NotFound } } => new Copy(CopyKind.Absent, "absent", null),
            _ => new Copy(CopyKind.NotKnown, "not known", seen.Fault),
        };

        private static CopyKind KindOf(VmObservation vm) => vm.State switch
        {
            VmState.Running or VmState.Paused when vm.StateReason.StartsWith("post-copy", StringComparison.Ordinal) => CopyKind.PostCopy,
            VmState.Running => CopyKind.Running,
            VmState.Paused when vm.StateReason.Contains("migrat", StringComparison.OrdinalIgnoreCase) => CopyKind.PausedByMigration,
            VmState.Paused => CopyKind.Paused,
            VmState.ShutOff or VmState.Crashed => CopyKind.Off,
            _ => CopyKind.NotKnown,
        };
    }
}
