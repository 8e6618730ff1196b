using Runbooks.Fleet.Model;
using Runbooks.Hypervisors.Contract;
using Runbooks.Hypervisors.Libvirt.Answers;
using Runbooks.Hypervisors.Ssh;

namespace Runbooks.Hypervisors.Libvirt;

/// <summary>A VM and its job, seen together.</summary>
internal sealed record JobSight(VmState State, string Reason, JobFigures Job)
{
    /// <summary>libvirt says so many MiB per second when there is no limit, or more.</summary>
    private const long NoLimit = 1L << 30;

    /// <summary>How long the job may let the guest stand still, ms, and its limit of bandwidth, MiB/s; null when not read.</summary>
    public (long? DowntimeMs, long? BandwidthMiBs) Limits { get; init; }

    /// <summary>
    /// The job as the contract tells of it. A post-copy that has failed is one whether libvirt still has a job for it or, after
    /// a restart, not: the pages that are missing at the destination are here.
    /// </summary>
    public MigrationProgress Progress() => (State, Reason) switch
    {
        (VmState.Paused, VmStates.PostCopyFailed) => In(MigrationPhase.PostCopyFailed),
        _ when Job is not { IsActive: true, IsMigrationOut: true } => MigrationProgress.NoJob,
        (VmState.Paused, VmStates.PostCopy) => In(MigrationPhase.PostCopy),
        (VmState.Paused, _) => In(MigrationPhase.StopAndCopy),
        _ => In(MigrationPhase.PreCopy),
    };

    private MigrationProgress In(MigrationPhase phase) => Job.Progress(phase) with
    {
        AllowedDowntime = Limits.DowntimeMs is { } downtime ? TimeSpan.FromMilliseconds(downtime) : null,
        BandwidthLimitMiBs = Limits.BandwidthMiBs is > 0 and < NoLimit and var limit ? (int)limit : null,
    };

    public static Result<JobSight> Read(HostName host, string what, VmState state, string reason, string[] job, string errors)
    {
        if (job.Length > 0)
        {
            return JobFigures.TryRead(job, out var figures, out var problem)
                ? new JobSight(state, reason, figures)
                : Virsh.BadAnswer(host, what, problem);
        }

        // libvirt has no answer for a VM that is off, and none on the host to which a VM is on its way.
        return errors.Contains("domain is not running", StringComparison.Ordinal)
            ? new JobSight(state, reason, new JobFigures(JobType.None, Figures.Read([], ':')))
            : errors.Contains("only on the source host", StringComparison.Ordinal)
                ? new HypervisorFault(FaultKind.Refused, host, "This VM is on its way to this host; only its source tells of the job.", "Ask the source.")
                : Virsh.Fault(host, what, errors, Effect.Reads);
    }
}

/// <summary>How an abort has ended, judged by what is seen on the source alone.</summary>
internal static class AbortJudge
{
    /// <summary>Null while a job that can be ended still runs.</summary>
    public static Result<Unit>? Judge(HostName host, VmName vm, JobSight seen) => seen switch
    {
        { Reason: VmStates.PostCopy or VmStates.PostCopyFailed } => new HypervisorFault(
            FaultKind.Refused, host, $"The migration of '{vm}' is in post-copy: the guest runs on the destination.", "Wait for its end; there is no way back."),
        { State: VmState.ShutOff, Reason: VmStates.Migrated } => new HypervisorFault(
            FaultKind.Refused, host, $"The migration of '{vm}' has ended: the guest runs on the destination."),
        { Job: { IsActive: true, IsMigrationOut: false } } => new HypervisorFault(
            FaultKind.Refused, host, $"The job on '{vm}' is not a migration away from here; it is left alone."),
        { Job.IsActive: true } => null,

        // Both a migration that failed just before its end and one that succeeded just before our source noticed look
        // like this. Only the destination can tell.
        { State: VmState.Paused, Reason: VmStates.Migrating } => new HypervisorFault(
            FaultKind.UnknownOutcome, host, $"VM '{vm}' is paused (migrating) without a job.", "If it runs on the destination, destroy it here; if the destination does not have it, resume it here."),
        _ => (Result<Unit>)default(Unit),
    };
}
