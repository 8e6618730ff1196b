using Runbooks.Fleet.Forecasting;
using Runbooks.Fleet.Forecasting.Hosts;
using Runbooks.Fleet.Model;

namespace Runbooks.Fleet.Tests.Forecasting;

/// <summary>What VMs need together.</summary>
public sealed class HostNeedTests
{
    private static readonly HostNeedOptions Options = new() { Sigmas = 3, Level = 0.99 };

    [Fact]
    public void VMs_that_balance_each_other_need_less_than_VMs_that_rise_together()
    {
        var fleet = Loads.Fleet(3);
        var random = new Random(41);
        for (var step = 0; step < 200; step++)
        {
            var noise = Math.Clamp(0.1 * Loads.Normal(random), -0.4, 0.4);
            Loads.Observe(fleet, 0.5 + noise, 0.5 - noise, 0.5 + noise);
        }

        var against = HostNeed.Of(fleet, [new HostPart(0, 4), new HostPart(1, 4)], Options);
        var together = HostNeed.Of(fleet, [new HostPart(0, 4), new HostPart(2, 4)], Options);

        Assert.True(against.Usable && together.Usable);
        Assert.Equal(4, against.ExpectedCores, 0.5);
        Assert.Equal(4, against.Cores, 0.5);
        Assert.InRange(together.Cores, 4 + (0.8 * 2.3), 4 + (0.8 * 4));
    }

    [Fact]
    public void The_larger_of_deviation_and_quantile_is_taken()
    {
        // Nine steps of ten nothing, then a burst: the quantile sees it, one standard deviation does not.
        var fleet = Loads.Fleet(1);
        for (var step = 0; step < 220; step++)
        {
            Loads.Observe(fleet, step % 10 == 0 ? 0.9 : 0.1);
        }

        var need = HostNeed.Of(fleet, [new HostPart(0, 2)], new HostNeedOptions { Sigmas = 1, Level = 0.97 });
        Assert.True(need.ByDeviation < 1);
        Assert.InRange(need.ByQuantile, 1.5, 1.9);
        Assert.Equal(need.ByQuantile, need.Cores);

        var careful = HostNeed.Of(fleet, [new HostPart(0, 2)], new HostNeedOptions { Sigmas = 5, Level = 0.5 });
        Assert.Equal(careful.ByDeviation, careful.Cores);
        Assert.True(careful.ByDeviation > careful.ByQuantile);
    }

    [Fact]
    public void The_need_of_several_steps_covers_their_highest_load()
    {
        var fleet = Loads.Fleet(20);
        var loads = Loads.Many(20, seed: 42, Loads.Spikes);
        HostPart[] host = [.. Enumerable.Range(0, 20).Select(slot => new HostPart(slot, 1))];
        var said = new Queue<(double One, double Six)>();
        var next = new List<double>();
        int checks = 0, aboveOne = 0, aboveSix = 0;
        for (var step = 0; step < 1500; step++)
        {
            var now = Array.ConvertAll(loads, l => l(step));
            next.Add(now.Sum());
            if (said.Count == 6)
            {
                var (one, six) = said.Dequeue();
                checks++;
                aboveOne += next[^6] > one ? 1 : 0;
                aboveSix += next[^6..].Max() > six ? 1 : 0;
            }

            fleet.Observe(now);
            if (step >= 150)
            {
                said.Enqueue((Need(1), Need(6)));
            }
        }

        Assert.InRange(aboveOne / (double)checks, 0.02, 0.12);
        Assert.InRange(aboveSix / (double)checks, 0.02, 0.14);

        double Need(int steps) => HostNeed.Of(fleet, host, new HostNeedOptions { Sigmas = 0, Level = 0.92, Steps = steps }).Cores;
    }

    [Fact]
    public void Without_enough_of_a_common_past_each_VM_counts_with_its_own_quantile_or_its_load()
    {
        var fleet = Loads.Fleet(2);
        for (var step = 0; step < 10; step++)
        {
            Loads.Observe(fleet, 0.3, 0.5);
        }

        var need = HostNeed.Of(fleet, [new HostPart(0, 2), new HostPart(1, 4)], Options);
        Assert.False(need.Usable);
        Assert.InRange(need.Observed, 1, 10);
        var own = (2 * Math.Max(0.3, fleet.Quantile(0, 0.99))) + (4 * Math.Max(0.5, fleet.Quantile(1, 0.99)));
        Assert.Equal(own, need.Cores, 1e-3);
    }

    [Fact]
    public void A_VM_that_was_never_measured_counts_in_full()
    {
        var fleet = Loads.Fleet(1);
        for (var step = 0; step < 100; step++)
        {
            Loads.Observe(fleet, 0.25);
        }

        var slot = fleet.Track(new VmName("unmeasured"));
        var need = HostNeed.Of(fleet, [new HostPart(0, 4), new HostPart(slot, 8)], Options);
        Assert.False(need.Usable);
        Assert.InRange(need.Cores, 9, 9.2);
    }

    [Fact]
    public void A_VM_that_has_just_changed_counts_at_least_with_what_it_uses_now()
    {
        var fleet = Loads.Fleet(2);
        var random = new Random(43);
        for (var step = 0; step < 200; step++)
        {
            Loads.Observe(fleet, 0.1 + (0.01 * random.NextDouble()), 0.3 + (0.01 * random.NextDouble()));
        }

        Loads.Observe(fleet, 0.9, 0.3);

        Assert.False(fleet.Usable(0));
        var need = HostNeed.Of(fleet, [new HostPart(0, 1), new HostPart(1, 1)], new HostNeedOptions { Sigmas = 0, Level = 0.5 });
        Assert.False(need.Usable);
        Assert.True(need.Cores > 1.15, $"{need}");
    }

    [Theory]
    [InlineData(7, 0.9, 1)]
    [InlineData(2, 1.1, 1)]
    [InlineData(2, 0.9, 13)]
    public void Options_out_of_range_are_refused(double sigmas, double level, int steps) =>
        Assert.Throws<ArgumentOutOfRangeException>(() =>
            HostNeed.Of(Loads.Fleet(1), [], new HostNeedOptions { Sigmas = sigmas, Level = level, Steps = steps }));
}
