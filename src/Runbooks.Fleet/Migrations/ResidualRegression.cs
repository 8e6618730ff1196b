namespace Runbooks.Fleet.Migrations;

/// <summary>Linear regression by recursive least squares: each example updates the weights, and older ones fade.</summary>
/// <remarks>
/// The weights start at 0 with a prior, so that few examples move them little. An example far outside of the usual misses
/// pulls only as hard as one at the edge of them (Huber): one disturbed migration does not spoil the model.
/// </remarks>
internal sealed class ResidualRegression
{
    /// <summary>What an example counts after the next: half after 70.</summary>
    private const double Remembered = 0.99;

    /// <summary>How far a single example is trusted against what is known already: as if it missed by so much by chance.</summary>
    private const double Noise = 0.3 * 0.3;

    /// <summary>Variance of the weights before anything was learnt: hosts differ from the calculation, but not wildly.</summary>
    private const double Prior = 0.03;

    /// <summary>Misses above so many times the usual one pull no harder.</summary>
    private const double Edge = 2.5;

    /// <summary>The usual miss before anything was learnt, as a share.</summary>
    private const double FirstSpread = 0.2;

    private readonly double[] weights;
    private readonly double[] spread;
    private double usualMiss = FirstSpread;

    /// <param name="size">Number of features, at least 1.</param>
    public ResidualRegression(int size)
    {
        weights = new double[size];
        spread = new double[size * size];
        for (var i = 0; i < size; i++)
        {
            spread[(i * size) + i] = Prior;
        }
    }

    public IReadOnlyList<double> Weights => weights;

    public double Predict(ReadOnlySpan<double> features)
    {
        var sum = 0.0;
        for (var i = 0; i < weights.Length; i++)
        {
            sum += weights[i] * features[i];
        }

        return sum;
    }

    public void Learn(ReadOnlySpan<double> features, double target)
    {
        var size = weights.Length;
        var miss = target - Predict(features);
        Span<double> gain = stackalloc double[size];
        var certainty = Noise * Remembered;
        for (var i = 0; i < size; i++)
        {
            for (var j = 0; j < size; j++)
            {
                gain[i] += spread[(i * size) + j] * features[j];
            }

            certainty += features[i] * gain[i];
        }

        var pull = Math.Clamp(miss, -Edge * usualMiss, Edge * usualMiss);
        for (var i = 0; i < size; i++)
        {
            weights[i] += gain[i] / certainty * pull;
        }

        for (var i = 0; i < size; i++)
        {
            for (var j = 0; j < size; j++)
            {
                // Forgetting never makes the prior wider than it was: a feature that does not vary stays where it is.
                spread[(i * size) + j] = (spread[(i * size) + j] - (gain[i] * gain[j] / certainty)) / Remembered;
            }
        }

        Bound(size);
        usualMiss = Math.Max(0.01, usualMiss + (0.05 * (Math.Min(Math.Abs(miss) * 1.25, Edge * usualMiss) - usualMiss)));
    }

    private void Bound(int size)
    {
        for (var i = 0; i < size; i++)
        {
            if (spread[(i * size) + i] <= Prior)
            {
                continue;
            }

            var shrink = Math.Sqrt(Prior / spread[(i * size) + i]);
            for (var j = 0; j < size; j++)
            {
                spread[(i * size) + j] *= shrink;
                spread[(j * size) + i] *= shrink;
            }
        }
    }
}
