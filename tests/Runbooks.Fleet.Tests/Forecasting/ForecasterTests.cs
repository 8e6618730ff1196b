using Runbooks.Fleet.Forecasting;
using Runbooks.Fleet.Forecasting.Forecasters;

namespace Runbooks.Fleet.Tests.Forecasting;

/// <summary>Each forecaster against values computed by hand. Histories are kept to 1/65535.</summary>
public sealed class ForecasterTests
{
    private const double Kept = 2e-5;

    [Fact]
    public void Last_value_says_that_the_load_stays() => Says(0.4, new LastValue(), 5, 0.1, 0.4);

    [Fact]
    public void Mean_takes_the_last_12_loads_and_fewer_when_there_are_no_more()
    {
        Says(0.3, new MeanOfLast(12), 1, 0.2, 0.4);
        Says(0.25, new MeanOfLast(12), 1, [1, 0.8, .. Enumerable.Repeat(0.2, 6), .. Enumerable.Repeat(0.3, 6)]);
    }

    [Fact]
    public void Ewma_begins_as_a_plain_mean_and_then_lets_older_loads_fade()
    {
        // 0.2; half of it and half of 0.4; half of that and half of 0.8.
        Says(0.55, new Ewma(0.5), 1, 0.2, 0.4, 0.8);
        Says(0.5, new Ewma(0.01), 1, 0.2, 0.8);
    }

    [Fact]
    public void Autoregression_returns_to_the_mean_as_fast_as_the_loads_did()
    {
        // Mean 0.2, distances -0.2 -0.2 0.2 0.2: covariance 0.04 over variance 0.16 is a quarter kept each step.
        Says(0.25, new ShrunkAutoregression(48), 1, 0, 0, 0.4, 0.4);
        Says(0.2125, new ShrunkAutoregression(48), 2, 0, 0, 0.4, 0.4);
    }

    [Fact]
    public void Autoregression_forecasts_the_mean_of_loads_that_alternate_or_stand_still()
    {
        Says(0.3, new ShrunkAutoregression(48), 1, 0.2, 0.4, 0.2, 0.4);
        Says(0.3, new ShrunkAutoregression(48), 1, 0.3, 0.3, 0.3);
    }

    [Fact]
    public void Autoregression_forgets_what_is_before_its_window() =>
        Says(0.25, new ShrunkAutoregression(4), 1, 0.9, 0.1, 0.9, 0, 0, 0.4, 0.4);

    [Fact]
    public void Seasonal_forecaster_repeats_the_last_period_and_is_silent_before_there_is_one()
    {
        Says(0.1, new SeasonalNaive(4), 1, 0.9, 0.1, 0.2, 0.3, 0.4);
        Says(0.2, new SeasonalNaive(4), 2, 0.9, 0.1, 0.2, 0.3, 0.4);
        Assert.Equal(double.NaN, new SeasonalNaive(4).Ahead(Loads.History(0.1, 0.2, 0.3), 1));
    }

    [Fact]
    public void Regression_follows_the_line_and_stays_within_0_and_1()
    {
        Says(0.4, new LineThroughLast(10), 1, 0.1, 0.2, 0.3);
        Says(0.5, new LineThroughLast(10), 2, 0.1, 0.2, 0.3);
        Says(0.2, new LineThroughLast(3), 1, 1, 1, 0.5, 0.4, 0.3);
        Says(1, new LineThroughLast(10), 1, 0.2, 0.6, 1);
        Says(0.7, new LineThroughLast(10), 3, 0.7);
    }

    [Fact]
    public void Holt_Winters_has_level_and_damped_trend_before_it_knows_the_day()
    {
        // Level 0.2 + 0.2 * 0.2 = 0.24, trend 0.02 * 0.04 = 0.0008; ahead 0.8 and 0.8 + 0.64 of it.
        Says(0.24 + (0.8 * 0.0008), new HoltWinters(288), 1, 0.2, 0.4);
        Says(0.24 + (1.44 * 0.0008), new HoltWinters(288), 2, 0.2, 0.4);
    }

    [Fact]
    public void Holt_Winters_has_the_shape_of_the_day_from_the_second_day_on()
    {
        Says(0.1, new HoltWinters(4), 1, 0.1, 0.5, 0.1, 0.3);
        Says(0.5, new HoltWinters(4), 2, 0.1, 0.5, 0.1, 0.3);
        Says(0.5, new HoltWinters(4), 1, 0.1, 0.5, 0.1, 0.3, 0.1);
        Says(0.3, new HoltWinters(4), 3, 0.1, 0.5, 0.1, 0.3, 0.1);
    }

    [Fact]
    public void The_back_test_chooses_what_missed_least_and_needs_a_clear_lead_to_change()
    {
        var test = new BackTest();
        Assert.Equal(ForecasterKind.Mean, test.Chosen);

        Feed(test, 7, last: 0.1, mean: 0.2);
        Assert.Equal(ForecasterKind.Mean, test.Chosen);
        Feed(test, 1, last: 0.1, mean: 0.2);
        Assert.Equal(ForecasterKind.LastValue, test.Chosen);
        Assert.Equal(0.1, test.Miss(ForecasterKind.LastValue), 1e-6);
        Assert.Equal(double.NaN, test.Miss(ForecasterKind.SameTimeYesterday));

        var even = new BackTest();
        Feed(even, 50, last: 0.199, mean: 0.2);
        Assert.Equal(ForecasterKind.Mean, even.Chosen);
    }

    [Fact]
    public void The_back_test_follows_a_VM_that_changes_its_ways()
    {
        var test = new BackTest();
        Feed(test, 200, last: 0.1, mean: 0.2);
        Feed(test, 60, last: 0.3, mean: 0.1);

        Assert.Equal(ForecasterKind.Mean, test.Chosen);
    }

    [Fact]
    public void The_history_grows_to_its_capacity_and_then_drops_the_oldest()
    {
        var history = new LoadHistory(100);
        for (var i = 0; i < 250; i++)
        {
            history.Add(i / 250.0);
            Assert.Equal(Math.Min(i + 1, 100), history.Count);
            Assert.Equal(i / 250.0, history.Ago(0), Kept);
            Assert.Equal((i - history.Count + 1) / 250.0, history.AgoOrOldest(1000), Kept);
        }

        Assert.Equal((240 + 249) / 2.0 / 250, history.Mean(10), Kept);
    }

    private static void Says(double expected, Forecaster forecaster, int steps, params double[] loads)
    {
        var history = new LoadHistory(2016);
        foreach (var load in loads)
        {
            history.Add(load);
            forecaster.Observe(history);
        }

        Assert.Equal(expected, forecaster.Ahead(history, steps), 3 * Kept);
    }

    /// <summary>Two forecasters that miss by a given amount; the others say nothing.</summary>
    private static void Feed(BackTest test, int times, double last, double mean)
    {
        var said = Enumerable.Repeat(float.NaN, Forecaster.Kinds).ToArray();
        said[(int)ForecasterKind.LastValue] = (float)(0.5 + last);
        said[(int)ForecasterKind.Mean] = (float)(0.5 - mean);
        for (var i = 0; i < times; i++)
        {
            test.Observe(said, 0.5);
        }
    }
}
