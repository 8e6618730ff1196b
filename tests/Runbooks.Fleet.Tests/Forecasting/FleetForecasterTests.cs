using Runbooks.Fleet.Forecasting;
using Runbooks.Fleet.Forecasting.Forecasters;
using Runbooks.Fleet.Model;

namespace Runbooks.Fleet.Tests.Forecasting;

/// <summary>Slots, choice by VM, and that the same loads give the same forecasts.</summary>
public sealed class FleetForecasterTests
{
    [Fact]
    public void Each_VM_gets_the_forecaster_that_suits_it()
    {
        var random = new Random(51);
        var walk = 0.5;
        var fleet = Loads.Fleet(4, new ForecastOptions { StepsPerDay = 24 });
        double[] shape = [.. Enumerable.Range(0, 24).Select(_ => random.NextDouble())];
        for (var step = 0; step < 400; step++)
        {
            walk = Math.Clamp(walk + (0.03 * Loads.Normal(random)), 0.05, 0.95);
            var ramp = 0.1 + (0.8 * Math.Abs((step % 200 / 100.0) - 1));
            Loads.Observe(fleet, walk, shape[step % 24], ramp, Loads.Within(0.5 + (0.1 * Loads.Normal(random))));
        }

        Assert.Contains(fleet.Forecast(0)!.By, new[] { ForecasterKind.LastValue, ForecasterKind.Autoregression });
        Assert.Contains(fleet.Forecast(1)!.By, new[] { ForecasterKind.SameTimeYesterday, ForecasterKind.SameTimeLastWeek, ForecasterKind.HoltWinters });
        Assert.Equal(ForecasterKind.Regression, fleet.Forecast(2)!.By);
        Assert.Contains(fleet.Forecast(3)!.By, new[] { ForecasterKind.Mean, ForecasterKind.Ewma, ForecasterKind.Autoregression, ForecasterKind.HoltWinters });
        Assert.Equal(shape[400 % 24], fleet.Expected(1), 0.01);
    }

    [Fact]
    public void A_weeks_shape_is_found_when_a_day_has_none()
    {
        var random = new Random(52);
        double[] week = [.. Enumerable.Range(0, 7 * 12).Select(_ => random.NextDouble())];
        var fleet = Loads.Fleet(1, new ForecastOptions { StepsPerDay = 12 });
        for (var step = 0; step < week.Length * 3; step++)
        {
            Loads.Observe(fleet, week[step % week.Length]);
        }

        Assert.Equal(ForecasterKind.SameTimeLastWeek, fleet.Forecast(0)!.By);
        Assert.Equal(week[0], fleet.Expected(0), 1e-3);
    }

    [Fact]
    public void The_same_loads_give_the_same_forecasts_to_the_bit()
    {
        Assert.Equal(Play(seed: 61), Play(seed: 61));
        Assert.NotEqual(Play(seed: 61), Play(seed: 62));

        static List<double> Play(int seed)
        {
            var fleet = Loads.Fleet(30);
            var loads = Loads.Many(30, seed, Loads.Spikes);
            for (var step = 0; step < 150; step++)
            {
                fleet.Observe(Array.ConvertAll(loads, l => l(step)));
            }

            return [.. Enumerable.Range(0, 30).SelectMany(vm => fleet.Forecast(vm)!.Quantiles
                .Append(fleet.Expected(vm)).Append(fleet.RiseProbability(vm)))];
        }
    }

    [Fact]
    public void A_slot_of_a_VM_that_is_gone_is_given_to_another_which_inherits_nothing()
    {
        var fleet = Loads.Fleet(3);
        for (var step = 0; step < 60; step++)
        {
            Loads.Observe(fleet, 0.1, 0.9, 0.2);
        }

        fleet.Forget(new VmName("vm1"));
        fleet.Forget(new VmName("nobody"));
        Loads.Observe(fleet, 0.1, double.NaN, 0.2);
        Assert.Null(fleet.Forecast(1));
        Assert.Null(fleet.Forecast(new VmName("vm1")));

        Assert.Equal(1, fleet.Track(new VmName("new")));
        Assert.Equal(0, fleet.Track(new VmName("vm0")));
        Assert.Equal(3, fleet.Capacity);
        Loads.Observe(fleet, 0.1, 0.3, 0.2);
        Assert.Equal(0.3, fleet.Expected(1), 1e-3);
        Assert.Equal(0, fleet.Forecast(new VmName("new"))!.Calibration.Checks);
        Assert.False(fleet.Forecast(0)!.Reacts);
    }

    [Fact]
    public void Several_steps_ahead_are_forecast_and_checked_when_they_have_come()
    {
        var fleet = Loads.Fleet(1, new ForecastOptions { Horizon = 3 });
        for (var step = 0; step < 40; step++)
        {
            Loads.Observe(fleet, 0.1 + (step * 0.01));
            Assert.Equal(Math.Max(0, step - 2), fleet.Forecast(0)!.Calibration.Checks);
        }

        Assert.Equal(ForecasterKind.Regression, fleet.Forecast(0)!.By);
        Assert.Equal(0.1 + (42 * 0.01), fleet.Expected(0), 1e-3);
    }

    [Fact]
    public void Loads_out_of_range_and_steps_of_the_wrong_size_are_refused_and_change_nothing()
    {
        var fleet = Loads.Fleet(2);
        Loads.Observe(fleet, 0.2, 0.2);

        var size = Assert.Throws<ArgumentException>(() => Loads.Observe(fleet, 0.2));
        Assert.StartsWith("A step has 1 loads for 2 slots; give one load for each slot.", size.Message, StringComparison.Ordinal);
        var range = Assert.Throws<ArgumentException>(() => Loads.Observe(fleet, 0.2, 1.5));
        Assert.StartsWith("The load of vm1 is 1.5; it can be from 0 to 1, or NaN when it was not measured.", range.Message, StringComparison.Ordinal);
        Assert.Equal(0, fleet.Forecast(0)!.Calibration.Checks);
    }

    [Fact]
    public void Options_out_of_range_are_refused_by_name()
    {
        Refuses(new ForecastOptions { Horizon = 0 }, "Horizon is 0; it can be from 1 to 12.");
        Refuses(new ForecastOptions { StepsPerDay = 1 }, "StepsPerDay is 1; it can be from 2 to 1440.");
        Refuses(new ForecastOptions { ChecksNeeded = 49 }, "ChecksNeeded is 49; it can be from 8 to 48.");
        Refuses(new ForecastOptions { DeadBand = double.NaN }, "DeadBand is NaN; it can be from 0 to 0.2.");
        Refuses(new ForecastOptions { PrecisionGoal = 1.2 }, "PrecisionGoal is 1.2; it can be from 0 to 1.");
        Refuses(new ForecastOptions { Thresholds = new() { LowBelow = 0.7 } }, "LowBelow is 0.7; it can be from 0 to 0.6.");

        static void Refuses(ForecastOptions options, string message) => Assert.StartsWith(
            message,
            Assert.Throws<ArgumentOutOfRangeException>(() => new FleetForecaster(options)).Message,
            StringComparison.Ordinal);
    }
}
