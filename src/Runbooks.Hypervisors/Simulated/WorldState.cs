using Runbooks.Fleet.Model;
using Runbooks.Hypervisors.Contract;
using Runbooks.Hypervisors.Conversion;

namespace Runbooks.Hypervisors.Simulated;

/// <summary>Everything that the world remembers; what is written to its file.</summary>
/// <remarks>Moments are counted on the world's own clock, which stands still while no process holds the world.</remarks>
internal sealed class WorldState
{
    public const int CurrentVersion = 1;

    public int Version { get; init; } = CurrentVersion;

    public SimulationSettings Settings { get; init; } = new();

    /// <summary>Seed of the generated day; null when each VM has a load of its own.</summary>
    public int? DaySeed { get; set; }

    /// <summary>Time since the world began.</summary>
    public TimeSpan Now { get; set; }

    /// <summary>Time since midnight of the first simulated day.</summary>
    public TimeSpan Day { get; set; }

    public List<HostState> Hosts { get; init; } = [];

    public List<MigrationState> Migrations { get; init; } = [];

    /// <summary>Files of VMs, of one host each or of all.</summary>
    public List<FileState> Files { get; init; } = [];

    /// <summary>Copies of files that are under way.</summary>
    public List<CopyState> Copies { get; init; } = [];

    /// <summary>Copies that were ended for good.</summary>
    public List<string> EndedCopies { get; init; } = [];

    /// <summary>Every breach of 'a VM runs on exactly one host' that the world has seen.</summary>
    public List<string> Violations { get; init; } = [];

    public HostState Host(HostName name) =>
        Hosts.Find(h => h.Name == name)
        ?? throw new KeyNotFoundException($"The simulated fleet has no host '{name}'. It has: {string.Join(", ", Hosts.Select(h => h.Name))}.");
}

internal sealed class HostState
{
    public required HostName Name { get; init; }

    public required string Pool { get; init; }

    public int Priority { get; init; }

    public int Cpus { get; init; }

    public int MemoryMiB { get; init; }

    public HypervisorKind Kind { get; init; }

    public PowerState Power { get; set; } = PowerState.On;

    /// <summary>From when on the hypervisor answers, while the power is on.</summary>
    public TimeSpan ReadyAt { get; set; }

    /// <summary>The network to it is cut: nobody reaches it, and copies to and from it stand still.</summary>
    public bool Cut { get; set; }

    public double BusySeconds { get; set; }

    public double TotalSeconds { get; set; }

    public List<GuestState> Guests { get; init; } = [];

    public List<NetworkState> Networks { get; init; } = [];

    public GuestState? Find(VmName vm) => Guests.Find(g => g.Name == vm);

    public int HeldMiB => Guests.Where(g => g.HoldsMemory).Sum(g => Math.Max(g.MemoryMiB, g.Size.BalloonToMiB ?? 0));
}

internal sealed class GuestState
{
    public required VmName Name { get; init; }

    public required Guid Uuid { get; init; }

    public int Vcpus { get; set; }

    public int MemoryMiB { get; set; }

    /// <summary>How big it may be, and how it takes to being made bigger and smaller.</summary>
    public GuestSize Size { get; init; } = new();

    public double? CpuLoad { get; set; }

    public double DirtyMiBs { get; init; }

    public double WorkingSetMiB { get; init; }

    public VmState State { get; set; } = VmState.ShutOff;

    public string Reason { get; set; } = "unknown";

    public bool Persistent { get; set; } = true;

    public double CpuSeconds { get; set; }

    /// <summary>When the guest that was asked to shut down will be off.</summary>
    public TimeSpan? OffAt { get; set; }

    public MigrationStatistics? LastMigration { get; set; }

    public List<VmInterface> Interfaces { get; init; } = [];

    /// <summary>How the guest answers when it is asked whether it is alive.</summary>
    public GuestAnswer Answer { get; set; } = GuestAnswer.Alive;

    public List<ConvertibleDisk> Disks { get; init; } = [];

    public string Kernel { get; set; } = FileState.Kernel;

    public bool HoldsMemory => State is VmState.Running or VmState.Paused;

    public void Become(VmState state, string reason)
    {
        State = state;
        Reason = reason;
        if (!HoldsMemory)
        {
            CpuSeconds = 0;
            OffAt = null;
            (Vcpus, MemoryMiB) = (Size.DefinedVcpus ?? Vcpus, Size.DefinedMemoryMiB ?? MemoryMiB);
            (Size.BalloonToMiB, Size.GuestVcpus) = (null, null);
        }
    }

    /// <summary>The twin that waits on the destination while memory arrives.</summary>
    public GuestState IncomingTwin() => new()
    {
        Name = Name,
        Uuid = Uuid,
        Vcpus = Vcpus,
        MemoryMiB = MemoryMiB,
        Size = Size.Copy(),
        CpuLoad = CpuLoad,
        DirtyMiBs = DirtyMiBs,
        WorkingSetMiB = WorkingSetMiB,
        State = VmState.Paused,
        Reason = "migrating",
        Persistent = false,
        Interfaces = [.. Interfaces],
        Answer = Answer,
        Disks = [.. Disks],
        Kernel = Kernel,
    };

    /// <summary>The same guest with another definition, shut off.</summary>
    public GuestState Defined(ConvertibleVm vm) => new()
    {
        Name = Name,
        Uuid = Uuid,
        Vcpus = vm.Vcpus,
        MemoryMiB = vm.MemoryMiB,
        Size = new GuestSize { MaxVcpus = vm.Vcpus, MaxMemoryMiB = vm.MemoryMiB, Habits = Size.Habits, DefinedVcpus = vm.Vcpus, DefinedMemoryMiB = vm.MemoryMiB },
        CpuLoad = CpuLoad,
        DirtyMiBs = DirtyMiBs,
        WorkingSetMiB = WorkingSetMiB,
        Interfaces = [.. vm.Cards.Select(c => new VmInterface(c.Mac, NetworkKind.Bridge, c.Bridge))],
        Answer = Answer,
        Disks = [.. vm.Disks],
        Kernel = vm.Kernel,
    };
}

/// <summary>A file of one host, or of all.</summary>
internal sealed class FileState
{
    /// <summary>What every simulated guest boots; each host on which one was made has it.</summary>
    public const string Kernel = "/boot/guest/vmlinuz";

    public const long KernelBytes = 8_388_608;

    /// <summary>The host; null for a file on storage that all have.</summary>
    public HostName? Host { get; init; }

    public required string Path { get; init; }

    public required string Format { get; init; }

    public long Bytes { get; init; }

    /// <summary>What it came from; a copy has the same.</summary>
    public required string Content { get; init; }

    /// <summary>How often a guest has started with it.</summary>
    public int Boots { get; set; }

    /// <summary>The copy that it is, as long as its other name is there.</summary>
    public string? Mark { get; set; }

    /// <summary>What it looks like although it is another file: as on hosts that were made from one image. Null: itself.</summary>
    public string? Likeness { get; set; }

    public string Identity => Likeness ?? $"{Host}:{Content}:{Boots}:{Bytes}";
}

/// <summary>A copy of a file that is under way.</summary>
internal sealed class CopyState
{
    public required FileCopy Copy { get; init; }

    public required HostName Source { get; init; }

    public TimeSpan StartedAt { get; init; }

    public TimeSpan EndsAt { get; set; }

    /// <summary>Why it has failed; null while it is under way.</summary>
    public string? Problem { get; set; }
}

/// <summary>A network of a host, and whether it is about to go.</summary>
internal sealed class NetworkState
{
    public required HostNetwork Network { get; init; }

    public bool Retired { get; set; }
}
