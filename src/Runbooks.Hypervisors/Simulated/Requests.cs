using Runbooks.Fleet.Model;
using Runbooks.Hypervisors.Contract;

namespace Runbooks.Hypervisors.Simulated;

/// <summary>What a reachable host answers to each request, and what the request does to the world.</summary>
internal sealed partial class Requests(WorldState world, HostState host, DateTimeOffset at)
{
    public Result<HostObservation> Observe() =>
        new HostObservation(
            at,
            host.Cpus,
            host.MemoryMiB,
            Math.Max(0, host.MemoryMiB - world.Settings.HostOverheadMiB - host.HeldMiB),
            TimeSpan.FromSeconds(host.BusySeconds),
            TimeSpan.FromSeconds(host.TotalSeconds),
            [.. host.Guests.OrderBy(g => g.Name).Select(Describe)]);

    public Result<VmObservation> ObserveVm(VmName vm) => host.Find(vm) is { } guest ? Describe(guest) : Missing(vm);

    public Result<Unit> Start(VmName vm)
    {
        if (host.Find(vm) is not { } guest)
        {
            return Missing(vm);
        }

        if (guest.State == VmState.Running)
        {
            return default(Unit);
        }

        if (guest.State == VmState.Paused)
        {
            return Refused($"VM '{vm}' is paused ({guest.Reason}), not shut off.", "Resume it, or destroy it first.");
        }

        if (Shortage(host, guest.MemoryMiB) is { } shortage)
        {
            return Refused($"VM '{vm}' cannot start: {shortage}");
        }

        if (WorldFiles.FirstMissing(world, host.Name, guest) is { } missing)
        {
            return Refused($"VM '{vm}' cannot start: could not open '{missing}': No such file or directory.");
        }

        WorldChanges.Run(world, host.Name, guest, "booted");
        return default(Unit);
    }

    public Result<Unit> ShutDown(VmName vm)
    {
        if (host.Find(vm) is not { } guest)
        {
            return Missing(vm);
        }

        if (guest.State == VmState.Paused)
        {
            return Refused($"VM '{vm}' is paused ({guest.Reason}); its guest cannot hear the request.", "Resume it first.");
        }

        if (guest.State == VmState.Running)
        {
            guest.OffAt ??= world.Now + world.Settings.GuestShutdown;
        }

        return default(Unit);
    }

    public Result<Unit> Resume(VmName vm)
    {
        if (host.Find(vm) is not { } guest)
        {
            return Missing(vm);
        }

        if (guest.State == VmState.Running)
        {
            return default(Unit);
        }

        if (guest.State != VmState.Paused)
        {
            return Refused($"VM '{vm}' is {guest.State}, not paused.", "Start it instead.");
        }

        if (JobTouching(vm) is not null)
        {
            return Refused($"VM '{vm}' is part of a migration that is under way.", "Wait for the job, or abort it at its source.");
        }

        WorldChanges.Run(world, host.Name, guest, "unpaused");
        return default(Unit);
    }

    public Result<Unit> Destroy(VmName vm)
    {
        if (host.Find(vm) is { HoldsMemory: true } guest)
        {
            WorldChanges.StopGuest(world, host, guest, "destroyed");
        }

        return default(Unit);
    }

    public Result<Unit> Undefine(VmName vm)
    {
        if (host.Find(vm) is not { } guest)
        {
            return default(Unit);
        }

        if (guest.HoldsMemory)
        {
            return Refused($"VM '{vm}' is {guest.State} ({guest.Reason}); its definition is in use.", "Shut it down first.");
        }

        host.Guests.Remove(guest);
        return default(Unit);
    }

    public Result<Unit> StartMigration(MigrationRequest request)
    {
        if (host.Find(request.Vm) is not { } guest)
        {
            return Missing(request.Vm);
        }

        if (RefuseMigration(request, guest) is { } refusal)
        {
            return refusal;
        }

        world.Migrations.Add(Begin(request, guest));
        world.Host(request.Destination).Guests.Add(guest.IncomingTwin());
        if (request.Stopped)
        {
            guest.Become(VmState.Paused, "migrating");
        }

        return default(Unit);
    }

    public Result<MigrationProgress> ObserveMigration(VmName vm) =>
        host.Find(vm) is null ? Missing(vm) : JobFrom(vm)?.Progress(world.Now) ?? MigrationProgress.NoJob;

    public Result<Unit> ReleaseSwitchOver(VmName vm, TimeSpan maxDowntime)
    {
        if (host.Find(vm) is null)
        {
            return Missing(vm);
        }

        if (JobFrom(vm) is { } job)
        {
            job.Held = false;
            job.MaxDowntime = maxDowntime;
        }

        return default(Unit);
    }

    public Result<Unit> AbortMigration(VmName vm)
    {
        if (host.Find(vm) is null)
        {
            return Missing(vm);
        }

        if (JobFrom(vm) is not { } job)
        {
            return default(Unit);
        }

        if (job.Phase is MigrationPhase.PostCopy or MigrationPhase.PostCopyFailed)
        {
            return Refused($"The migration of VM '{vm}' is in post-copy: the guest runs on '{job.Destination}'.", "Wait for its end; there is no way back.");
        }

        if (job is { Phase: MigrationPhase.StopAndCopy, Stopped: false })
        {
            return Refused(
                $"The migration of VM '{vm}' to '{job.Destination}' is switching over; the guest may run there.",
                "Wait until the job has ended and look at both hosts.");
        }

        WorldChanges.Cancel(world, job);
        return default(Unit);
    }

    public Result<MigrationStatistics> CompletedMigration(VmName vm)
    {
        if (host.Find(vm) is not { } guest)
        {
            return Missing(vm);
        }

        return guest.LastMigration is { } statistics
            ? statistics
            : new HypervisorFault(FaultKind.NotFound, host.Name, $"VM '{vm}' has no finished migration on this host.");
    }

    public Result<GuestAnswer> AskGuest(VmName vm) =>
        host.Find(vm) is not { } guest ? Missing(vm)
        : guest.State != VmState.Running ? Refused($"VM '{vm}' is {guest.State} ({guest.Reason}); its guest can't be asked.")
        : guest.Reason == "post-copy failed" ? GuestAnswer.Silent : guest.Answer;

    private HypervisorFault? RefuseMigration(MigrationRequest request, GuestState guest)
    {
        var vm = request.Vm;
        if (JobTouching(vm) is { } running)
        {
            return Refused($"Another migration of VM '{vm}' is running already, to '{running.Destination}'.", "Wait for it, or abort it.");
        }

        if (guest.State != VmState.Running)
        {
            return Refused($"VM '{vm}' is {guest.State} ({guest.Reason}); only a running VM migrates live.");
        }

        if (request.Destination == host.Name)
        {
            return Refused($"VM '{vm}' cannot migrate to the host that it is on.");
        }

        var destination = world.Hosts.Find(h => h.Name == request.Destination);
        if (destination is null || destination.Cut || host.Cut || destination.Power != PowerState.On || world.Now < destination.ReadyAt)
        {
            return Refused($"The destination '{request.Destination}' does not answer from here.", "Check that it is on and reachable from this host.");
        }

        if (destination.Kind != host.Kind)
        {
            return Refused($"VM '{vm}' cannot go to '{request.Destination}' while it runs: that is a host of another hypervisor.");
        }

        if (destination.Find(vm) is { } there)
        {
            return Refused(
                $"The destination '{request.Destination}' already has VM '{vm}', {there.State} ({there.Reason}).",
                "If it is a definition that an earlier migration left, undefine it there.");
        }

        if (guest.Interfaces.Find(i => !destination.Networks.Exists(n => n.Network.Kind == i.Kind && n.Network.Name == i.Network)) is { } plug)
        {
            return Refused($"VM '{vm}' cannot go to '{request.Destination}': it is plugged into '{plug.Network}', which is not there.", "Make that network there.");
        }

        return Shortage(destination, guest.MemoryMiB) is { } shortage
            ? Refused($"VM '{vm}' cannot go to '{request.Destination}': {shortage}")
            : null;
    }

    private MigrationState? JobFrom(VmName vm) => world.Migrations.Find(m => m.Vm == vm && m.Source == host.Name);

    private MigrationState? JobTouching(VmName vm) =>
        world.Migrations.Find(m => m.Vm == vm && (m.Source == host.Name || m.Destination == host.Name));

    private string? Shortage(HostState on, int neededMiB)
    {
        var free = on.MemoryMiB - world.Settings.HostOverheadMiB - on.HeldMiB;
        return neededMiB <= free ? null : $"it needs {neededMiB} MiB and {Math.Max(0, free)} MiB are free there.";
    }

    private VmObservation Describe(GuestState guest) =>
        new(
            at,
            guest.Name,
            guest.Uuid,
            guest.State,
            guest.Reason,
            guest.Persistent,
            guest.Vcpus,
            guest.MemoryMiB,
            TimeSpan.FromSeconds(guest.CpuSeconds),
            guest.State == VmState.Running ? GuestSize.UsedMiB(guest) : null);

    private HypervisorFault Missing(VmName vm) =>
        new(FaultKind.NotFound, host.Name, $"There is no VM '{vm}' on this host.");

    private HypervisorFault Refused(string message, string? advice = null) =>
        new(FaultKind.Refused, host.Name, message, advice);
}
