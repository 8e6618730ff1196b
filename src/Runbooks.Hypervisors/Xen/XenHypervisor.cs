using Runbooks.Fleet.Model;
using Runbooks.Hypervisors.Contract;
using Runbooks.Hypervisors.Linux.Checks;
using Runbooks.Hypervisors.Ssh;
using Runbooks.Hypervisors.Xen.Answers;

namespace Runbooks.Hypervisors.Xen;

/// <summary>One Xen host, spoken to with <c>xl</c> over SSH.</summary>
/// <remarks>
/// <para>xl keeps no definitions, so a VM is defined on a host when the host's folder of definitions has its file.</para>
/// <para>As with libvirt, a failed command says nothing about what happened: the VM is looked at, and what is found decides.</para>
/// </remarks>
internal sealed partial class XenHypervisor : IHypervisor
{
    private readonly XenHost host;
    private readonly IRemoteShell shell;
    private readonly Func<HostName, (XenHost Host, IHypervisor Hypervisor)?> peers;
    private readonly TimeProvider time;
    private readonly Xl xl;
    private readonly XenReader reader;

    /// <param name="host">How the host is reached.</param>
    /// <param name="shell">Runs programs on it.</param>
    /// <param name="peers">The other Xen hosts of the fleet, as destinations; null for a host that is not one.</param>
    /// <param name="time">The clock.</param>
    public XenHypervisor(XenHost host, IRemoteShell shell, Func<HostName, (XenHost Host, IHypervisor Hypervisor)?> peers, TimeProvider time)
    {
        (this.host, this.shell, this.peers, this.time) = (host, shell, peers, time);
        xl = new Xl(host.Name, shell);
        reader = new XenReader(host, xl, time);
        Definitions = new XenDefinitions(host, shell, xl, reader);
        var configurations = new XenConfigReader(host, xl);
        Scaling = new XenScaling(host, xl, reader, configurations, time);
        Networks = new XenNetworks(host, shell, configurations);
        MoveChecks = new XenMoveChecks(host, shell, configurations, new PeerWays(host.Name, shell, name => peers(name) is { } peer ? XenWay.To(peer.Host) : null));
    }

    public HostName Host => host.Name;

    /// <summary>xl tells no figures of a migration, can't hold or slow it, and knows no other way of copying.</summary>
    public HypervisorFeatures Features => HypervisorFeatures.LiveMigration | HypervisorFeatures.AbortMigration | HypervisorFeatures.EndsOnlyHalfCopies;

    public IVmDefinitions? Definitions { get; }

    public IVmScaling Scaling { get; }

    public IHostNetworks Networks { get; }

    public IMoveChecks MoveChecks { get; }

    public IVmDisks? Disks { get; init; }

    public Task<Result<HostObservation>> ObserveAsync(CancellationToken cancellationToken) => reader.ReadHostAsync(cancellationToken);

    public async Task<Result<VmObservation>> ObserveVmAsync(VmName vm, CancellationToken cancellationToken)
    {
        var at = time.GetUtcNow();
        var seen = await reader.ReadVmAsync(vm, cancellationToken);
        return !seen.IsOk ? seen.Fault
            : seen.Value.IsAbsent ? Absent(vm)
            : seen.Value.Observe(at);
    }

    public async Task<Result<Unit>> StartAsync(VmName vm, CancellationToken cancellationToken)
    {
        var seen = await ObserveVmAsync(vm, cancellationToken);
        return !seen.IsOk ? seen.Fault
            : seen.Value.State == VmState.Running ? default(Unit)
            : seen.Value.State != VmState.ShutOff ? Refuse(seen.Value, "is not started")
            : await ChangeAsync(XenScripts.Start(host, vm), $"create {vm}", vm, static s => s is { State: VmState.Running }, cancellationToken);
    }

    public async Task<Result<Unit>> ShutDownAsync(VmName vm, CancellationToken cancellationToken)
    {
        var seen = await ObserveVmAsync(vm, cancellationToken);
        return !seen.IsOk ? seen.Fault
            : seen.Value.State is VmState.ShutOff or VmState.Crashed ? default(Unit)
            : seen.Value.State != VmState.Running ? Refuse(seen.Value, "can't hear that it is to shut down")
            : await ChangeAsync(XenScripts.ShutDown(vm), $"shutdown {vm}", vm, static s => s is { State: VmState.ShutOff or VmState.Crashed }, cancellationToken);
    }

    /// <remarks>
    /// A domain that suspended itself for a migration is resumed under its own name, also when xl had already given it
    /// another one to make room for its successor: who calls this has just seen that there is none.
    /// </remarks>
    public async Task<Result<Unit>> ResumeAsync(VmName vm, CancellationToken cancellationToken)
    {
        var sight = await reader.ReadVmAsync(vm, cancellationToken);
        if (!sight.IsOk)
        {
            return sight.Fault;
        }

        if (sight.Value.IsAbsent)
        {
            return Absent(vm);
        }

        var seen = sight.Value.Observe(time.GetUtcNow());
        return seen.State == VmState.Running ? default(Unit)
            : seen.State != VmState.Paused || sight.Value.Job is not null || sight.Value.Domains is not [{ Role: DomainRole.Itself or DomainRole.MigratedAway }] ? Refuse(seen, "is not resumed")
            : await ChangeAsync(XenScripts.Resume(vm), $"unpause {vm}", vm, static s => s is { State: VmState.Running }, cancellationToken);
    }

    public async Task<Result<Unit>> SuspendAsync(VmName vm, CancellationToken cancellationToken)
    {
        var seen = await ObserveVmAsync(vm, cancellationToken);
        return !seen.IsOk ? seen.Fault
            : seen.Value.State == VmState.Paused ? default(Unit)
            : seen.Value.State != VmState.Running ? Refuse(seen.Value, "can't be made to stand still")
            : await ChangeAsync(XenScripts.Pause(vm), $"pause {vm}", vm, static s => s is { State: VmState.Paused }, cancellationToken);
    }

    /// <remarks>Only the copies that were just seen are ended: half a copy that becomes a whole one meanwhile is left alone.</remarks>
    public async Task<Result<Unit>> DestroyAsync(VmName vm, CancellationToken cancellationToken)
    {
        var seen = await reader.ReadVmAsync(vm, cancellationToken);
        return !seen.IsOk ? seen.Fault
            : seen.Value.Domains.Count == 0 ? default(Unit)
            : await ChangeAsync(XenScripts.Destroy(seen.Value), $"destroy {vm}", vm, static s => s is null or { State: VmState.ShutOff }, cancellationToken);
    }

    public async Task<Result<Unit>> UndefineAsync(VmName vm, CancellationToken cancellationToken)
    {
        var seen = await ObserveVmAsync(vm, cancellationToken);
        if (!seen.IsOk)
        {
            return seen.Fault.Kind == FaultKind.NotFound ? default(Unit) : seen.Fault;
        }

        return seen.Value.State is VmState.ShutOff or VmState.Crashed
            ? await ChangeAsync(XenScripts.Undefine(host, vm), $"definition of {vm}", vm, static s => s is null, cancellationToken)
            : Refuse(seen.Value, "keeps its definition");
    }

    /// <summary>Makes a change; if that fails, looks whether what was wanted is so all the same.</summary>
    private async Task<Result<Unit>> ChangeAsync(
        RemoteCommand command,
        string what,
        VmName vm,
        Func<VmObservation?, bool> fulfilled,
        CancellationToken cancellationToken)
    {
        var changed = await xl.ChangeAsync(command, what, cancellationToken);
        if (changed.IsOk || changed.Fault.Kind is FaultKind.Unreachable or FaultKind.HostKeyRejected)
        {
            return changed;
        }

        var seen = await ObserveVmAsync(vm, cancellationToken);
        var known = seen.IsOk || seen.Fault.Kind == FaultKind.NotFound;
        return known && fulfilled(seen.IsOk ? seen.Value : null) ? default(Unit) : changed;
    }

    private HypervisorFault Absent(VmName vm) => new(FaultKind.NotFound, Host, $"There is no VM '{vm}' here.");

    private HypervisorFault Refuse(VmObservation seen, string what) =>
        new(FaultKind.Refused, Host, $"VM '{seen.Name}' is {seen.State} ({seen.StateReason}) here; it {what}.");
}
