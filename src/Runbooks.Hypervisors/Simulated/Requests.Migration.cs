using Runbooks.Fleet.Model;
using Runbooks.Hypervisors.Contract;

namespace Runbooks.Hypervisors.Simulated;

/// <content>How a job begins, and what may be asked of one that is under way.</content>
internal sealed partial class Requests
{
    public Result<Unit> SetMigrationBandwidth(VmName vm, int mibPerSecond)
    {
        if (host.Find(vm) is null)
        {
            return Missing(vm);
        }

        if (mibPerSecond < 1)
        {
            return Refused($"A bandwidth of {mibPerSecond} MiB/s is not one.");
        }

        if (JobFrom(vm) is { } job)
        {
            job.LimitMiBs = mibPerSecond;
            job.Change(world.Now, () => job.BandwidthMiBs = Wire(mibPerSecond));
        }

        return default(Unit);
    }

    public Result<Unit> SwitchToPostCopy(VmName vm)
    {
        if (host.Find(vm) is not { } guest)
        {
            return Missing(vm);
        }

        if (guest is { State: VmState.ShutOff, Reason: "migrated" } || JobFrom(vm) is { Phase: MigrationPhase.PostCopy or MigrationPhase.PostCopyFailed })
        {
            return default(Unit);
        }

        if (JobFrom(vm) is not { } job)
        {
            return Refused($"VM '{vm}' has no migration that could be switched to post-copy.");
        }

        if (!job.AllowPostCopy)
        {
            return Refused($"The migration of VM '{vm}' was not started with post-copy allowed.");
        }

        WorldChanges.BeginPostCopy(world, job);
        return default(Unit);
    }

    public Result<PostCopyRecovery> RecoverPostCopy(MigrationRequest request)
    {
        if (host.Find(request.Vm) is null)
        {
            return Missing(request.Vm);
        }

        if (JobFrom(request.Vm) is { Phase: MigrationPhase.PostCopyFailed } job)
        {
            if (host.Cut || world.Host(job.Destination) is { Cut: true } or { Power: not PowerState.On } || world.Host(job.Destination).Find(request.Vm) is not { HoldsMemory: true })
            {
                return Refused($"The destination '{job.Destination}' does not go on with VM '{request.Vm}'.");
            }

            WorldChanges.RecoverPostCopy(world, job);
        }

        return PostCopyRecovery.Asked;
    }

    public Result<Unit> Suspend(VmName vm)
    {
        if (host.Find(vm) is not { } guest)
        {
            return Missing(vm);
        }

        if (guest.State == VmState.Paused)
        {
            return default(Unit);
        }

        if (guest.State != VmState.Running)
        {
            return Refused($"VM '{vm}' is {guest.State}; only a running guest can be made to stand still.");
        }

        var job = JobFrom(vm);
        job?.Change(world.Now, () => job.Suspended = true);
        guest.Become(VmState.Paused, job is null ? "user" : "migrating");
        return default(Unit);
    }

    public Result<DirtyRate> MeasureDirtyRate(VmName vm, TimeSpan window) =>
        host.Find(vm) is not { } guest ? Missing(vm)
        : guest.State != VmState.Running ? Refused($"VM '{vm}' is {guest.State}; it writes nothing.")
        : new DirtyRate(window, (long)(Math.Min(guest.DirtyMiBs * window.TotalSeconds, guest.WorkingSetMiB) / window.TotalSeconds * 1024 * 1024));

    private MigrationState Begin(MigrationRequest request, GuestState guest)
    {
        var job = new MigrationState
        {
            Vm = guest.Name,
            Source = host.Name,
            Destination = request.Destination,
            MemoryMiB = guest.MemoryMiB,
            DirtyMiBs = guest.DirtyMiBs,
            WorkingSetMiB = guest.WorkingSetMiB,
            BandwidthMiBs = Wire(request.BandwidthMiBs),
            LimitMiBs = request.BandwidthMiBs,
            StartedAt = world.Now,
            Held = request.HoldSwitchOver,
            MaxDowntime = request.MaxDowntime ?? world.Settings.MaxDowntime,
            AllowPostCopy = request.AllowPostCopy,
            PostCopyMiBs = Wire(request.PostCopyBandwidthMiBs),
            Compressed = request.Compressed,
            AutoConverge = request.AutoConverge,
            Stopped = request.Stopped,
        };
        if (request.Stopped)
        {
            job.BeginStopped(world.Now);
        }
        else
        {
            job.BeginRound(world.Now, guest.MemoryMiB);
        }

        return job;
    }

    private double Wire(int? limit) => Math.Min(limit ?? double.MaxValue, world.Settings.LinkMiBs);
}
