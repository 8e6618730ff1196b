using Runbooks.Fleet.Model;
using Runbooks.Hypervisors.Contract;

namespace Runbooks.Hypervisors.Simulated;

/// <summary>The driver of one host of a <see cref="SimulatedFleet"/>.</summary>
public sealed class SimulatedHypervisor : IHypervisor
{
    private readonly SimulatedFleet fleet;
    private readonly FaultyPath path;

    internal SimulatedHypervisor(SimulatedFleet fleet, HostName host)
    {
        this.fleet = fleet;
        Host = host;
        path = new FaultyPath(fleet, host);
        Scaling = new SimulatedScaling(this);
        Networks = new SimulatedNetworks(this);
        MoveChecks = new SimulatedMoveChecks(this);
        Definitions = new SimulatedDefinitions(this);
        Disks = new SimulatedDisks(this, fleet);
    }

    public HostName Host { get; }

    public IHostNetworks Networks { get; }

    public IMoveChecks MoveChecks { get; }

    public IVmDefinitions Definitions { get; }

    public IVmDisks Disks { get; }

    public HypervisorFeatures Features =>
        HypervisorFeatures.LiveMigration
        | HypervisorFeatures.MigrationProgress
        | HypervisorFeatures.AbortMigration
        | HypervisorFeatures.HoldSwitchOver
        | HypervisorFeatures.BandwidthLimit
        | HypervisorFeatures.PostCopy
        | HypervisorFeatures.Compression
        | HypervisorFeatures.ParallelConnections
        | HypervisorFeatures.AutoConverge
        | HypervisorFeatures.StoppedMigration
        | HypervisorFeatures.DirtyRate
        | HypervisorFeatures.GuestAgent;

    public IVmScaling? Scaling { get; }

    public Task<Result<HostObservation>> ObserveAsync(CancellationToken cancellationToken) =>
        AskAsync(SimulatedOperation.Observe, null, r => r.Observe(), cancellationToken);

    public Task<Result<VmObservation>> ObserveVmAsync(VmName vm, CancellationToken cancellationToken) =>
        AskAsync(SimulatedOperation.ObserveVm, vm, r => r.ObserveVm(vm), cancellationToken);

    public Task<Result<Unit>> StartAsync(VmName vm, CancellationToken cancellationToken) =>
        AskAsync(SimulatedOperation.Start, vm, r => r.Start(vm), cancellationToken);

    public Task<Result<Unit>> ShutDownAsync(VmName vm, CancellationToken cancellationToken) =>
        AskAsync(SimulatedOperation.ShutDown, vm, r => r.ShutDown(vm), cancellationToken);

    public Task<Result<Unit>> ResumeAsync(VmName vm, CancellationToken cancellationToken) =>
        AskAsync(SimulatedOperation.Resume, vm, r => r.Resume(vm), cancellationToken);

    public Task<Result<Unit>> DestroyAsync(VmName vm, CancellationToken cancellationToken) =>
        AskAsync(SimulatedOperation.Destroy, vm, r => r.Destroy(vm), cancellationToken);

    public Task<Result<Unit>> UndefineAsync(VmName vm, CancellationToken cancellationToken) =>
        AskAsync(SimulatedOperation.Undefine, vm, r => r.Undefine(vm), cancellationToken);

    public Task<Result<Unit>> StartMigrationAsync(MigrationRequest request, CancellationToken cancellationToken) =>
        AskAsync(SimulatedOperation.StartMigration, request.Vm, r => r.StartMigration(request), cancellationToken);

    public Task<Result<MigrationProgress>> ObserveMigrationAsync(VmName vm, CancellationToken cancellationToken) =>
        AskAsync(SimulatedOperation.ObserveMigration, vm, r => r.ObserveMigration(vm), cancellationToken);

    public Task<Result<Unit>> ReleaseSwitchOverAsync(VmName vm, TimeSpan maxDowntime, CancellationToken cancellationToken) =>
        AskAsync(SimulatedOperation.ReleaseSwitchOver, vm, r => r.ReleaseSwitchOver(vm, maxDowntime), cancellationToken);

    public Task<Result<Unit>> AbortMigrationAsync(VmName vm, CancellationToken cancellationToken) =>
        AskAsync(SimulatedOperation.AbortMigration, vm, r => r.AbortMigration(vm), cancellationToken);

    public Task<Result<MigrationStatistics>> CompletedMigrationAsync(VmName vm, CancellationToken cancellationToken) =>
        AskAsync(SimulatedOperation.CompletedMigration, vm, r => r.CompletedMigration(vm), cancellationToken);

    public Task<Result<Unit>> SetMigrationBandwidthAsync(VmName vm, int mibPerSecond, CancellationToken cancellationToken) =>
        AskAsync(SimulatedOperation.SetMigrationBandwidth, vm, r => r.SetMigrationBandwidth(vm, mibPerSecond), cancellationToken);

    public Task<Result<Unit>> SwitchToPostCopyAsync(VmName vm, CancellationToken cancellationToken) =>
        AskAsync(SimulatedOperation.SwitchToPostCopy, vm, r => r.SwitchToPostCopy(vm), cancellationToken);

    public Task<Result<PostCopyRecovery>> RecoverPostCopyAsync(MigrationRequest request, CancellationToken cancellationToken) =>
        AskAsync(SimulatedOperation.RecoverPostCopy, request.Vm, r => r.RecoverPostCopy(request), cancellationToken);

    public Task<Result<Unit>> SuspendAsync(VmName vm, CancellationToken cancellationToken) =>
        AskAsync(SimulatedOperation.Suspend, vm, r => r.Suspend(vm), cancellationToken);

    public async Task<Result<DirtyRate>> MeasureDirtyRateAsync(VmName vm, TimeSpan window, CancellationToken cancellationToken)
    {
        await Task.Delay(window, fleet.Time, cancellationToken);
        return await AskAsync(SimulatedOperation.MeasureDirtyRate, vm, r => r.MeasureDirtyRate(vm, window), cancellationToken);
    }

    public Task<Result<GuestAnswer>> AskGuestAsync(VmName vm, CancellationToken cancellationToken) =>
        AskAsync(SimulatedOperation.AskGuest, vm, r => r.AskGuest(vm), cancellationToken);

    /// <summary>Asks something of the world, if the host can be reached.</summary>
    internal Task<Result<T>> AskAsync<T>(SimulatedOperation operation, VmName? vm, Func<WorldState, HostState, Result<T>> ask, CancellationToken cancellationToken) =>
        path.SendAsync(operation, vm, world => Answer(world, ask), cancellationToken);

    internal Task<Result<T>> AskAsync<T>(
        SimulatedOperation operation,
        VmName? vm,
        Func<Requests, Result<T>> ask,
        CancellationToken cancellationToken) =>
        AskAsync(operation, vm, (world, host) => ask(new Requests(world, host, fleet.Time.GetUtcNow())), cancellationToken);

    private Result<T> Answer<T>(WorldState world, Func<WorldState, HostState, Result<T>> ask)
    {
        var host = world.Host(Host);
        if (host.Cut || host.Power != PowerState.On || world.Now < host.ReadyAt)
        {
            return new HypervisorFault(
                FaultKind.Unreachable,
                Host,
                "The host does not answer.",
                "Check its power and its network.");
        }

        return ask(world, host);
    }
}
