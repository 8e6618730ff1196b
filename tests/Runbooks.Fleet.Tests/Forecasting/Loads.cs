using Runbooks.Fleet.Forecasting;
using Runbooks.Fleet.Model;

namespace Runbooks.Fleet.Tests.Forecasting;

/// <summary>Generated loads, and forecasters that have seen them.</summary>
internal static class Loads
{
    public static LoadHistory History(params double[] loads)
    {
        var history = new LoadHistory(2016);
        foreach (var load in loads)
        {
            history.Add(load);
        }

        return history;
    }

    public static FleetForecaster Fleet(int vms, ForecastOptions? options = null)
    {
        var fleet = new FleetForecaster(options ?? new ForecastOptions());
        for (var vm = 0; vm < vms; vm++)
        {
            Assert.Equal(vm, fleet.Track(new VmName($"vm{vm}")));
        }

        return fleet;
    }

    public static void Observe(FleetForecaster fleet, params double[] loads) => fleet.Observe(loads);

    /// <summary>Loads that return to a level, as a first-order autoregression does.</summary>
    public static Func<int, double> Swings(Random random)
    {
        var level = 0.2 + (0.4 * random.NextDouble());
        var kept = random.NextDouble() * 0.9;
        var off = 0.0;
        return _ => Within(level + (off = (kept * off) + (0.05 * Normal(random))));
    }

    /// <summary>Loads with the shape of a day of so many steps, and little noise.</summary>
    public static Func<int, double> Days(Random random, int stepsPerDay)
    {
        var phase = random.Next(stepsPerDay);
        return step => Within(0.5 + (0.3 * Math.Sin(2 * Math.PI * (step + phase) / stepsPerDay)) + (0.02 * Normal(random)));
    }

    /// <summary>Quiet loads with bursts of a few steps that nothing announces.</summary>
    public static Func<int, double> Spikes(Random random)
    {
        var left = 0;
        return _ =>
        {
            left = left > 0 ? left - 1 : random.NextDouble() < 0.02 ? random.Next(1, 8) : 0;
            return Within((left > 0 ? 0.7 : 0.08) + (0.02 * Normal(random)));
        };
    }

    public static Func<int, double>[] Many(int vms, int seed, Func<Random, Func<int, double>> one)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, vms).Select(_ => one(new Random(random.Next())))];
    }

    public static double Within(double load) => Math.Clamp(load, 0, 1);

    public static double Normal(Random random) =>
        Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());
}
