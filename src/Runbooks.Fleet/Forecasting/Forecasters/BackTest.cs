namespace Runbooks.Fleet.Forecasting.Forecasters;

/// <summary>Which forecaster was nearest to one VM's loads lately.</summary>
internal sealed class BackTest
{
    /// <summary>A miss counts half as much after 44 steps.</summary>
    private const double Weight = 1.0 / 64;

    /// <summary>Misses seen before a forecaster can be chosen.</summary>
    private const int Trial = 8;

    /// <summary>Another one must be better by this factor, so that two of a kind don't take turns.</summary>
    private const double Better = 0.98;

    private readonly float[] misses = new float[Forecaster.Kinds];
    private readonly int[] seen = new int[Forecaster.Kinds];

    /// <summary>The mean until something else has proved better: on noise it is the safe choice.</summary>
    public ForecasterKind Chosen { get; private set; } = ForecasterKind.Mean;

    /// <summary>Mean absolute miss of one kind lately, as a share of the load's full range; NaN when it has not forecast yet.</summary>
    public double Miss(ForecasterKind kind) => seen[(int)kind] == 0 ? double.NaN : misses[(int)kind];

    /// <summary>Takes in what each kind had forecast for a load that is now known; NaN where it had not.</summary>
    public void Observe(ReadOnlySpan<float> forecasts, double load)
    {
        for (var k = 0; k < forecasts.Length; k++)
        {
            if (float.IsNaN(forecasts[k]))
            {
                continue;
            }

            seen[k]++;
            misses[k] += (float)((Math.Abs(forecasts[k] - load) - misses[k]) * Math.Max(Weight, 1.0 / seen[k]));
        }

        var best = (int)Chosen;
        for (var k = 0; k < forecasts.Length; k++)
        {
            if (seen[k] >= Trial && misses[k] < misses[best] * (best == (int)Chosen ? Better : 1))
            {
                best = k;
            }
        }

        Chosen = (ForecasterKind)best;
    }
}
