using Runbooks.Fleet.Forecasting.Forecasters;
using Runbooks.Fleet.Forecasting.Quantiles;

namespace Runbooks.Fleet.Forecasting;

/// <summary>Everything that is kept to forecast one VM. Each measurement costs the same, whatever the history.</summary>
internal sealed class VmForecaster
{
    /// <summary>Steps for which forecasts are kept, to compare them with what came, for the need of hosts.</summary>
    public const int Kept = 96 + 12;

    private readonly int horizon;
    private readonly Forecaster[] forecasters;
    private readonly BackTest backTest = new();
    private readonly OwnOffsets offsets = new();
    private readonly CalibrationRecord record = new();
    private readonly Pending[] pending;
    private readonly float[] expectedAt = new float[Kept];
    private int steps;

    public VmForecaster(ForecastOptions options)
    {
        horizon = options.Horizon;
        History = new LoadHistory(options.StepsPerDay * 7);
        forecasters = Forecaster.All(options.StepsPerDay);
        pending = [.. Enumerable.Range(0, horizon).Select(_ => new Pending())];
    }

    public LoadHistory History { get; }

    /// <summary>Measurements taken in, those that were missing included.</summary>
    public int Steps => steps;

    public ForecasterKind Chosen => backTest.Chosen;

    public CalibrationRecord Calibration => record;

    private Pending Newest => pending[(steps - 1) % horizon];

    public double Expected => Newest.Expected;

    public ReadOnlySpan<float> Quantiles => Newest.Quantiles;

    public double By(ForecasterKind kind) => Newest.ByKind[(int)kind];

    public double Miss(ForecasterKind kind) => backTest.Miss(kind);

    /// <summary>What was expected, that many steps ago, for the step <see cref="ForecastOptions.Horizon"/> later; NaN when nothing was.</summary>
    public double ExpectedAgo(int stepsAgo) => stepsAgo < Math.Min(steps, Kept) ? expectedAt[(steps - 1 - stepsAgo) % Kept] : double.NaN;

    /// <summary>Checks what had been forecast for this step, and takes the load into the history.</summary>
    /// <param name="load">A share, 0 to 1; NaN when the VM was not measured. Then its expected load stands in, and nothing is checked.</param>
    /// <param name="pool">The fleet's offsets, which learn from it.</param>
    public void Observe(double load, PooledOffsets pool)
    {
        var due = pending[steps % horizon];
        if (double.IsNaN(load))
        {
            record.NotMeasured();
            if (steps == 0)
            {
                return;
            }

            History.Add(By(Chosen) is var guess && !double.IsNaN(guess) ? guess : History.Ago(0));
        }
        else
        {
            record.Measured();
            if (due.Made)
            {
                offsets.Observe(load, due.Expected, due.Scale, due.Quantiles, pool);
                record.Observe(load, due.Quantiles);
                backTest.Observe(due.ByKind, load);
            }

            History.Add(load);
        }

        foreach (var forecaster in forecasters)
        {
            forecaster.Observe(History);
        }

        steps++;
    }

    /// <summary>Forecasts from the history as it is now; call it once after each <see cref="Observe"/>.</summary>
    public void Forecast(PooledOffsets pool)
    {
        if (steps == 0)
        {
            return;
        }

        var now = Newest;
        for (var k = 0; k < forecasters.Length; k++)
        {
            now.ByKind[k] = (float)forecasters[k].Ahead(History, horizon);
        }

        now.Made = true;
        now.Expected = now.ByKind[(int)backTest.Chosen];
        now.Scale = offsets.Scale(pool);
        offsets.Write(now.Expected, pool, now.Quantiles);
        expectedAt[(steps - 1) % Kept] = (float)now.Expected;
    }

    /// <summary>A forecast whose step has not come yet.</summary>
    private sealed class Pending
    {
        public bool Made { get; set; }

        public double Expected { get; set; }

        public double Scale { get; set; }

        public float[] ByKind { get; } = new float[Forecaster.Kinds];

        public float[] Quantiles { get; } = new float[QuantileLevels.Count];
    }
}
