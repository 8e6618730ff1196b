using Runbooks.Fleet.Migrations.Turns;
using Runbooks.Fleet.Model;

namespace Runbooks.Hypervisors.Contract;

/// <summary>What a driver can do beyond starting and stopping VMs; callers ask before they call.</summary>
[Flags]
public enum HypervisorFeatures
{
    None = 0,
    LiveMigration = 1,
    MigrationProgress = 2,
    AbortMigration = 4,
    HoldSwitchOver = 8,
    BandwidthLimit = 16,
    PostCopy = 32,
    Compression = 64,
    ParallelConnections = 128,
    AutoConverge = 256,
    StoppedMigration = 512,
    DirtyRate = 1024,
    GuestAgent = 2048,

    /// <summary>
    /// Destroying a half-arrived copy ends it only as long as it is one: a copy that is started in that very moment is left
    /// alone. Without this, a copy that may yet be told to start must not be ended.
    /// </summary>
    EndsOnlyHalfCopies = 4096,
}

/// <summary>
/// One hypervisor host. Every driver (Libvirt, Xen, Simulated) passes the same contract suite,
/// <c>tests/Runbooks.Hypervisors.Tests/Contract</c>.
/// </summary>
/// <remarks>
/// <para>Nothing is thrown for what a host may answer: expected failures are <see cref="HypervisorFault"/>s.</para>
/// <para>Requests may be repeated: starting what runs and removing what is gone succeed.</para>
/// <para>A cancelled token ends our waiting, never the work on the host.</para>
/// </remarks>
public interface IHypervisor
{
    HostName Host { get; }

    HypervisorFeatures Features { get; }

    /// <summary>Reads the host and all its VMs in one go.</summary>
    Task<Result<HostObservation>> ObserveAsync(CancellationToken cancellationToken);

    /// <summary>Reads one VM. <see cref="FaultKind.NotFound"/> when this host has no such VM: only this answer proves absence.</summary>
    Task<Result<VmObservation>> ObserveVmAsync(VmName vm, CancellationToken cancellationToken);

    /// <summary>Starts a defined VM. Ok when it runs already.</summary>
    Task<Result<Unit>> StartAsync(VmName vm, CancellationToken cancellationToken);

    /// <summary>Asks the guest to shut down and returns at once. Ok when it is off already.</summary>
    Task<Result<Unit>> ShutDownAsync(VmName vm, CancellationToken cancellationToken);

    /// <summary>
    /// Resumes a paused VM. Only after both hosts were observed: a twin that is resumed beside a running copy corrupts its disk.
    /// </summary>
    Task<Result<Unit>> ResumeAsync(VmName vm, CancellationToken cancellationToken);

    /// <summary>
    /// Ends a copy without asking the guest (libvirt: destroy) and leaves its definition. Only for a copy that was just
    /// observed to be a duplicate or not running. Ok when it is off or gone already.
    /// </summary>
    Task<Result<Unit>> DestroyAsync(VmName vm, CancellationToken cancellationToken);

    /// <summary>Removes the definition of a VM that does not run here. Refused when it runs. Ok when there is none.</summary>
    Task<Result<Unit>> UndefineAsync(VmName vm, CancellationToken cancellationToken);

    /// <summary>
    /// Starts a live migration away from this host and returns when the job is under way (or has ended already). The job
    /// belongs to the host: it goes on when we die. The definition stays on the source, shut off, until
    /// <see cref="UndefineAsync"/>. Refused when a job is running on this VM, when the destination already has the VM, or
    /// when it is not running.
    /// </summary>
    Task<Result<Unit>> StartMigrationAsync(MigrationRequest request, CancellationToken cancellationToken);

    /// <summary>Reads the job on a VM of this host; <see cref="MigrationProgress.NoJob"/> when there is none.</summary>
    Task<Result<MigrationProgress>> ObserveMigrationAsync(VmName vm, CancellationToken cancellationToken);

    /// <summary>
    /// The job on a VM of this host and then the VM itself, as close together as the hypervisor can tell. The order matters: a
    /// job that ends between the two shows its result.
    /// </summary>
    async Task<(Result<MigrationProgress> Job, Result<VmObservation> Vm)> ObserveMovingVmAsync(VmName vm, CancellationToken cancellationToken)
    {
        var job = await ObserveMigrationAsync(vm, cancellationToken);
        return (job, await ObserveVmAsync(vm, cancellationToken));
    }

    /// <summary>Lets a held migration stop the guest for at most <paramref name="maxDowntime"/>. Ok when the job has ended already.</summary>
    Task<Result<Unit>> ReleaseSwitchOverAsync(VmName vm, TimeSpan maxDowntime, CancellationToken cancellationToken);

    /// <summary>Ends the job; the VM goes on here. Ok when there is no job. Refused once the guest may run on the destination.</summary>
    Task<Result<Unit>> AbortMigrationAsync(VmName vm, CancellationToken cancellationToken);

    /// <summary>
    /// The figures of the last finished migration of a VM, kept by the destination (and by the source while its definition
    /// stays). <see cref="FaultKind.NotFound"/> when it has none.
    /// </summary>
    Task<Result<MigrationStatistics>> CompletedMigrationAsync(VmName vm, CancellationToken cancellationToken);

    /// <summary>Changes the bandwidth of a running job, or of the VM's next one, MiB per second.</summary>
    Task<Result<Unit>> SetMigrationBandwidthAsync(VmName vm, int mibPerSecond, CancellationToken cancellationToken) =>
        Unsupported("change the bandwidth of a migration");

    /// <summary>
    /// Lets the guest of a job that allows it go on at the destination now, its pages following. No way back. Ok when it has
    /// done so already.
    /// </summary>
    Task<Result<Unit>> SwitchToPostCopyAsync(VmName vm, CancellationToken cancellationToken) => Unsupported("migrate by post-copy");

    /// <summary>
    /// Makes a new connection for a job in <see cref="MigrationPhase.PostCopyFailed"/>, with the request that started it.
    /// Returns when asked; only the states of both hosts tell whether it has worked.
    /// </summary>
    Task<Result<PostCopyRecovery>> RecoverPostCopyAsync(MigrationRequest request, CancellationToken cancellationToken) =>
        Task.FromResult<Result<PostCopyRecovery>>(CannotDo("recover a post-copy"));

    /// <summary>
    /// Gives up the connection of a job that answered <see cref="PostCopyRecovery.HeldAlive"/>, so that it can get a new one.
    /// There is no way back to the old one, and a destination that waits for a page may be unable to take a new one.
    /// </summary>
    Task<Result<Unit>> BreakPostCopyAsync(VmName vm, CancellationToken cancellationToken) => Unsupported("break a post-copy's connection");

    /// <summary>Makes a running guest stand still. Ok when it does already.</summary>
    Task<Result<Unit>> SuspendAsync(VmName vm, CancellationToken cancellationToken) => Unsupported("suspend a guest");

    /// <summary>Measures for <paramref name="window"/> how fast a guest writes, and returns after it.</summary>
    Task<Result<DirtyRate>> MeasureDirtyRateAsync(VmName vm, TimeSpan window, CancellationToken cancellationToken) =>
        Task.FromResult<Result<DirtyRate>>(CannotDo("measure how fast a guest writes"));

    /// <summary>Asks the guest of a running VM whether it is alive.</summary>
    Task<Result<GuestAnswer>> AskGuestAsync(VmName vm, CancellationToken cancellationToken) =>
        Task.FromResult<Result<GuestAnswer>>(GuestAnswer.NoAgent);

    /// <summary>Changes the sizes of VMs; null when this hypervisor can't.</summary>
    IVmScaling? Scaling => null;

    /// <summary>Knows and changes the networks of this host; null when this hypervisor can't.</summary>
    IHostNetworks? Networks => null;

    /// <summary>Reads and writes definitions of VMs; null when this hypervisor can't.</summary>
    IVmDefinitions? Definitions => null;

    /// <summary>Knows the files of VMs and copies them to other hosts; null when this hypervisor can't.</summary>
    IVmDisks? Disks => null;

    /// <summary>Looks before a migration; null when this hypervisor can't, and then only the migration itself tells.</summary>
    IMoveChecks? MoveChecks => null;

    private Task<Result<Unit>> Unsupported(string what) => Task.FromResult<Result<Unit>>(CannotDo(what));

    private HypervisorFault CannotDo(string what) => new(FaultKind.Unsupported, Host, $"This hypervisor can't {what}.");
}

/// <summary>Switches one host's machine on and off. Calls may be repeated.</summary>
public interface IHostPower
{
    HostName Host { get; }

    Task<Result<PowerState>> ObserveAsync(CancellationToken cancellationToken);

    /// <summary>Switches on; returns when the machine is told, not when it answers.</summary>
    Task<Result<Unit>> PowerOnAsync(CancellationToken cancellationToken);

    /// <summary>Switches off at once. The caller has just observed that no VM runs there.</summary>
    Task<Result<Unit>> PowerOffAsync(CancellationToken cancellationToken);
}

/// <summary>What the fleet's configuration says of one host.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Pool">Its pool.</param>
/// <param name="Priority">The host with the lowest number is emptied first.</param>
public sealed record HostEntry(HostName Name, string Pool, int Priority)
{
    /// <summary>What its own network interface carries of migrations in one direction, MiB/s; null when not known.</summary>
    public double? NetworkMiBs { get; init; }

    /// <summary>The link that its migrations share with those of other hosts; null when there is none.</summary>
    public PathLink? Link { get; init; }

    /// <summary>What runs its VMs. Only hosts of one kind exchange running VMs.</summary>
    public HypervisorKind Hypervisor { get; init; }
}

/// <summary>What runs the VMs of a host.</summary>
public enum HypervisorKind
{
    /// <summary>KVM, or QEMU's emulation, under libvirt.</summary>
    Kvm,

    /// <summary>Xen, under xl.</summary>
    Xen,
}

/// <summary>The hosts of the fleet and how to reach them.</summary>
public interface IHypervisorDirectory
{
    IReadOnlyList<HostEntry> Hosts { get; }

    /// <exception cref="KeyNotFoundException">The host is not in the fleet's configuration.</exception>
    IHypervisor Hypervisor(HostName host);

    /// <exception cref="KeyNotFoundException">The host is not in the fleet's configuration.</exception>
    IHostPower Power(HostName host);
}
