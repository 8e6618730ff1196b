using Runbooks.Fleet.Forecasting;
using Runbooks.Fleet.Forecasting.Quantiles;

namespace Runbooks.Fleet.Tests.Forecasting;

/// <summary>Quantiles by hand, and what they cover of loads of which is known what they are made of.</summary>
public sealed class QuantileTests
{
    private const int Learning = 100;

    [Fact]
    public void A_load_above_a_quantile_raises_it_and_one_below_lowers_it_in_the_proportion_of_the_level()
    {
        var pool = new PooledOffsets();
        var own = new OwnOffsets();
        var quantiles = new float[QuantileLevels.Count];

        // Nothing known: a usual miss of 0.05, and the pool's 1.5 of them for 90 %.
        own.Write(0.5, pool, quantiles);
        Assert.Equal(0.575, quantiles[5], 1e-6);
        Assert.Equal(0.625, quantiles[6], 1e-6);

        // 0.6 is above the one and below the other. Usual miss: a fifth of 0.1, four fifths of 0.05.
        own.Observe(0.6, 0.5, own.Scale(pool), quantiles, pool);
        own.Write(0.5, pool, quantiles);
        Assert.Equal(0.06, own.Scale(pool), 1e-9);
        Assert.Equal(0.5 + (0.06 * (1.5 + (0.3 * 0.9))), quantiles[5], 1e-6);
        Assert.Equal(0.5 + (0.06 * (2.5 - (0.45 * 0.05))), quantiles[6], 1e-6);
    }

    [Fact]
    public void Quantiles_rise_and_stay_within_0_and_1_and_lines_lie_between_them()
    {
        var quantiles = new float[QuantileLevels.Count];
        new OwnOffsets().Write(0.97, new PooledOffsets(), quantiles);

        Assert.Equal(quantiles.Order(), quantiles);
        Assert.Equal(1, quantiles[^1]);
        Assert.Equal((quantiles[4] + quantiles[5]) / 2, QuantileLevels.Between(quantiles, 0.825), 1e-6);
        Assert.Equal(quantiles[0], QuantileLevels.Between(quantiles, 0.01));
        Assert.Equal(quantiles[^1], QuantileLevels.Between(quantiles, 0.999));
    }

    [Theory]
    [InlineData("swings", 1)]
    [InlineData("swings", 3)]
    [InlineData("days", 1)]
    [InlineData("spikes", 1)]
    public void Quantiles_cover_what_they_say_over_the_fleet_and_for_each_VM(string kind, int horizon)
    {
        var loads = Loads.Many(60, seed: 11, random => kind switch
        {
            "swings" => Loads.Swings(random),
            "days" => Loads.Days(random, 96),
            _ => Loads.Spikes(random),
        });
        var options = new ForecastOptions { Horizon = horizon, StepsPerDay = 96 };
        var covered = Coverage(loads, 700, options);

        for (var level = 0; level < QuantileLevels.Count; level++)
        {
            var share = QuantileLevels.At(level);
            Assert.InRange(covered.Average(c => c[level]), share - 0.02, share + 0.02);
            Assert.All(covered, c => Assert.InRange(c[level], share - 0.06, share + 0.06));
        }
    }

    [Fact]
    public void A_load_that_does_what_no_forecaster_knows_is_covered_all_the_same()
    {
        // Each load is a little more than the one before, then it falls back: no distribution is ever met twice.
        var climb = new Func<int, double>(step => 0.1 + (0.8 * (step % 350 / 350.0)) + (0.01 * (step % 7)));
        var covered = Coverage([climb], 1400, new ForecastOptions())[0];

        Assert.InRange(covered[5], 0.88, 0.92);
        Assert.InRange(covered[1], 0.08, 0.12);
    }

    [Fact]
    public void The_offsets_of_the_fleet_come_to_lie_where_the_misses_of_its_VMs_do()
    {
        // Misses evenly from 0 to 1: each quantile is its own level.
        var pool = new PooledOffsets();
        for (var step = 0; step < 1200; step++)
        {
            for (var vm = 0; vm < 100; vm++)
            {
                pool.Add((vm + 0.5) / 100);
            }

            pool.EndStep();
        }

        for (var level = 0; level < QuantileLevels.Count; level++)
        {
            Assert.Equal(QuantileLevels.At(level), pool[level], 0.02);
        }
    }

    [Fact]
    public void The_quantiles_of_a_VM_without_a_past_are_those_of_the_fleet()
    {
        var wide = Loads.Fleet(40);
        var narrow = Loads.Fleet(40);
        var random = new Random(5);
        for (var step = 0; step < 100; step++)
        {
            var noise = Enumerable.Range(0, 40).Select(_ => Loads.Normal(random)).ToArray();
            Loads.Observe(wide, [.. noise.Select(n => Loads.Within(0.5 + (0.1 * n)))]);
            Loads.Observe(narrow, [.. noise.Select(n => Loads.Within(0.5 + (0.01 * n)))]);
        }

        Assert.InRange(Newcomer(wide), 0.08, 0.25);
        Assert.InRange(Newcomer(narrow), 0.008, 0.025);

        static double Newcomer(FleetForecaster fleet)
        {
            var slot = fleet.Track(new Fleet.Model.VmName("new"));
            Loads.Observe(fleet, [.. Enumerable.Repeat(0.5, 41)]);
            return fleet.Quantile(slot, 0.9) - fleet.Expected(slot);
        }
    }

    /// <summary>By VM and level, the share of loads that did not exceed the quantile that had been forecast for them.</summary>
    private static List<double[]> Coverage(Func<int, double>[] loads, int steps, ForecastOptions options)
    {
        var fleet = Loads.Fleet(loads.Length, options);
        var covered = loads.Select(_ => new double[QuantileLevels.Count]).ToList();
        var said = new Queue<double[][]>();
        for (var step = 0; step < steps; step++)
        {
            var now = Array.ConvertAll(loads, l => l(step));
            if (said.Count == options.Horizon)
            {
                var due = said.Dequeue();
                for (var vm = 0; vm < loads.Length && step >= Learning; vm++)
                {
                    for (var level = 0; level < QuantileLevels.Count; level++)
                    {
                        covered[vm][level] += now[vm] <= due[vm][level] ? 1.0 / (steps - Learning) : 0;
                    }
                }
            }

            fleet.Observe(now);
            said.Enqueue([.. Enumerable.Range(0, loads.Length).Select(vm => fleet.Forecast(vm)!.Quantiles.ToArray())]);
        }

        return covered;
    }
}
