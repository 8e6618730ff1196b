using Runbooks.Fleet.Model;
using Runbooks.Fleet.Policies;
using Runbooks.Server.Fleet;

namespace Runbooks.Server.Tests.Fleet;

public sealed class ThresholdWatchTests
{
    private readonly ThresholdWatch watch = new(new Thresholds { LoadMin = 0.30, LoadMax = 0.75 });

    [Fact]
    public void A_load_that_stays_below_is_told_once()
    {
        Assert.Equal([(ThresholdWatch.AverageLoad, ThresholdWatch.Falling)], Look(0.25));
        Assert.Empty(Look(0.20));
        Assert.Empty(Look(0.29));
    }

    [Fact]
    public void A_load_that_trembles_around_the_threshold_is_told_once_until_it_has_left_the_dead_band()
    {
        _ = Look(0.29);

        Assert.Empty(Look(0.31));
        Assert.Empty(Look(0.29));
        Assert.Empty(Look(0.34));
        Assert.Single(Look(0.29));
    }

    [Fact]
    public void A_load_above_the_limit_is_told_for_the_host_and_for_the_pool()
    {
        Assert.Equal(
            [(ThresholdWatch.AverageLoad, ThresholdWatch.Rising), (ThresholdWatch.HostLoad, ThresholdWatch.Rising)],
            Look(0.80));
        Assert.Empty(Look(0.73));
        Assert.Empty(Look(0.80));
        Assert.Empty(Look(0.71));
        Assert.Equal(2, Look(0.80).Count());
    }

    [Fact]
    public void A_fleet_that_has_not_been_measured_crosses_nothing()
    {
        Assert.Empty(Look(null));
    }

    private IEnumerable<(string Metric, string Direction)> Look(double? load) => [.. watch.Look(FleetWith(load)).Select(c => (c.Metric, c.Direction))];

    private static FleetSnapshot FleetWith(double? load)
    {
        var host = new Host(new HostName("h1"), "default", 4, 4096, 1, PowerState.On, HostMode.Active);
        var vm = new Vm(new VmName("v1"), Guid.Empty, host.Name, VmState.Running, 4, 1024, load);
        return new FleetSnapshot(DateTimeOffset.UnixEpoch, [host], [vm]);
    }
}
