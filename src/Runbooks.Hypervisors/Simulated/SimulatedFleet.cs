using Runbooks.Fleet.Model;
using Runbooks.Fleet.Simulation;
using Runbooks.Hypervisors.Contract;
using Runbooks.Hypervisors.Conversion;

namespace Runbooks.Hypervisors.Simulated;

/// <summary>
/// A world of hosts, VMs, loads and running migrations. Safe for concurrent use; time comes from the clock that is given.
/// </summary>
/// <remarks>
/// <para>The world stands for machines that outlive this process: with a file it is saved after each change that matters
/// (one who is killed loses counters since then, never a VM or a job) and goes on from there when it is loaded.</para>
/// <para>In fault tests the same object outlives the engine that is killed.</para>
/// </remarks>
public sealed class SimulatedFleet : IDisposable
{
    private readonly Lock gate = new();
    private readonly WorldState world;
    private readonly TimeProvider time;
    private readonly string? file;
    private readonly TimeFlow flow;
    private long last;
    private bool disposed;

    /// <summary>Makes an empty world.</summary>
    /// <param name="settings">How it behaves.</param>
    /// <param name="time">The clock.</param>
    /// <param name="file">Where it is saved; null: nowhere.</param>
    public SimulatedFleet(SimulationSettings settings, TimeProvider time, string? file = null)
        : this(new WorldState { Settings = settings, Day = settings.DayStart }, time, file)
    {
    }

    private SimulatedFleet(WorldState world, TimeProvider time, string? file)
    {
        this.world = world;
        this.time = time;
        this.file = file;
        flow = new TimeFlow(world, Faults);
        last = time.GetTimestamp();
        Directory = new SimulatedDirectory(this);
    }

    public Faults Faults { get; } = new();

    public IHypervisorDirectory Directory { get; }

    /// <summary>Time since midnight of the first simulated day.</summary>
    public TimeSpan Day => Locked(w => w.Day);

    /// <summary>Every time that a VM was made to run while it ran elsewhere; empty in a healthy fleet.</summary>
    public IReadOnlyList<string> Violations => Locked<IReadOnlyList<string>>(w => [.. w.Violations]);

    /// <summary>Migration jobs that are under way.</summary>
    public IReadOnlyList<VmName> MigratingVms => Locked<IReadOnlyList<VmName>>(w => [.. w.Migrations.Select(m => m.Vm)]);

    internal SimulationSettings Settings => world.Settings;

    internal TimeProvider Time => time;

    /// <summary>Makes the generated fleet, all hosts on and all VMs running.</summary>
    public static SimulatedFleet OfDay(DayGenerator day, SimulationSettings settings, TimeProvider time, string? file = null)
    {
        var made = new WorldState { Settings = settings, Day = settings.DayStart, DaySeed = day.Seed };
        var fleet = new SimulatedFleet(made, time, file: null);
        foreach (var host in day.Hosts)
        {
            fleet.AddHost(new SimulatedHost(host.Name, host.Cpus, host.MemoryMiB, Priority: host.Priority));
        }

        foreach (var vm in day.Vms)
        {
            fleet.AddVm(vm.Host, new SimulatedVm(vm.Name, vm.Vcpus, vm.MemoryMiB, null, vm.DirtyMiBs, vm.WorkingSetMiB, vm.Vcpus * 2, vm.MemoryMiB * 2));
        }

        var saved = new SimulatedFleet(made, time, file);
        saved.SaveIfKept();
        return saved;
    }

    /// <summary>Goes on with a world that was saved; from now on it is saved there again.</summary>
    /// <exception cref="InvalidDataException">The file does not hold a world that this version understands.</exception>
    public static SimulatedFleet Load(string file, TimeProvider time) => new(WorldFile.Read(file), time, file);

    /// <summary>Goes on with the world in the file, or makes it with <paramref name="create"/> when there is no such file.</summary>
    public static SimulatedFleet LoadOrCreate(string file, TimeProvider time, Func<SimulatedFleet> create) =>
        File.Exists(file) ? Load(file, time) : create();

    /// <summary>Writes the world to a file: all of it or nothing.</summary>
    public void Save(string path) => Locked(w =>
    {
        WorldFile.Write(path, w);
        return true;
    });

    public void AddHost(SimulatedHost host) => Change(w =>
    {
        if (w.Hosts.Exists(h => h.Name == host.Name))
        {
            throw new ArgumentException($"The simulated fleet already has a host '{host.Name}'.", nameof(host));
        }

        w.Hosts.Add(new HostState
        {
            Name = host.Name,
            Pool = host.Pool,
            Priority = host.Priority,
            Cpus = host.Cpus,
            MemoryMiB = host.MemoryMiB,
            Networks = [.. host.Networks.Select(n => new NetworkState { Network = n })],
            Kind = host.Hypervisor,
        });
    });

    /// <summary>Defines a VM on a host; it runs at once unless <paramref name="state"/> says otherwise.</summary>
    public void AddVm(HostName host, SimulatedVm vm, VmState state = VmState.Running) => Change(w =>
    {
        var on = w.Host(host);
        if (on.Find(vm.Name) is not null)
        {
            throw new ArgumentException($"Host '{host}' already has a VM '{vm.Name}'.", nameof(vm));
        }

        var guest = new GuestState
        {
            Name = vm.Name,
            Uuid = VmIdentity.Of(vm.Name),
            Vcpus = vm.Vcpus,
            MemoryMiB = vm.MemoryMiB,
            Size = GuestSize.Of(vm),
            CpuLoad = vm.CpuLoad,
            DirtyMiBs = vm.DirtyMiBs,
            WorkingSetMiB = vm.WorkingSetMiB > 0 ? vm.WorkingSetMiB : vm.MemoryMiB / 4.0,
            Interfaces = [.. vm.Interfaces],
            Answer = vm.Answer,
            Disks = [.. vm.Disks.Select(d => new ConvertibleDisk(d.Path, d.Format))],
        };
        on.Guests.Add(guest);
        WorldFiles.Make(w, host, vm);
        if (state == VmState.Running)
        {
            WorldChanges.Run(w, host, guest, "booted");
        }
        else if (state != VmState.ShutOff)
        {
            guest.Become(state, state == VmState.Paused ? "user" : "unknown");
        }
    });

    /// <summary>Every copy of a VM in the world, however it got there; what the invariants of a test look at.</summary>
    public IReadOnlyList<SimulatedCopy> CopiesOf(VmName vm) => Locked<IReadOnlyList<SimulatedCopy>>(w =>
        [.. from host in w.Hosts let guest = host.Find(vm) where guest is not null select new SimulatedCopy(host.Name, guest.State, guest.Reason)]);

    /// <summary>The files of VMs that a host sees.</summary>
    public IReadOnlyList<SimulatedFile> FilesOf(HostName host) => Locked<IReadOnlyList<SimulatedFile>>(w =>
        [.. w.Files.Where(f => f.Host is null || f.Host == host).Select(f => new SimulatedFile(f.Path, f.Format, f.Content, f.Boots, f.Mark))]);

    /// <summary>Copies of files that are under way, and marks of folders that were left.</summary>
    public IReadOnlyList<string> CopiesUnderWay => Locked<IReadOnlyList<string>>(w => [.. w.Copies.Where(c => c.Problem is null).Select(c => c.Copy.Id)]);

    /// <summary>Who holds the definition of a VM on a host; null when nobody does.</summary>
    public string? HolderOf(HostName host, VmName vm) => Locked(w => HeldDefinition.HolderOf(Guest(w, host, vm).Kernel));

    /// <summary>An operator puts a file on a host.</summary>
    public void AddFile(HostName host, string path, string content = "foreign", string format = ConvertibleDisk.Raw) =>
        Change(w => w.Files.Add(new FileState { Host = host, Path = path, Format = format, Content = content, Bytes = 4096 }));

    /// <summary>A host has a file of its own that looks just like another host's: both were made from one image.</summary>
    public void AddLookAlike(HostName host, string path, HostName of) => Change(w =>
    {
        var original = WorldFiles.Find(w, of, path) ?? throw new KeyNotFoundException($"Host '{of}' has no file '{path}'.");
        w.Files.Add(new FileState { Host = host, Path = path, Format = original.Format, Content = "of the image", Bytes = original.Bytes, Likeness = original.Identity });
    });

    /// <summary>An operator makes a network on a host, by hand.</summary>
    public void AddNetwork(HostName host, HostNetwork network) => Change(w => w.Host(host).Networks.Add(new NetworkState { Network = network }));

    /// <summary>The networks of a host, retired ones too.</summary>
    public IReadOnlyList<HostNetwork> NetworksOf(HostName host) => Locked<IReadOnlyList<HostNetwork>>(w => [.. w.Host(host).Networks.Select(n => n.Network with { IsRetired = n.Retired })]);

    public PowerState PowerOf(HostName host) => Locked(w => w.Host(host).Power);

    /// <summary>Changes what a VM wants of its CPUs, on every host that has it; null: what the world's day says.</summary>
    public void SetLoad(VmName vm, double? load) => Change(w =>
    {
        foreach (var guest in w.Hosts.SelectMany(h => h.Guests).Where(g => g.Name == vm))
        {
            guest.CpuLoad = load;
        }
    });

    /// <summary>An operator pauses a running VM.</summary>
    public void Pause(HostName host, VmName vm) => Change(w => Guest(w, host, vm).Become(VmState.Paused, "user"));

    /// <summary>How big a VM is on a host, past every request and fault.</summary>
    public VmSize SizeOf(HostName host, VmName vm) => Locked(w => GuestSize.Describe(Guest(w, host, vm)));

    /// <summary>Changes how a VM takes to being made bigger and smaller, on every host that has it.</summary>
    public void SetHabits(VmName vm, GuestHabits habits) => Change(w =>
    {
        foreach (var guest in w.Hosts.SelectMany(h => h.Guests).Where(g => g.Name == vm))
        {
            guest.Size.Habits = habits;
        }
    });

    /// <summary>A host's hypervisor service begins anew: it counts the vCPUs that its guests really have.</summary>
    public void RestartService(HostName host) => Change(w => w.Host(host).Guests.ForEach(g => g.Vcpus = g.Size.GuestVcpus ?? g.Vcpus));

    /// <summary>A guest's process dies.</summary>
    public void CrashGuest(HostName host, VmName vm) =>
        Change(w => WorldChanges.StopGuest(w, w.Host(host), Guest(w, host, vm), "crashed"));

    /// <summary>A host loses power at once.</summary>
    public void LosePower(HostName host) => Change(w => WorldChanges.PowerOff(w, w.Host(host)));

    /// <summary>Cuts the network to a host: it is unreachable, copies to and from it stand still, its VMs run on.</summary>
    public void Cut(HostName host) => Change(w => w.Host(host).Cut = true);

    public void Heal(HostName host) => Change(w => w.Host(host).Cut = false);

    /// <summary>Saves the world, if it has a file. The object must not be used afterwards.</summary>
    public void Dispose()
    {
        lock (gate)
        {
            if (!disposed)
            {
                CatchUp();
                SaveIfKept();
                disposed = true;
            }
        }
    }

    /// <summary>Lets time catch up, does something to the world and saves it if anything but counters changed.</summary>
    internal T Locked<T>(Func<WorldState, T> act, bool changes = false)
    {
        lock (gate)
        {
            ObjectDisposedException.ThrowIf(disposed, this);
            var changed = CatchUp();
            var result = act(world);
            if (changed || changes)
            {
                SaveIfKept();
            }

            return result;
        }
    }

    private static GuestState Guest(WorldState world, HostName host, VmName vm) =>
        world.Host(host).Find(vm) ?? throw new KeyNotFoundException($"Host '{host}' has no VM '{vm}'.");

    private void Change(Action<WorldState> act) => Locked(
        w =>
        {
            act(w);
            return true;
        },
        changes: true);

    private bool CatchUp()
    {
        var now = time.GetTimestamp();
        var passed = time.GetElapsedTime(last, now);
        last = now;
        return flow.Pass(passed);
    }

    private void SaveIfKept()
    {
        if (file is not null)
        {
            WorldFile.Write(file, world);
        }
    }
}
