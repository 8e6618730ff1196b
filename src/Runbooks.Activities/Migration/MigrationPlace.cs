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
    public sealed record Unclear(HypervisorFault Fault) : MigrationPlace;

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
    /// Reads the source's job, then both copies. The order matters: a job that ends between the reads shows its result.
    /// </summary>
    public static async Task<MigrationPlace> LookAsync(IHypervisorDirectory hosts, VmName vm, HostName source, HostName destination, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(hosts);
        var from = hosts.Hypervisor(source);
        var job = await from.ObserveMigrationAsync(vm, cancellationToken);
        var atSource = await from.ObserveVmAsync(vm, cancellationToken);
        var atDestination = await hosts.Hypervisor(destination).ObserveVmAsync(vm, cancellationToken);
        return Judge(vm, job, atSource, atDestination);
    }

    /// <summary>The rules. Pure, so that every combination can be tested.</summary>
    public static MigrationPlace Judge(VmName vm, Result<MigrationProgress> job, Result<VmObservation> atSource, Result<VmObservation> atDestination)
    {
        ArgumentNullException.ThrowIfNull(job);
        ArgumentNullException.ThrowIfNull(atSource);
        ArgumentNullException.ThrowIfNull(atDestination);
        if (job is { IsOk: true, Value.Phase: not MigrationPhase.None })
        {
            return new MigrationPlace.InFlight(job.Value);
        }

        var source = Copy.Of(atSource);
        var destination = Copy.Of(atDestination);
        if (!job.IsOk && job.Fault.Kind != FaultKind.NotFound && source.Fault is null)
        {
            return new MigrationPlace.Unclear(job.Fault);
        }

        return (source.Kind, destination.Kind) switch
        {
            (CopyKind.Running, CopyKind.Running) => new MigrationPlace.Alarming($"VM {vm} runs on both hosts. Stop one copy at once, after looking which one the users reach."),
            (CopyKind.Paused, CopyKind.Running) => new MigrationPlace.Alarming($"VM {vm} runs at the destination, and at the source there is a copy that somebody paused. Look at both; only one may ever run."),
            (_, CopyKind.Running) when source.Fault is null => new MigrationPlace.Moved(source.Kind == CopyKind.PausedByMigration),
            (CopyKind.Running, CopyKind.Absent or CopyKind.Off) => new MigrationPlace.NotMoved(),
            (CopyKind.Running, CopyKind.Paused or CopyKind.PausedByMigration) => new MigrationPlace.Settling($"VM {vm} runs at the source, and the destination still has a half-arrived copy.")
            {
                HalfCopyIsDead = destination.Kind == CopyKind.PausedByMigration,
            },
            (CopyKind.PausedByMigration, CopyKind.Absent) => new MigrationPlace.StoppedAtSource(),
            (CopyKind.PausedByMigration, CopyKind.Paused or CopyKind.PausedByMigration) => new MigrationPlace.Settling($"VM {vm} is paused on both hosts while the hypervisors agree.")
            {
                BothStandStill = destination.Kind == CopyKind.PausedByMigration,
            },
            _ when source.Fault is { } fault => new MigrationPlace.Unclear(fault),
            _ when destination.Fault is { } fault => new MigrationPlace.Unclear(fault),
            _ => new MigrationPlace.Alarming($"VM {vm} runs on neither host: {source.Text} at the source, {destination.Text} at the destination."),
        };
    }

    private enum CopyKind
    {
        NotKnown,
        Absent,
        Off,
        Running,
        Paused,

        /// <summary>Paused, and the hypervisor says that a migration did it.</summary>
        PausedByMigration,
    }

    private sealed record Copy(CopyKind Kind, string Text, HypervisorFault? Fault)
    {
        public static Copy Of(Result<VmObservation> seen) => seen switch
        {
            { IsOk: true, Value: var vm } => new Copy(KindOf(vm), $"{vm.State} ({vm.StateReason})", null),
            { Fault: { Kind: FaultKind.NotFound } } => new Copy(CopyKind.Absent, "absent", null),
            _ => new Copy(CopyKind.NotKnown, "not known", seen.Fault),
        };

        private static CopyKind KindOf(VmObservation vm) => vm.State switch
        {
            VmState.Running => CopyKind.Running,
            VmState.Paused when vm.StateReason.Contains("migrat", StringComparison.OrdinalIgnoreCase) => CopyKind.PausedByMigration,
            VmState.Paused => CopyKind.Paused,
            VmState.ShutOff or VmState.Crashed => CopyKind.Off,
            _ => CopyKind.NotKnown,
        };
    }
}
