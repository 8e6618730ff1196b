using Runbooks.Activities.Networks;
using Runbooks.Fleet.Migrations;
using Runbooks.Fleet.Reservations;
using Runbooks.Hypervisors.Contract;
using Runbooks.Workflows.Activities;

namespace Runbooks.Activities.Migration.Checks;

/// <summary>Looks at both hosts, at everything side by side, and lets each check judge.</summary>
internal static class MoveChecking
{
    private const int MovesRemembered = 1000;

    private static readonly IMoveCheck[] All =
        [new PoolCheck(), new LeftoverCheck(), new RoomCheck(), new CpuCheck(), new StorageCheck(), new NetworksCheck(), new HostKeyCheck(), new BandwidthCheck(), new StayCheck()];

    public static IReadOnlyList<CheckResult> Judge(MoveFacts facts) => [.. All.Select(c => c.Judge(facts))];

    public static IEnumerable<string> Names => All.Select(c => c.Name);

    public static async Task<MoveFacts> LookAsync(EffectContext context, VmObservation vm, HostEntry source, HostEntry destination, MoveWishes wishes)
    {
        var (cancellation, hosts) = (context.CancellationToken, context.GetRequiredService<IHypervisorDirectory>());
        var (from, to) = (hosts.Hypervisor(source.Name), hosts.Hypervisor(destination.Name));
        var observed = to.ObserveAsync(cancellation);
        var way = from.MoveChecks is { } peer ? Maybe(peer.TryPeerAsync(destination.Name, cancellation)) : Nothing<PeerWay>();
        var networks = PlanNetworksAsync(vm, from, to, cancellation);
        var reserved = context.GetRequiredService<IReservationLedger>().ListAsync(cancellation);
        var history = (IMigrationHistory?)context.Services.GetService(typeof(IMigrationHistory));
        var moves = wishes.MinStay > TimeSpan.Zero && history is not null ? await history.ListAsync(MovesRemembered, cancellation) : [];
        var needs = from.MoveChecks is { } here ? await here.ReadNeedsAsync(vm.Name, cancellation) : null;
        var offer = needs is { IsOk: true } && to.MoveChecks is { } there ? await there.ReadOfferAsync(needs.Value, source.Name, cancellation) : null;
        return new MoveFacts(vm, source, destination, wishes)
        {
            CanMigrateLive = from.Features.HasFlag(HypervisorFeatures.LiveMigration),
            AtDestination = await observed,
            Reserved = [.. (await reserved).Where(r => r.Destination == destination.Name && r.Vm != vm.Name)],
            Needs = needs,
            Offer = offer,
            Way = await way,
            Networks = await networks,
            MovesAreRemembered = history is not null,
            MovedAt = moves.Where(m => m.Vm == vm.Name && m.Outcome == MigrationOutcome.Moved).Select(m => (DateTimeOffset?)m.EndedAt).Max(),
            Now = context.Clock.GetUtcNow(),
        };
    }

    private static async Task<Result<NetworkPlan>?> PlanNetworksAsync(VmObservation vm, IHypervisor from, IHypervisor to, CancellationToken cancellationToken)
    {
        if (from.Networks is null || to.Networks is null)
        {
            return null;
        }

        var (here, there) = (from.Networks.ObserveAsync(cancellationToken), to.Networks.ObserveAsync(cancellationToken));
        var interfaces = await from.Networks.ReadInterfacesAsync(vm.Name, cancellationToken);
        var (atSource, atDestination) = (await here, await there);
        return (interfaces.Fault ?? atSource.Fault ?? atDestination.Fault) is { } fault
            ? fault
            : NetworkPlan.For(interfaces.Value, (from.Host, atSource.Value), (to.Host, atDestination.Value));
    }

    private static async Task<Result<T>?> Maybe<T>(Task<Result<T>> look) => await look;

    private static Task<Result<T>?> Nothing<T>() => Task.FromResult<Result<T>?>(null);
}
