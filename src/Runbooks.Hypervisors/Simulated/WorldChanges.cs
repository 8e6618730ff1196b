using Runbooks.Fleet.Model;
using Runbooks.Hypervisors.Contract;

namespace Runbooks.Hypervisors.Simulated;

/// <summary>What happens to guests and hosts when machines, jobs and wires do what they do; no request is answered here.</summary>
internal static class WorldChanges
{
    /// <summary>A guest's process ends. A migration that it is part of ends with it.</summary>
    public static void StopGuest(WorldState world, HostState host, GuestState guest, string reason, VmState state = VmState.ShutOff)
    {
        guest.Become(state, reason);
        var job = world.Migrations.Find(m => m.Vm == guest.Name && (m.Source == host.Name || m.Destination == host.Name));
        var inPostCopy = job?.Phase is MigrationPhase.PostCopy or MigrationPhase.PostCopyFailed;

        // libvirt keeps what is left of a guest that dies while its pages follow it.
        guest.Persistent |= inPostCopy && reason == "crashed";
        if (!guest.Persistent)
        {
            host.Guests.Remove(guest);
        }

        if (job is not null && inPostCopy)
        {
            LosePostCopy(world, job, host.Name);
        }
        else if (job is not null)
        {
            Cancel(world, job);
        }
    }

    /// <summary>The job ends without having moved the VM: the twin goes; the guest runs on at the source if it is still there.</summary>
    public static void Cancel(WorldState world, MigrationState job)
    {
        world.Migrations.Remove(job);
        RemoveTwin(world, job);
        if ((job.Suspended || job.Phase == MigrationPhase.StopAndCopy) && world.Host(job.Source).Find(job.Vm) is { State: VmState.Paused } guest)
        {
            Run(world, job.Source, guest, "migration canceled");
        }
    }

    /// <summary>The guest goes on at the destination, and what is missing there follows.</summary>
    public static void BeginPostCopy(WorldState world, MigrationState job)
    {
        job.BeginPostCopy(world.Now);
        world.Host(job.Source).Find(job.Vm)!.Become(VmState.Paused, "post-copy");
        Run(world, job.Destination, world.Host(job.Destination).Find(job.Vm)!, "post-copy");
    }

    /// <summary>The pages have stopped to follow: the guest stands still at the destination, though it is said to run.</summary>
    public static void FailPostCopy(WorldState world, MigrationState job)
    {
        job.Phase = MigrationPhase.PostCopyFailed;
        world.Host(job.Source).Find(job.Vm)?.Become(VmState.Paused, "post-copy failed");
        if (world.Host(job.Destination).Find(job.Vm) is { State: VmState.Running } guest)
        {
            guest.Become(VmState.Running, "post-copy failed");
        }
    }

    public static void RecoverPostCopy(WorldState world, MigrationState job)
    {
        job.Phase = MigrationPhase.PostCopy;
        job.StalledFor = TimeSpan.Zero;
        world.Host(job.Source).Find(job.Vm)!.Become(VmState.Paused, "post-copy");
        Run(world, job.Destination, world.Host(job.Destination).Find(job.Vm)!, "post-copy");
    }

    /// <summary>The guest runs on the destination; the source keeps its definition, shut off.</summary>
    public static void Commit(WorldState world, MigrationState job)
    {
        // Nobody keeps the figures of a post-copy.
        var statistics = job.Phase == MigrationPhase.PostCopy ? null : job.Statistics(world.Now);
        world.Migrations.Remove(job);
        var source = world.Host(job.Source).Find(job.Vm)!;
        source.Become(VmState.ShutOff, "migrated");
        source.LastMigration = statistics;
        Arrive(world, job).LastMigration = statistics;
    }

    public static void Suffer(WorldState world, MigrationState job, MigrationMishap mishap)
    {
        var source = world.Host(job.Source);
        var guest = source.Find(job.Vm)!;
        switch (mishap)
        {
            case MigrationMishap.DestinationGuestDies when job.Phase == MigrationPhase.PostCopy:
                StopGuest(world, world.Host(job.Destination), world.Host(job.Destination).Find(job.Vm)!, "crashed");
                break;
            case MigrationMishap.JobIsLost when job.Phase == MigrationPhase.PostCopy:
                FailPostCopy(world, job);
                break;
            case MigrationMishap.DestinationGuestDies or MigrationMishap.JobIsLost:
                Cancel(world, job);
                break;
            case MigrationMishap.DestinationHostDies:
                PowerOff(world, world.Host(job.Destination));
                break;
            case MigrationMishap.SourceGuestDies:
                StopGuest(world, source, guest, "crashed");
                break;
            case MigrationMishap.SourceHostDies:
                PowerOff(world, source);
                break;
            case MigrationMishap.StrandedBeforeCommit:
                world.Migrations.Remove(job);
                RemoveTwin(world, job);
                guest.Become(VmState.Paused, "migrating");
                break;
            case MigrationMishap.StrandedAfterCommit:
                world.Migrations.Remove(job);
                guest.Become(VmState.Paused, "migrating");
                Arrive(world, job);
                break;
            default:
                throw new ArgumentOutOfRangeException(nameof(mishap), mishap, "Not a mishap of a migration.");
        }
    }

    /// <summary>The machine loses power at once: guests are gone, definitions stay, figures of past migrations are forgotten.</summary>
    public static void PowerOff(WorldState world, HostState host)
    {
        host.Power = PowerState.Off;
        host.BusySeconds = 0;
        host.TotalSeconds = 0;
        foreach (var guest in host.Guests.Where(g => g.HoldsMemory).ToList())
        {
            StopGuest(world, host, guest, "unknown");
        }

        foreach (var guest in host.Guests)
        {
            guest.LastMigration = null;
        }
    }

    /// <summary>Makes a guest run and looks whether it runs anywhere else: that is the breach that nothing may cause.</summary>
    public static void Run(WorldState world, HostName host, GuestState guest, string reason)
    {
        guest.Become(VmState.Running, reason);
        if (reason == "booted")
        {
            WorldFiles.Boot(world, host, guest);
        }

        var others = world.Hosts.Where(h => h.Name != host && h.Find(guest.Name) is { State: VmState.Running }).Select(h => h.Name).ToList();
        if (others.Count > 0)
        {
            world.Violations.Add($"VM {guest.Name} was made to run on {host} while it ran on {string.Join(", ", others)}.");
        }
    }

    /// <summary>One side of a post-copy is gone. The other holds half of the memory, which is of use to nobody.</summary>
    private static void LosePostCopy(WorldState world, MigrationState job, HostName lost)
    {
        FailPostCopy(world, job);
        if (lost == job.Source)
        {
            world.Host(job.Source).Find(job.Vm)?.Become(VmState.ShutOff, "crashed");
            world.Migrations.Remove(job);
        }
    }

    private static GuestState Arrive(WorldState world, MigrationState job)
    {
        var arrived = world.Host(job.Destination).Find(job.Vm)!;
        arrived.Persistent = true;
        Run(world, job.Destination, arrived, "migrated");
        return arrived;
    }

    private static void RemoveTwin(WorldState world, MigrationState job) =>
        world.Host(job.Destination).Guests.RemoveAll(g => g.Name == job.Vm && !g.Persistent);
}
