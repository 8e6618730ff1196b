using Runbooks.Fleet.Forecasting;
using Runbooks.Fleet.Forecasting.Quantiles;

namespace Runbooks.Fleet.Tests.Forecasting;

/// <summary>When forecasts say of themselves that they are not to be relied on, and what is said in their place.</summary>
public sealed class CalibrationTests
{
    private static readonly float[] Quantiles = [0.1f, 0.15f, 0.2f, 0.3f, 0.4f, 0.5f, 0.6f, 0.8f];

    [Fact]
    public void Forecasts_that_were_not_checked_often_enough_say_so_and_the_load_stands_in()
    {
        var fleet = Loads.Fleet(1);
        var random = new Random(3);
        for (var step = 0; step < 25; step++)
        {
            Loads.Observe(fleet, 0.3 + (0.02 * random.NextDouble()));
            var forecast = fleet.Forecast(0)!;

            Assert.Equal(step < 24, forecast.Reacts);
            Assert.Equal(step < 24 ? CalibrationProblem.TooFewChecks : CalibrationProblem.None, forecast.Calibration.Problem);
            Assert.Equal(!forecast.Reacts, fleet.Usable(0));
            if (forecast.Reacts)
            {
                Assert.Equal(forecast.Measured, forecast.Expected);
                Assert.False(forecast.RiseForetold);
                Assert.Equal($"{step} forecasts checked so far, 24 are needed", forecast.Calibration.Reason);
            }
        }

        Assert.NotEqual(fleet.Forecast(0)!.Measured, fleet.Forecast(0)!.Expected);
        Assert.Null(fleet.Forecast(0)!.Calibration.Reason);
    }

    [Fact]
    public void A_VM_that_does_something_new_is_reacted_to_until_it_is_known_again()
    {
        var fleet = Loads.Fleet(1);
        var random = new Random(4);
        for (var step = 0; step < 200; step++)
        {
            Loads.Observe(fleet, 0.1 + (0.01 * random.NextDouble()));
        }

        Assert.False(fleet.Forecast(0)!.Reacts);
        for (var step = 0; step < 4; step++)
        {
            Loads.Observe(fleet, 0.85 + (0.01 * random.NextDouble()));
            var forecast = fleet.Forecast(0)!;
            Assert.Equal(0.85, forecast.Expected, 0.015);
            if (step < 2)
            {
                Assert.Equal(CalibrationProblem.Changed, forecast.Calibration.Problem);
                Assert.Equal(forecast.Measured, forecast.Expected);
            }
        }

        for (var step = 0; step < 60; step++)
        {
            Loads.Observe(fleet, 0.85 + (0.01 * random.NextDouble()));
        }

        Assert.False(fleet.Forecast(0)!.Reacts);
        Assert.InRange(fleet.Forecast(0)!.Expected, 0.84, 0.87);
    }

    [Fact]
    public void One_load_is_a_change_when_it_is_further_out_than_the_quantiles_span()
    {
        var record = new CalibrationRecord();
        float[] narrow = [0.10f, 0.11f, 0.12f, 0.13f, 0.14f, 0.15f, 0.16f, 0.20f];
        for (var i = 0; i < 30; i++)
        {
            record.Observe(0.13, narrow);
        }

        record.Observe(0.34, narrow);
        Assert.Equal(CalibrationProblem.None, record.Say(24).Problem);
        record.Observe(0.36, narrow);
        Assert.Equal("the last load lay far outside of all quantiles: the load has changed", record.Say(24).Reason);
        record.Observe(0.13, narrow);
        Assert.Equal("the load before the last lay far outside of all quantiles: the load has changed", record.Say(24).Reason);
        record.Observe(0.13, narrow);
        Assert.Equal(CalibrationProblem.None, record.Say(24).Problem);
    }

    [Fact]
    public void Three_of_four_loads_far_outside_on_one_side_are_a_change()
    {
        Assert.Equal(CalibrationProblem.None, After(0.7, 0.3, 0.7, 0.3).Problem);
        Assert.Equal(CalibrationProblem.Changed, After(0.7, 0.3, 0.7, 0.7).Problem);
        Assert.Equal(CalibrationProblem.None, After(0.7, 0.3, 0.05, 0.7).Problem);
        Assert.Equal("3 of the last 4 loads lay below the 5 % quantile: the load has changed", After(0.05, 0.05, 0.3, 0.05).Reason);
    }

    [Fact]
    public void More_loads_outside_than_chance_allows_are_said_with_their_number()
    {
        Assert.Equal(CalibrationProblem.None, Spread(12, 0.55).Problem);
        var off = Spread(13, 0.55);
        Assert.Equal(CalibrationProblem.Off, off.Problem);
        Assert.Equal("13 of the last 48 loads lay above the 90 % quantile, about 5 should", off.Reason);
        Assert.Equal(35 / 48.0, off.BelowNinety, 1e-9);
        Assert.Equal("13 of the last 48 loads lay below the 10 % quantile, about 5 should", Spread(13, 0.12).Reason);
    }

    [Fact]
    public void A_VM_that_was_not_measured_is_unknown_and_keeps_its_past()
    {
        var fleet = Loads.Fleet(2);
        Loads.Observe(fleet, 0.4, double.NaN);
        Assert.Null(fleet.Forecast(1));
        Assert.Equal(double.NaN, fleet.Expected(1));
        Assert.False(fleet.Usable(1));
        for (var step = 0; step < 50; step++)
        {
            Loads.Observe(fleet, 0.4, 0.2);
        }

        Loads.Observe(fleet, double.NaN, 0.2);
        Loads.Observe(fleet, double.NaN, 0.2);
        var unknown = fleet.Forecast(0)!;
        Assert.Equal(CalibrationProblem.NotMeasured, unknown.Calibration.Problem);
        Assert.Equal("not measured for the last 2 steps", unknown.Calibration.Reason);
        Assert.Equal(0.4, unknown.Expected, 1e-3);
        Assert.False(fleet.Forecast(1)!.Reacts);

        Loads.Observe(fleet, 0.4, 0.2);
        Assert.False(fleet.Forecast(0)!.Reacts);
    }

    /// <summary>48 checked forecasts of which so many loads were as given, never close together.</summary>
    private static Calibration Spread(int times, double load)
    {
        var record = new CalibrationRecord();
        for (var i = 0; i < 48; i++)
        {
            record.Observe(i % 3 == 0 && i / 3 < times ? load : 0.3, Quantiles);
        }

        return record.Say(24);
    }

    private static Calibration After(params double[] loads)
    {
        var record = new CalibrationRecord();
        for (var i = 0; i < 48; i++)
        {
            record.Observe(0.3, Quantiles);
        }

        foreach (var load in loads)
        {
            record.Observe(load, Quantiles);
        }

        return record.Say(24);
    }
}
