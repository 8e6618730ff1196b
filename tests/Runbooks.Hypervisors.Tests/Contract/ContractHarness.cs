using Runbooks.Fleet.Model;
using Runbooks.Hypervisors.Contract;

namespace Runbooks.Hypervisors.Tests.Contract;

/// <summary>A guest for one test.</summary>
/// <param name="MemoryMiB">Its memory, MiB.</param>
/// <param name="Vcpus">Its vCPUs.</param>
/// <param name="CpuLoad">Share of its vCPUs that it burns, 0 to 1.</param>
/// <param name="WriteMiBs">Memory that it writes once it is up, MiB per second.</param>
/// <param name="WorkingSetMiB">Memory that those writes go to, MiB.</param>
/// <param name="MaxVcpus">vCPUs to which it can grow; 0: those that it has.</param>
/// <param name="MaxMemoryMiB">Memory to which it can grow, MiB; 0: what it has.</param>
public sealed record GuestSpec(
    int MemoryMiB = 96,
    int Vcpus = 1,
    double CpuLoad = 0,
    int WriteMiBs = 0,
    int WorkingSetMiB = 0,
    int MaxVcpus = 0,
    int MaxMemoryMiB = 0)
{
    /// <summary>A network that it is plugged into; null for none.</summary>
    public HostNetwork? Network { get; init; }
}

/// <summary>
/// Two hosts of one pool, both on, that may exchange VMs, for one test. Disposing removes every VM that it defined, on
/// both hosts, and leaves both hosts on.
/// </summary>
public abstract class ContractHarness : IAsyncDisposable
{
    public abstract IHypervisor A { get; }

    public abstract IHypervisor B { get; }

    public abstract IHostPower PowerA { get; }

    public abstract IHostPower PowerB { get; }

    /// <summary>How long a condition may take to come true before the test fails.</summary>
    public virtual TimeSpan Limit => TimeSpan.FromSeconds(60);

    /// <summary>How long to wait between two looks at a condition.</summary>
    public virtual TimeSpan Pause => TimeSpan.FromMilliseconds(50);

    /// <summary>Bandwidth at which the copy of a 96 MiB guest takes long enough to be looked at, MiB per second.</summary>
    public virtual int SlowMiBs => 16;

    /// <summary>
    /// False when a held migration may switch over all the same, which the contract allows: then a test that needs the hold
    /// checks instead that the VM has arrived whole.
    /// </summary>
    public virtual bool HoldIsCertain => true;

    /// <summary>
    /// What this driver can do; a test of something else asserts that the driver says so, and that nothing has changed.
    /// </summary>
    public bool Can(HypervisorFeatures feature) => A.Features.HasFlag(feature);

    /// <summary>Defines a VM on A under a name that no other test uses, and leaves it shut off.</summary>
    public abstract Task<VmName> DefineAsync(GuestSpec guest);

    /// <summary>Waits until a started guest does what its specification says: burns CPU, writes memory, hears a shutdown.</summary>
    public abstract Task UntilGuestIsUpAsync(VmName vm);

    /// <summary>The interface of A by which networks may lead out, and which the host has no use of its own for.</summary>
    public virtual string Uplink => "eth1";

    /// <summary>False when the hosts' kernel knows no VLAN interfaces; then making one is unsupported.</summary>
    public virtual bool KnowsVlans => true;

    /// <summary>False for a hypervisor that has no virtual networks of its own; then making one is unsupported.</summary>
    public virtual bool HasVirtualNetworks => true;

    /// <summary>False where nobody but the guest knows what its programs use.</summary>
    public virtual bool GuestsTellMemoryUsed => true;

    /// <summary>False for a hypervisor that leaves it to the guest to tell the switches where it is; then announcing it is unsupported.</summary>
    public virtual bool CanAnnounce => true;

    /// <summary>Makes a bridge on A as an operator would, and removes it when the harness goes.</summary>
    public virtual Task MakeBridgeOnAAsync(string name) => Task.CompletedTask;

    /// <summary>Makes an image on A, not empty, in a folder that B has too and that they do not share; returns its path.</summary>
    public abstract Task<string> MakeImageOnAAsync(string format, int kib);

    /// <summary>Pauses a VM that runs on A, as an operator would with the hypervisor's own tool.</summary>
    public abstract Task PauseOnAAsync(VmName vm);

    public abstract ValueTask DisposeAsync();
}
