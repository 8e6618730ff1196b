using Runbooks.Fleet.Model;
using Runbooks.Hypervisors.Contract;
using Runbooks.Hypervisors.Libvirt.Checks;
using Runbooks.Hypervisors.Libvirt.Networks;
using Runbooks.Hypervisors.Linux.Checks;
using Runbooks.Hypervisors.Ssh;

namespace Runbooks.Hypervisors.Libvirt;

/// <summary>One libvirt host, spoken to with <c>virsh</c> over SSH.</summary>
/// <remarks>
/// A failed command says nothing about what happened: after each failure of a change the VM is looked at, and the state
/// that is found decides whether the request is fulfilled. A lost answer stays an unknown outcome unless the state proves
/// that the request is fulfilled.
/// </remarks>
internal sealed partial class LibvirtHypervisor : IHypervisor
{
    private readonly LibvirtHost host;
    private readonly IRemoteShell shell;
    private readonly Func<HostName, (LibvirtHost Host, IHypervisor Hypervisor)?> peers;
    private readonly TimeProvider time;
    private readonly Virsh virsh;
    private readonly VmReader reader;

    /// <param name="host">How the host is reached.</param>
    /// <param name="shell">Runs programs on it.</param>
    /// <param name="peers">The other hosts of the fleet, as destinations; null for a host that is not in it.</param>
    /// <param name="time">The clock.</param>
    public LibvirtHypervisor(
        LibvirtHost host,
        IRemoteShell shell,
        Func<HostName, (LibvirtHost Host, IHypervisor Hypervisor)?> peers,
        TimeProvider time)
    {
        (this.host, this.shell, this.peers, this.time) = (host, shell, peers, time);
        virsh = new Virsh(host.Name, shell);
        reader = new VmReader(host, virsh, time);
        Scaling = new LibvirtScaling(host.Name, shell, time);
        Networks = new LibvirtNetworks(host.Name, shell, virsh);
        MoveChecks = new LibvirtMoveChecks(host.Name, shell, virsh, new PeerWays(host.Name, shell, name => peers(name) is { } peer ? PeerSsh.Way(peer.Host.MigrationUri) : null));
        Definitions = new LibvirtDefinitions(host.Name, host.DomainType, virsh, shell);
    }

    public HostName Host => host.Name;

    public IHostNetworks Networks { get; }

    public IMoveChecks MoveChecks { get; }

    public IVmDefinitions? Definitions { get; }

    public IVmDisks? Disks { get; init; }

    public HypervisorFeatures Features =>
        HypervisorFeatures.LiveMigration | HypervisorFeatures.MigrationProgress | HypervisorFeatures.AbortMigration
        | HypervisorFeatures.HoldSwitchOver | HypervisorFeatures.BandwidthLimit | HypervisorFeatures.PostCopy
        | HypervisorFeatures.Compression | HypervisorFeatures.ParallelConnections | HypervisorFeatures.AutoConverge
        | HypervisorFeatures.StoppedMigration | HypervisorFeatures.DirtyRate | HypervisorFeatures.GuestAgent;

    public IVmScaling? Scaling { get; }

    public Task<Result<HostObservation>> ObserveAsync(CancellationToken cancellationToken) => reader.ReadHostAsync(cancellationToken);

    public Task<Result<VmObservation>> ObserveVmAsync(VmName vm, CancellationToken cancellationToken) => reader.ReadVmAsync(vm, cancellationToken);

    public Task<Result<GuestAnswer>> AskGuestAsync(VmName vm, CancellationToken cancellationToken) => GuestAgent.AskAsync(virsh, vm, cancellationToken);

    public Task<Result<Unit>> StartAsync(VmName vm, CancellationToken cancellationToken) =>
        ChangeAsync(["start", vm.Value], vm, static seen => seen is { State: VmState.Running }, cancellationToken);

    public Task<Result<Unit>> ShutDownAsync(VmName vm, CancellationToken cancellationToken) =>
        ChangeAsync(["shutdown", vm.Value], vm, static seen => seen is { State: VmState.ShutOff or VmState.Crashed }, cancellationToken);

    public Task<Result<Unit>> ResumeAsync(VmName vm, CancellationToken cancellationToken) =>
        ChangeAsync(["resume", vm.Value], vm, static seen => seen is { State: VmState.Running }, cancellationToken);

    public Task<Result<Unit>> DestroyAsync(VmName vm, CancellationToken cancellationToken) =>
        ChangeAsync(["destroy", vm.Value], vm, static seen => seen is null or { State: VmState.ShutOff }, cancellationToken);

    public Task<Result<Unit>> SuspendAsync(VmName vm, CancellationToken cancellationToken) =>
        ChangeAsync(["suspend", vm.Value], vm, static seen => seen is { State: VmState.Paused }, cancellationToken);

    /// <remarks>
    /// libvirt would accept this for a running VM and make it transient, so the state is read first. A start in between is
    /// kept away by the run that holds the VM, not by this check.
    /// </remarks>
    public async Task<Result<Unit>> UndefineAsync(VmName vm, CancellationToken cancellationToken)
    {
        var seen = await ObserveVmAsync(vm, cancellationToken);
        if (!seen.IsOk)
        {
            return seen.Fault.Kind == FaultKind.NotFound ? default(Unit) : seen.Fault;
        }

        if (seen.Value.State is not (VmState.ShutOff or VmState.Crashed))
        {
            return new HypervisorFault(
                FaultKind.Refused,
                Host,
                $"VM '{vm}' is {seen.Value.State} ({seen.Value.StateReason}) here; its definition is not removed.",
                "Only the definition of a VM that does not run here may go.");
        }

        // NVRAM lies on storage that the running copy elsewhere uses.
        return await ChangeAsync(["undefine", "--keep-nvram", vm.Value], vm, static left => left is null, cancellationToken);
    }

    /// <summary>Makes a change; if that fails, looks whether what was wanted is so all the same.</summary>
    /// <param name="words">virsh's words.</param>
    /// <param name="vm">The VM.</param>
    /// <param name="fulfilled">True for the state that was wanted; the argument is null when the host has no such VM.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    private async Task<Result<Unit>> ChangeAsync(
        IReadOnlyList<string> words,
        VmName vm,
        Func<VmObservation?, bool> fulfilled,
        CancellationToken cancellationToken)
    {
        var changed = await virsh.ChangeAsync(words, cancellationToken);
        if (changed.IsOk || changed.Fault.Kind is FaultKind.Unreachable or FaultKind.HostKeyRejected)
        {
            return changed;
        }

        var seen = await ObserveVmAsync(vm, cancellationToken);
        var known = seen.IsOk || seen.Fault.Kind == FaultKind.NotFound;
        return known && fulfilled(seen.IsOk ? seen.Value : null) ? default(Unit) : changed;
    }
}
