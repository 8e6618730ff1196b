using Runbooks.Fleet.Migrations;
using Runbooks.Fleet.Migrations.Turns;
using Runbooks.Hypervisors.Contract;
using Runbooks.Hypervisors.Observation;
using Runbooks.Workflows.Activities;

namespace Runbooks.Activities.Migration;

/// <summary>What is asked of a migration by whoever ordered it.</summary>
/// <param name="MemoryMiB">The VM's memory, MiB.</param>
/// <param name="LimitMiBs">Most MiB/s on the wire; null for no limit.</param>
/// <param name="UsualMiBs">What the way carries where nothing is known of it, MiB/s; null: as in the settings.</param>
/// <param name="MaxDowntime">How long the guest may stand still.</param>
/// <param name="TimeLimit">Longest time of the copy.</param>
internal sealed record MigrationOrder(int MemoryMiB, int? LimitMiBs, int? UsualMiBs, TimeSpan MaxDowntime, TimeSpan TimeLimit);

/// <summary>
/// Finds out all that a migration's time depends on, before it starts. What can't be found out stays unknown: a mode is
/// chosen all the same.
/// </summary>
internal sealed class MigrationSurvey(EffectContext context, MigrationRoute route, IMigrationForecaster forecaster)
{
    /// <summary>What libvirt says of a running VM that came by migration.</summary>
    private const string CameByMigration = "migrated";

    private const int MovesRemembered = 500;

    private readonly IHypervisorDirectory hosts = context.GetRequiredService<IHypervisorDirectory>();

    /// <returns>The case, and how it is known what the guest writes; null when that is not known.</returns>
    public async Task<(MigrationCase Case, string? HowWritesAreKnown)> LookAsync(MigrationOrder order, bool canMeasure)
    {
        var (source, destination) = (hosts.Hosts.First(h => h.Name == route.Source), hosts.Hosts.First(h => h.Name == route.Destination));
        var look = hosts.Hypervisor(route.Source).ObserveVmAsync(route.Vm, context.CancellationToken);
        var earlier = await EarlierAsync();
        var bandwidth = await BandwidthAsync(order, source, destination);
        var vm = await look;
        var migration = new MigrationCase(source.Hypervisor.ToString().ToLowerInvariant(), MigrationMode.PreCopy, order.MemoryMiB, bandwidth)
        {
            ResidentMiB = vm.IsOk ? vm.Value.ResidentMiB : null,
            HasMoved = vm.IsOk && string.Equals(vm.Value.StateReason, CameByMigration, StringComparison.Ordinal),
            FreeCpuShare = FreeCpuShare(),
            MaxDowntime = order.MaxDowntime,
            MaxTime = order.TimeLimit,
        };
        var windows = canMeasure ? KnownWrites.Windows(forecaster.Predict(With(migration, earlier)), earlier is not null) : [];
        var writes = await MeasureAsync(windows) ?? earlier;
        return (With(migration, writes), writes?.How);
    }

    private static MigrationCase With(MigrationCase migration, KnownWrites? writes) => migration with { DirtyMiBs = writes?.MiBs, WorkingSetMiB = writes?.WorkingSetMiB };

    private async Task<KnownWrites?> EarlierAsync() =>
        context.Services.GetService(typeof(IMigrationHistory)) is IMigrationHistory history
            ? KnownWrites.OfEarlier(await history.ListAsync(MovesRemembered, context.CancellationToken), route.Vm, context.Clock.GetUtcNow())
            : null;

    /// <summary>The windows one after the other; null when the hypervisor has measured nothing.</summary>
    private async Task<KnownWrites?> MeasureAsync(IReadOnlyList<TimeSpan> windows)
    {
        var measured = new List<(double Seconds, double MiBs)>();
        foreach (var window in windows)
        {
            var rate = await hosts.Hypervisor(route.Source).MeasureDirtyRateAsync(route.Vm, window, context.CancellationToken);
            if (!rate.IsOk)
            {
                break;
            }

            measured.Add((rate.Value.Window.TotalSeconds, rate.Value.BytesPerSecond / 1048576.0));
        }

        return measured.Count > 0 ? KnownWrites.OfWindows(measured) : null;
    }

    /// <summary>The limit, or the share that it would get of the links that the fleet file knows, beside the migrations of this moment.</summary>
    private async Task<double> BandwidthAsync(MigrationOrder order, HostEntry source, HostEntry destination)
    {
        var path = MigrationTurn.Path(source, destination);
        var limits = context.Services.GetService(typeof(TurnLimits)) as TurnLimits ?? new TurnLimits();
        if (path.Count == 0)
        {
            return order.LimitMiBs ?? order.UsualMiBs ?? limits.UsualMiBs;
        }

        var most = order.LimitMiBs ?? double.PositiveInfinity;
        IReadOnlyList<Turn> all = context.Services.GetService(typeof(IMigrationTurns)) is IMigrationTurns turns ? await turns.ListAsync(context.CancellationToken) : [];
        var others = all.Where(t => t.IsCopying && t.GrantedAt is not null && t.Wish.Vm != route.Vm).ToList();
        var now = context.Clock.GetUtcNow();
        var own = new Turn(new TurnWish(route.Vm, context.RunId.ToString(), route.Source, route.Destination, source.Pool, path) { MostMiBs = order.LimitMiBs }, now, now, now, IsCopying: true);
        var share = BandwidthShares.Of([.. others, own], limits)[route.Vm].MiBs ?? most;

        // Where nobody is limited, TCP gives equal parts.
        return share < most ? share : Math.Min(most, path.Min(link => link.MiBs / (1 + others.Count(t => t.Wish.Path.Any(l => string.Equals(l.Name, link.Name, StringComparison.Ordinal))))));
    }

    /// <summary>Of the busier of the two hosts, as they were last seen; null when one of them was not.</summary>
    private double? FreeCpuShare()
    {
        var seen = (context.Services.GetService(typeof(FleetObserver)) as FleetObserver)?.Latest?.HostSamples
            .Where(s => s.Host == route.Source || s.Host == route.Destination).ToList();
        return seen?.Count == 2 ? Math.Clamp(1 - seen.Max(s => s.CpuLoad), 0, 1) : null;
    }
}
