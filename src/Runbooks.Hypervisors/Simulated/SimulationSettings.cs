using Runbooks.Fleet.Model;
using Runbooks.Hypervisors.Contract;

namespace Runbooks.Hypervisors.Simulated;

/// <summary>How the simulated world behaves. Saved with it, so that a world that is loaded goes on in the same way.</summary>
/// <remarks>
/// Only the day runs faster than the clock. Machines keep the clock's pace (CPU counters, boots, migrations): an
/// observation carries the observer's time, and a load is a difference of counters over a difference of that time.
/// </remarks>
public sealed record SimulationSettings
{
    /// <summary>Simulated seconds of the day that pass in one second of the clock. Default 60: a day takes 24 minutes.</summary>
    public double DaySpeed { get; init; } = 60;

    /// <summary>The time of day at which a new world begins. Default 01:00, when loads are low.</summary>
    public TimeSpan DayStart { get; init; } = TimeSpan.FromHours(1);

    /// <summary>What one migration gets of the wire when it sets no limit, MiB per second. Default 1,100: ten gigabit Ethernet.</summary>
    public double LinkMiBs { get; init; } = 1_100;

    /// <summary>From switching a host on until its hypervisor answers. Default 4 s.</summary>
    public TimeSpan HostBoot { get; init; } = TimeSpan.FromSeconds(4);

    /// <summary>From asking a guest to shut down until it is off. Default 2 s.</summary>
    public TimeSpan GuestShutdown { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>How long each request takes before it is answered. Default none.</summary>
    public TimeSpan Latency { get; init; } = TimeSpan.Zero;

    /// <summary>How long a guest may stand still at the end of a migration that is not held. Default 300 ms, QEMU's own.</summary>
    public TimeSpan MaxDowntime { get; init; } = TimeSpan.FromMilliseconds(300);

    /// <summary>Memory that a guest gives back or takes through its balloon, MiB per second. Default 2,048.</summary>
    public double BalloonMiBs { get; init; } = 2_048;

    /// <summary>Memory that the host itself needs, MiB. Default 512.</summary>
    public int HostOverheadMiB { get; init; } = 512;
}

/// <summary>A host to be added to the world.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Cpus">Physical CPUs.</param>
/// <param name="MemoryMiB">Physical memory, MiB.</param>
/// <param name="Pool">Its pool.</param>
/// <param name="Priority">The host with the lowest number is emptied first.</param>
public sealed record SimulatedHost(HostName Name, int Cpus, int MemoryMiB, string Pool = "default", int Priority = 100)
{
    /// <summary>Networks that its operator has made. A network without <see cref="HostNetwork.Uplink"/> stays within the host.</summary>
    public IReadOnlyList<HostNetwork> Networks { get; init; } = [];

    /// <summary>What runs its VMs: the language of its definitions, and the images that it reads. All else is alike.</summary>
    public HypervisorKind Hypervisor { get; init; }
}

/// <summary>A VM to be defined in the world.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Vcpus">Its vCPUs.</param>
/// <param name="MemoryMiB">Its memory, MiB.</param>
/// <param name="CpuLoad">Share of its vCPUs that it wants, 0 to 1; null: what the world's day says.</param>
/// <param name="DirtyMiBs">Memory that it writes while it runs, MiB per second; 0 for a guest that writes nothing.</param>
/// <param name="WorkingSetMiB">Memory that those writes go to, MiB; 0 means a quarter of its memory.</param>
/// <param name="MaxVcpus">vCPUs that it can have while it runs; 0 means those that it has.</param>
/// <param name="MaxMemoryMiB">Memory that it can have while it runs, MiB; 0 means what it has.</param>
public sealed record SimulatedVm(
    VmName Name,
    int Vcpus,
    int MemoryMiB,
    double? CpuLoad = null,
    double DirtyMiBs = 0,
    int WorkingSetMiB = 0,
    int MaxVcpus = 0,
    int MaxMemoryMiB = 0)
{
    /// <summary>What it is plugged into. Nothing checks that its first host has these networks.</summary>
    public IReadOnlyList<VmInterface> Interfaces { get; init; } = [];

    /// <summary>How its guest answers when it is asked whether it is alive.</summary>
    public GuestAnswer Answer { get; init; } = GuestAnswer.Alive;

    /// <summary>Its disks; they are made where it is defined.</summary>
    public IReadOnlyList<SimulatedDisk> Disks { get; init; } = [];
}

/// <summary>A disk to be made.</summary>
/// <param name="Path">Its file.</param>
/// <param name="Format"><c>raw</c> or <c>qcow2</c>.</param>
/// <param name="MiB">Its size, MiB.</param>
/// <param name="IsShared">It is on storage that all hosts have at this path.</param>
public sealed record SimulatedDisk(string Path, string Format = "qcow2", int MiB = 1024, bool IsShared = false);

/// <summary>A file of a host, as the world itself knows it.</summary>
/// <param name="Path">Its path.</param>
/// <param name="Format">The format of the image.</param>
/// <param name="Content">What it came from: two files of one origin have the same.</param>
/// <param name="Boots">How often a guest has started with it and written to it; a copy has what the original had.</param>
/// <param name="Mark">Who has brought it and may remove it; null for nobody.</param>
public sealed record SimulatedFile(string Path, string Format, string Content, int Boots, string? Mark);

/// <summary>One copy of a VM on one host, as the world itself knows it.</summary>
public sealed record SimulatedCopy(HostName Host, VmState State, string Reason);
