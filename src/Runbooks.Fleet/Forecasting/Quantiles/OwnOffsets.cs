namespace Runbooks.Fleet.Forecasting.Quantiles;

/// <summary>
/// One VM's quantiles: what is expected, plus the fleet's offset and its own, in units of its usual miss.
/// </summary>
/// <remarks>
/// Each own offset goes up when a load lay above its quantile and down when it did not, in the proportion of the level
/// (online conformal correction). Over time the right share lies below the quantile whatever the load does; that is
/// arithmetic and needs no assumption about the load.
/// </remarks>
internal sealed class OwnOffsets
{
    /// <summary>The usual miss is never taken for less than this: a load that stood still has not become certain.</summary>
    public const double LeastMiss = 0.002;

    private const double MissWeight = 0.06;

    /// <summary>Own offsets further than this from the fleet's would only be wound up, at a limit of the load.</summary>
    private const double Furthest = 12;

    /// <summary>Far quantiles are met seldom, so each meeting must move them further.</summary>
    private static readonly double[] Rates = [0.15, 0.15, 0.12, 0.1, 0.15, 0.3, 0.45, 0.9];

    private readonly float[] own = new float[QuantileLevels.Count];
    private double miss;
    private int seen;

    /// <summary>The usual miss of the chosen forecaster, as a share.</summary>
    public double Scale(PooledOffsets pool)
    {
        // The fleet's usual miss counts as much as four misses of its own.
        var known = seen / (seen + 4.0);
        return Math.Max(LeastMiss, (known * miss) + ((1 - known) * pool.UsualMiss));
    }

    /// <summary>Writes the quantiles around what is expected, rising and within 0 and 1.</summary>
    public void Write(double expected, PooledOffsets pool, Span<float> quantiles)
    {
        var scale = Scale(pool);
        var least = 0.0;
        for (var i = 0; i < QuantileLevels.Count; i++)
        {
            least = Math.Clamp(expected + (scale * (pool[i] + own[i])), least, 1);
            quantiles[i] = (float)least;
        }
    }

    /// <summary>Takes in a load whose quantiles had been forecast with <see cref="Write"/>.</summary>
    public void Observe(double load, double expected, double scale, ReadOnlySpan<float> quantiles, PooledOffsets pool)
    {
        pool.Add((load - expected) / scale);
        seen++;
        miss += (Math.Abs(load - expected) - miss) * Math.Max(MissWeight, 1.0 / seen);
        pool.AddScale(miss);
        for (var i = 0; i < QuantileLevels.Count; i++)
        {
            var above = load > quantiles[i] + 1e-6 ? 1 : 0;
            own[i] = (float)Math.Clamp(own[i] + (Rates[i] * (above - (1 - QuantileLevels.At(i)))), -Furthest, Furthest);
        }
    }
}
