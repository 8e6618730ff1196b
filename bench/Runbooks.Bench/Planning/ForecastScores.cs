using System.Text.Json.Nodes;
using Runbooks.Fleet.Forecasting;
using Runbooks.Fleet.Forecasting.Classes;
using Runbooks.Fleet.Forecasting.Forecasters;
using Runbooks.Fleet.Forecasting.Quantiles;
using Runbooks.Fleet.Model;

namespace Runbooks.Bench.Planning;

/// <summary>
/// What forecasts were worth, one step ahead, from the 48th step on. An upward class change is a load whose class is higher
/// than that of the load before; it was caught when it had been foretold one step before, and a foretold one that came
/// counts for precision.
/// </summary>
internal sealed class ForecastScores(int vms)
{
    public const int Begin = 48;
    private static readonly ForecasterKind[] Kinds = Enum.GetValues<ForecasterKind>();
    private static readonly IReadOnlyList<double> Levels = QuantileLevels.All;

    private readonly double[] misses = new double[Kinds.Length];
    private readonly int[] forecasts = new int[Kinds.Length];
    private readonly int[] below = new int[Levels.Count];
    private readonly double[] pinball = new double[Levels.Count];
    private readonly int[] checksByVm = new int[vms];
    private readonly int[] belowNinetyByVm = new int[vms];
    private double missChosen;
    private int checks;
    private int usable;
    private int usableBelowNinety;
    private ClassScore ours;
    private ClassScore byMean;
    private ClassScore byAutoregression;
    private int changesMeasured;
    private int changesKept;

    /// <summary>Compares the forecast of one VM with the load that came.</summary>
    public void Check(FleetForecaster fleet, int vm, int slot, double before, double load)
    {
        Points(fleet, slot, load);
        Quantiles(fleet, vm, slot, load);
        var thresholds = fleet.Options.Thresholds;
        var now = thresholds.Classify(before);
        var came = thresholds.Classify(load) > now;
        ours = ours.With(came, now < LoadClass.High && fleet.RiseProbability(slot) >= fleet.RiseThreshold);
        byMean = byMean.With(came, thresholds.Classify(fleet.Expected(slot, ForecasterKind.Mean)) > now);
        byAutoregression = byAutoregression.With(came, thresholds.Classify(fleet.Expected(slot, ForecasterKind.Autoregression)) > now);
        changesMeasured += thresholds.Classify(load) != now ? 1 : 0;
    }

    public void ClassKept(KeptClass before, KeptClass after) => changesKept += before.Class != after.Class ? 1 : 0;

    private void Points(FleetForecaster fleet, int slot, double load)
    {
        foreach (var kind in Kinds)
        {
            var expected = fleet.Expected(slot, kind);
            if (!double.IsNaN(expected))
            {
                misses[(int)kind] += Math.Abs(load - expected);
                forecasts[(int)kind]++;
            }
        }

        missChosen += Math.Abs(load - fleet.Expected(slot));
        checks++;
    }

    private void Quantiles(FleetForecaster fleet, int vm, int slot, double load)
    {
        for (var i = 0; i < Levels.Count; i++)
        {
            // Quantiles are kept in single precision: a load that equals its quantile lies below it.
            var quantile = fleet.Quantile(slot, Levels[i]);
            below[i] += load <= quantile + 1e-6 ? 1 : 0;
            pinball[i] += (load - quantile) * (load > quantile ? Levels[i] : Levels[i] - 1);
        }

        var isBelow = load <= fleet.Quantile(slot, 0.9) + 1e-6 ? 1 : 0;
        checksByVm[vm]++;
        belowNinetyByVm[vm] += isBelow;
        if (fleet.Usable(slot))
        {
            usable++;
            usableBelowNinety += isBelow;
        }
    }

    public IEnumerable<JsonObject> Lines(string trace)
    {
        var miss = new JsonObject();
        foreach (var kind in Kinds.Where(k => forecasts[(int)k] > 0))
        {
            // A seasonal forecaster has forecast fewer steps: its figure is of those.
            miss[kind.ToString()] = Points(misses[(int)kind] / forecasts[(int)kind]);
        }

        yield return new JsonObject
        {
            ["case"] = "forecast-points",
            ["trace"] = trace,
            ["vms"] = vms,
            ["checks"] = checks,
            ["missPp"] = miss,
            ["chosenMissPp"] = Points(missChosen / checks),
        };

        var coverage = new JsonObject();
        var loss = new JsonObject();
        for (var i = 0; i < Levels.Count; i++)
        {
            coverage[$"{Levels[i]:0.00}"] = Output.Round(below[i] / (double)checks, 4);
            loss[$"{Levels[i]:0.00}"] = Output.Round(pinball[i] / checks * 100, 3);
        }

        var seen = Enumerable.Range(0, vms).Where(v => checksByVm[v] > 0).ToList();
        yield return new JsonObject
        {
            ["case"] = "forecast-quantiles",
            ["trace"] = trace,
            ["covered"] = coverage,
            ["pinballPp"] = loss,
            ["vmsWithin5PointsOf90"] = Output.Round(seen.Count(v => Math.Abs((belowNinetyByVm[v] / (double)checksByVm[v]) - 0.9) <= 0.05) / (double)seen.Count, 3),
            ["usableShare"] = Output.Round(usable / (double)checks, 4),
            ["covered90WhenUsable"] = Output.Round(usableBelowNinety / (double)Math.Max(1, usable), 4),
        };

        yield return new JsonObject
        {
            ["case"] = "forecast-classes",
            ["trace"] = trace,
            ["came"] = ours.Came,
            ["caught"] = Output.Round(ours.CaughtShare, 4),
            ["precision"] = Output.Round(ours.Precision, 4),
            ["meanOf12"] = Line(byMean),
            ["autoregression"] = Line(byAutoregression),
            ["betterThanBothAtOnce"] = Better(byMean) && Better(byAutoregression),
            ["measuredChangesPerVmDay"] = Output.Round(changesMeasured * 288.0 / checks),
            ["keptChangesPerVmDay"] = Output.Round(changesKept * 288.0 / checks),
        };
    }

    private bool Better(ClassScore rule) => ours.CaughtShare > rule.CaughtShare && ours.Precision > rule.Precision;

    private static JsonObject Line(ClassScore score) =>
        new() { ["caught"] = Output.Round(score.CaughtShare, 4), ["precision"] = Output.Round(score.Precision, 4) };

    private static double Points(double share) => Output.Round(share * 100, 3);
}
