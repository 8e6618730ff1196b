using Runbooks.Fleet.Model;
using Runbooks.Hypervisors.Contract;

namespace Runbooks.Hypervisors.Simulated;

/// <summary>The requests of the contract, as points at which a fault can be injected.</summary>
public enum SimulatedOperation
{
    Observe,
    ObserveVm,
    Start,
    ShutDown,
    Resume,
    Destroy,
    Undefine,
    StartMigration,
    ObserveMigration,
    ReleaseSwitchOver,
    AbortMigration,
    CompletedMigration,
    ObserveSize,
    SetVcpus,
    SetMemory,
    ObserveNetworks,
    ReadInterfaces,
    CreateNetwork,
    RetireNetwork,
    RemoveNetwork,
    Announce,
    ReadNeeds,
    ReadOffer,
    TryPeer,
    PowerObserve,
    PowerOn,
    PowerOff,
    SetMigrationBandwidth,
    SwitchToPostCopy,
    RecoverPostCopy,
    Suspend,
    MeasureDirtyRate,
    AskGuest,
    ReadDefinition,
    Define,
    ReplaceDefinition,
    LookAtFiles,
    MarkFolder,
    StartCopy,
    ObserveCopy,
    EndCopy,
    LookForCopy,
    RemoveCopy,
    KeepCopy,
    DeleteFile,
}

/// <summary>What is known of the requests.</summary>
public static class SimulatedOperations
{
    /// <summary>True for a request that changes a host, or the network around it; false for one that only looks.</summary>
    public static bool Changes(this SimulatedOperation operation) => operation is not (
        SimulatedOperation.Observe
        or SimulatedOperation.ObserveVm
        or SimulatedOperation.ObserveMigration
        or SimulatedOperation.CompletedMigration
        or SimulatedOperation.AskGuest
        or SimulatedOperation.MeasureDirtyRate
        or SimulatedOperation.ObserveSize
        or SimulatedOperation.ObserveNetworks
        or SimulatedOperation.ReadInterfaces
        or SimulatedOperation.ReadNeeds
        or SimulatedOperation.ReadOffer
        or SimulatedOperation.TryPeer
        or SimulatedOperation.ReadDefinition
        or SimulatedOperation.LookAtFiles
        or SimulatedOperation.ObserveCopy
        or SimulatedOperation.LookForCopy
        or SimulatedOperation.PowerObserve);
}

/// <summary>Whether the request is about to take effect, or has taken effect and is about to be answered.</summary>
public enum OperationPhase
{
    Before,
    After,
}

/// <summary>One passage of a request through the driver.</summary>
public sealed record OperationPoint(HostName Host, SimulatedOperation Operation, VmName? Vm, OperationPhase Phase);

/// <summary>What an injected fault does to a request.</summary>
public enum FaultEffect
{
    /// <summary>The request has no effect and is answered with a fault that says so.</summary>
    FailBefore,

    /// <summary>The request takes effect and is answered with <see cref="FaultKind.UnknownOutcome"/>.</summary>
    DoThenUnknown,

    /// <summary>The request has no effect and is answered with <see cref="FaultKind.UnknownOutcome"/>: the other half of not knowing.</summary>
    SkipThenUnknown,

    /// <summary>The request has no effect and no answer comes until the caller gives up.</summary>
    HangUntilCancelled,

    /// <summary>The request takes effect and no answer comes until the caller gives up.</summary>
    DoThenHang,
}

/// <summary>A fault that waits for a request.</summary>
/// <param name="Effect">What it does.</param>
/// <param name="Operation">To which request; null for any.</param>
/// <param name="Host">On which host; null for any.</param>
/// <param name="Vm">For which VM; null for any.</param>
/// <param name="Skip">Matching requests that pass unharmed first.</param>
/// <param name="Count">Matching requests that it then strikes.</param>
/// <param name="Kind">How <see cref="FaultEffect.FailBefore"/> answers.</param>
public sealed record OperationFault(
    FaultEffect Effect,
    SimulatedOperation? Operation = null,
    HostName? Host = null,
    VmName? Vm = null,
    int Skip = 0,
    int Count = 1,
    FaultKind Kind = FaultKind.Unreachable);

/// <summary>What may go wrong in the course of a migration. What is left behind follows what real hosts leave behind.</summary>
public enum MigrationMishap
{
    /// <summary>The process of the arriving guest dies: the VM runs on at the source, nothing is left at the destination.</summary>
    DestinationGuestDies,

    /// <summary>The destination loses power: the VM runs on at the source.</summary>
    DestinationHostDies,

    /// <summary>The source's guest process dies: shut off (crashed) at the source, nothing at the destination.</summary>
    SourceGuestDies,

    /// <summary>The source loses power: nothing runs; shut off at the source once it is on again.</summary>
    SourceHostDies,

    /// <summary>The source's hypervisor service restarts and cancels the job: the VM runs on at the source.</summary>
    JobIsLost,

    /// <summary>
    /// The supervision dies after the copy and before the finish: source <c>paused (migrating)</c> without a job,
    /// destination empty. Nothing runs until somebody resumes the source.
    /// </summary>
    StrandedBeforeCommit,

    /// <summary>
    /// The supervision dies after the finish: source <c>paused (migrating)</c> without a job, destination running. The
    /// source looks the same as in <see cref="StrandedBeforeCommit"/>; resuming it would run the VM twice.
    /// </summary>
    StrandedAfterCommit,
}

/// <summary>A mishap that waits for a migration.</summary>
/// <param name="Mishap">What happens; the two strandings happen at the end of the copy whatever <paramref name="At"/> says.</param>
/// <param name="Vm">To the migration of which VM; null for any.</param>
/// <param name="At">In which phase, at its middle.</param>
/// <param name="Round">In pre-copy: in this round or the first later one that is met.</param>
public sealed record MigrationFault(
    MigrationMishap Mishap,
    VmName? Vm = null,
    MigrationPhase At = MigrationPhase.PreCopy,
    int Round = 1);

/// <summary>
/// The faults that wait in a simulated fleet. Safe for concurrent use; not saved with the world.
/// </summary>
public sealed class Faults
{
    private readonly Lock gate = new();
    private readonly List<Waiting> operations = [];
    private readonly List<MigrationFault> migrations = [];

    /// <summary>
    /// Called at every passage of every request, outside any lock. What it throws comes out of the request: that is how a
    /// test ends an engine at exactly this point.
    /// </summary>
    public Func<OperationPoint, CancellationToken, ValueTask>? OnOperation { get; set; }

    public void Add(OperationFault fault)
    {
        lock (gate)
        {
            operations.Add(new Waiting(fault));
        }
    }

    public void Add(MigrationFault fault)
    {
        lock (gate)
        {
            migrations.Add(fault);
        }
    }

    public void Clear()
    {
        lock (gate)
        {
            operations.Clear();
            migrations.Clear();
        }
    }

    internal OperationFault? Take(HostName host, SimulatedOperation operation, VmName? vm)
    {
        lock (gate)
        {
            foreach (var waiting in operations.Where(w => w.Matches(host, operation, vm)))
            {
                if (waiting.Strikes())
                {
                    return waiting.Fault;
                }
            }

            return null;
        }
    }

    internal MigrationFault? Take(MigrationState migration)
    {
        lock (gate)
        {
            var found = migrations.Find(f =>
                (f.Vm is null || f.Vm == migration.Vm) && (IsStranding(f.Mishap)
                    ? migration.Phase == MigrationPhase.StopAndCopy
                    : f.At == migration.Phase && (f.At != MigrationPhase.PreCopy || migration.Round >= f.Round)));
            if (found is not null)
            {
                migrations.Remove(found);
            }

            return found;
        }
    }

    private static bool IsStranding(MigrationMishap mishap) =>
        mishap is MigrationMishap.StrandedBeforeCommit or MigrationMishap.StrandedAfterCommit;

    private sealed class Waiting(OperationFault fault)
    {
        private int skip = fault.Skip;
        private int count = fault.Count;

        public OperationFault Fault => fault;

        public bool Matches(HostName host, SimulatedOperation operation, VmName? vm) =>
            count > 0
            && (fault.Operation is null || fault.Operation == operation)
            && (fault.Host is null || fault.Host == host)
            && (fault.Vm is null || fault.Vm == vm);

        public bool Strikes()
        {
            if (skip > 0)
            {
                skip--;
                return false;
            }

            count--;
            return true;
        }
    }
}
