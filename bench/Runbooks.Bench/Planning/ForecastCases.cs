using System.Diagnostics;
using System.Text.Json.Nodes;
using Runbooks.Fleet.Forecasting;
using Runbooks.Fleet.Model;

namespace Runbooks.Bench.Planning;

/// <summary>Forecasting, one step ahead. Each trace starts from nothing: what is learnt, is learnt on the trace itself, before.</summary>
internal static class ForecastCases
{
    /// <summary>Steps between two looks at the need of hosts: more looks would say the same again.</summary>
    private const int HostEvery = 12;

    public static IEnumerable<JsonObject> Run(string? dataFolder)
    {
        if (dataFolder is not null)
        {
            var found = false;
            foreach (var trace in MeasuredLoads.PlanetLab(dataFolder).Concat(MeasuredLoads.Bitbrains(dataFolder)))
            {
                found = true;
                foreach (var line in Of(trace))
                {
                    yield return line;
                }
            }

            if (!found)
            {
                throw new FormatException(
                    $"{dataFolder} holds no traces; they are looked for in planetlab/DAY.csv.gz and bitbrains-*/DAY_cpu_permille.csv.gz in it.");
            }
        }

        foreach (var line in SyntheticLoads.All().SelectMany(Of))
        {
            yield return line;
        }

        yield return Speed(1_000, 600);
        yield return Speed(10_000, 320);
    }

    private static IEnumerable<JsonObject> Of(MeasuredLoads trace)
    {
        var fleet = new FleetForecaster(new ForecastOptions());
        var slots = trace.Vms.Select((name, i) => fleet.Track(new VmName($"vm{i}"))).ToArray();
        var scores = new ForecastScores(slots.Length);
        var hosts = new HostScores(slots);
        var loads = new double[fleet.Capacity];
        var watch = new Stopwatch();
        for (var step = 0; step < trace.Steps; step++)
        {
            var kept = Array.ConvertAll(slots, fleet.Class);
            for (var vm = 0; vm < slots.Length; vm++)
            {
                var load = loads[slots[vm]] = trace.Loads[vm][step];
                var before = step > 0 ? trace.Loads[vm][step - 1] : double.NaN;
                if (step > ForecastScores.Begin && !double.IsNaN(load) && !double.IsNaN(before))
                {
                    scores.Check(fleet, vm, slots[vm], before, load);
                }
            }

            watch.Start();
            fleet.Observe(loads);
            watch.Stop();
            for (var vm = 0; vm < slots.Length && step > ForecastScores.Begin; vm++)
            {
                if (kept[vm] is { } was && fleet.Class(slots[vm]) is { } now)
                {
                    scores.ClassKept(was, now);
                }
            }

            if (step > 120 && step % HostEvery == 0)
            {
                hosts.Check(fleet, trace, step);
            }
        }

        foreach (var line in scores.Lines(trace.Name).Concat(hosts.Lines(trace.Name)))
        {
            yield return line;
        }

        yield return new JsonObject
        {
            ["case"] = "forecast-time",
            ["trace"] = trace.Name,
            ["vms"] = slots.Length,
            ["msPerStep"] = Output.Round(watch.Elapsed.TotalMilliseconds / trace.Steps),
            ["msPerStepAnd1000Vms"] = Output.Round(watch.Elapsed.TotalMilliseconds / trace.Steps / slots.Length * 1000),
        };
    }

    /// <summary>One thread; the median and the slowest step after the first day, when all forecasters are at work.</summary>
    private static JsonObject Speed(int vms, int steps)
    {
        var trace = SyntheticLoads.Swings(vms, steps, seed: 1);
        var before = GC.GetTotalMemory(forceFullCollection: true);
        var fleet = new FleetForecaster(new ForecastOptions());
        for (var vm = 0; vm < vms; vm++)
        {
            fleet.Track(new VmName($"vm{vm}"));
        }

        var loads = new double[vms];
        var times = new List<double>();
        for (var step = 0; step < steps; step++)
        {
            for (var vm = 0; vm < vms; vm++)
            {
                loads[vm] = trace.Loads[vm][step];
            }

            var begin = Stopwatch.GetTimestamp();
            fleet.Observe(loads);
            if (step > 288)
            {
                times.Add(Stopwatch.GetElapsedTime(begin).TotalMilliseconds);
            }
        }

        times.Sort();
        var memory = GC.GetTotalMemory(forceFullCollection: true) - before;
        GC.KeepAlive(fleet);
        GC.KeepAlive(trace);
        return new JsonObject
        {
            ["case"] = "forecast-speed",
            ["vms"] = vms,
            ["msPerStep"] = Output.Round(times[times.Count / 2]),
            ["msSlowestStep"] = Output.Round(times[^1]),
            ["kibPerVm"] = Output.Round(memory / 1024.0 / vms, 1),
        };
    }
}
