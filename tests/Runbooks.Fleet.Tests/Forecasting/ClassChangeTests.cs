using Runbooks.Fleet.Forecasting;
using Runbooks.Fleet.Forecasting.Classes;
using Runbooks.Fleet.Forecasting.Forecasters;
using Runbooks.Fleet.Model;
using Runbooks.Fleet.Policies;

namespace Runbooks.Fleet.Tests.Forecasting;

/// <summary>Class changes foretold before the boundary is crossed; or not at all, where nothing announces them.</summary>
public sealed class ClassChangeTests
{
    [Fact]
    public void Changes_that_have_a_pattern_are_foretold_before_they_come_better_than_by_the_mean()
    {
        // Two or three low loads, then a high one, each VM at its own time: the mean lies below the boundary always.
        var loads = Loads.Many(60, seed: 21, random =>
        {
            var every = random.Next(3, 5);
            var phase = random.Next(every);
            return step => ((step + phase) % every == 0 ? 0.3 : 0.08) + (0.02 * random.NextDouble());
        });
        var (ours, byMean) = Score(loads, 200);

        Assert.InRange(ours.CaughtShare, 0.9, 1);
        Assert.InRange(ours.Precision, 0.9, 1);
        Assert.InRange(byMean.CaughtShare, 0, 0.2);
    }

    [Fact]
    public void On_loads_that_swing_more_is_caught_than_by_the_mean_and_more_of_it_comes()
    {
        var loads = Loads.Many(150, seed: 22, random =>
        {
            var level = 0.05 + (0.5 * random.NextDouble());
            return _ => Loads.Within(level + (0.12 * Loads.Normal(random)));
        });
        var (ours, byMean) = Score(loads, 280);

        Assert.True(byMean.CaughtShare > 0.1);
        Assert.True(ours.CaughtShare > byMean.CaughtShare, $"{ours} against {byMean}");
        Assert.True(ours.Precision > byMean.Precision, $"{ours} against {byMean}");
    }

    [Fact]
    public void Where_nothing_announces_a_change_none_is_foretold()
    {
        var fleet = Loads.Fleet(80);
        var loads = Loads.Many(80, seed: 23, Loads.Spikes);
        for (var step = 0; step < 200; step++)
        {
            fleet.Observe(Array.ConvertAll(loads, l => l(step)));
        }

        Assert.True(fleet.RiseThreshold > 1);
        Assert.All(Enumerable.Range(0, 80), vm => Assert.False(fleet.Forecast(vm)!.RiseForetold));
    }

    [Fact]
    public void A_rise_within_the_horizon_counts_whenever_it_comes()
    {
        // A high load every fourth step: three steps ahead it is always near, one step ahead only once in three lows.
        Func<int, double>[] loads = [.. Enumerable.Range(0, 40).Select(vm => new Func<int, double>(step => (step + vm) % 4 == 0 ? 0.5 : 0.1))];
        Assert.Equal(1.0, MeanProbability(loads, horizon: 3), 0.05);
        Assert.Equal(1 / 3.0, MeanProbability(loads, horizon: 1), 0.05);

        static double MeanProbability(Func<int, double>[] loads, int horizon)
        {
            var fleet = Loads.Fleet(loads.Length, new ForecastOptions { Horizon = horizon });
            for (var step = 0; step < 120; step++)
            {
                fleet.Observe(Array.ConvertAll(loads, l => l(step)));
            }

            return Enumerable.Range(0, loads.Length).Where(vm => loads[vm](119) < 0.2).Average(fleet.RiseProbability);
        }
    }

    [Fact]
    public void The_boundaries_are_parameters()
    {
        var options = new ForecastOptions { Thresholds = new Thresholds { LowBelow = 0.5, HighFrom = 0.7 } };
        var fleet = Loads.Fleet(1, options);
        Loads.Observe(fleet, 0.4);
        Assert.Equal(LoadClass.Low, fleet.Forecast(0)!.Class.Class);
        Loads.Observe(fleet, 0.6);
        Assert.Equal(LoadClass.Medium, fleet.Forecast(0)!.Class.Class);

        // A load at a boundary is above it, although 0.7 is none of the values in which loads are kept.
        var exact = Loads.Fleet(1, options);
        Loads.Observe(exact, 0.7);
        Assert.Equal(LoadClass.High, exact.Forecast(0)!.Class.Class);
    }

    [Fact]
    public void The_point_is_where_both_beat_the_rule_by_the_largest_factor()
    {
        var point = new OperatingPoint(precisionGoal: null);
        Assert.Equal(0.5, point.Threshold);

        // 180 came: 90 of the 100 said at 0.9, 40 of 100 at 0.5, 50 of 1,000 at 0.1. The rule caught 60 with 120.
        // At 0.9: caught 0.5, 1.5 times the rule's; precision 0.9, 1.8 times. At 0.5: 2.2 and 1.3 times.
        Add(point, 0.9, 90, 10);
        Add(point, 0.5, 40, 60);
        Add(point, 0.1, 50, 950, ruleRight: 60, ruleWrong: 60);
        point.EndStep();
        Assert.Equal(0.9, point.Threshold, 1e-9);

        var precise = new OperatingPoint(precisionGoal: 0.6);
        Add(precise, 0.9, 90, 10);
        Add(precise, 0.5, 40, 60);
        Add(precise, 0.1, 50, 950);
        precise.EndStep();

        // 130 of 200 came at 0.5 and above. Any lower threshold down to 0.1 says the same.
        Assert.InRange(precise.Threshold, 0.104, 0.5);
    }

    [Fact]
    public void A_point_that_would_be_wrong_more_often_than_three_times_in_five_is_none()
    {
        var point = new OperatingPoint(precisionGoal: null);
        Add(point, 0.9, 39, 61);
        point.EndStep();
        Assert.True(point.Threshold > 1);

        Add(point, 0.95, 60, 40);
        point.EndStep();
        Assert.InRange(point.Threshold, 0.9, 0.95);
    }

    [Fact]
    public void The_logistic_model_learns_the_probabilities_that_its_examples_have()
    {
        var model = new OnlineLogistic(2, rate: 0.05);
        Assert.Equal(0.05, model.Probability([1, 0]), 1e-9);
        var random = new Random(31);
        for (var step = 0; step < 60; step++)
        {
            for (var i = 0; i < 100; i++)
            {
                float[] features = [1, (float)Loads.Normal(random)];
                model.Learn(features, model.Probability(features), random.NextDouble() < True(features[1]));
            }

            model.EndStep();
        }

        Assert.All(new[] { -2f, -1f, 0f, 1f, 2f }, x => Assert.Equal(True(x), model.Probability([1, x]), 0.04));

        static double True(float x) => 1 / (1 + Math.Exp(1 - (1.5 * x)));
    }

    [Fact]
    public void Moments_alike_are_weighed_by_how_alike_they_are()
    {
        // Of the three low loads with a known successor one was followed by a crossing; the usual rate of a quarter counts for two.
        var history = Loads.History(0.1, 0.1, 0.5, 0.1, 0.1, 0.5, 0.1, 0.1);
        var like = LikeBefore.In(history, boundary: 0.2, ahead: 1, spread: 0.1, usual: 0.25);
        Assert.Equal(1.5 / 5, like.ByOne, 1e-4);

        // Alike in two loads is that one; the others differ by 0.4 in the load before, with 0.06 as the measure.
        var other = 1 / (1 + Math.Pow(0.4 / 0.06, 2));
        Assert.Equal(1.5 / (3 + (2 * other)), like.ByTwo, 1e-3);

        // Within two steps, the second of the two lows that are old enough is followed as well.
        Assert.Equal(2.5 / 4, LikeBefore.In(history, 0.2, ahead: 2, spread: 0.1, usual: 0.25).ByOne, 1e-4);
    }

    private static (ClassScore Ours, ClassScore ByMean) Score(Func<int, double>[] loads, int steps)
    {
        var fleet = Loads.Fleet(loads.Length);
        ClassScore ours = default, byMean = default;
        var before = new double[loads.Length];
        for (var step = 0; step < steps; step++)
        {
            var now = Array.ConvertAll(loads, l => l(step));
            for (var vm = 0; vm < loads.Length && step >= 60; vm++)
            {
                var was = fleet.Options.Thresholds.Classify(before[vm]);
                var came = fleet.Options.Thresholds.Classify(now[vm]) > was;
                ours = ours.With(came, fleet.Forecast(vm)!.RiseForetold);
                byMean = byMean.With(came, fleet.Options.Thresholds.Classify(fleet.Expected(vm, ForecasterKind.Mean)) > was);
            }

            fleet.Observe(now);
            before = now;
        }

        return (ours, byMean);
    }

    private static void Add(OperatingPoint point, double probability, int came, int stayed, int ruleRight = 0, int ruleWrong = 0)
    {
        for (var i = 0; i < came + stayed; i++)
        {
            point.Add(new ClassSample
            {
                Probability = probability + 1e-9,
                Came = i < came,
                ByMean = i < came ? i < ruleRight : i - came < ruleWrong,
            });
        }
    }
}
