namespace Runbooks.Fleet.Forecasting.Classes;

/// <summary>
/// Logistic regression that learns with each step: one Newton step on all that was seen, the older counting less.
/// </summary>
/// <remarks>
/// The curvature of all steps so far is kept, so that no rate has to be chosen and rare features are learnt as fast as
/// common ones. Same examples in the same order give the same weights, to the bit.
/// </remarks>
internal sealed class OnlineLogistic
{
    /// <summary>An example counts half as much after 350 steps: more than a day of five-minute steps.</summary>
    private const double Remembered = 0.998;

    /// <summary>Pull towards 0 before anything is learnt.</summary>
    private const double Prior = 5;

    private readonly int size;
    private readonly double[] weights;
    private readonly double[] slope;
    private readonly double[] curvature;
    private readonly double[] factor;

    /// <param name="size">Number of features; the first one is to be 1 always.</param>
    /// <param name="rate">The share of yes before anything was learnt, above 0 and below 1.</param>
    public OnlineLogistic(int size, double rate)
    {
        this.size = size;
        weights = new double[size];
        slope = new double[size];
        curvature = new double[size * size];
        factor = new double[size * size];
        weights[0] = Math.Log(rate / (1 - rate));
        for (var i = 0; i < size; i++)
        {
            curvature[(i * size) + i] = Prior;
        }
    }

    /// <summary>The probability of yes.</summary>
    public double Probability(ReadOnlySpan<float> features)
    {
        var sum = 0.0;
        for (var i = 0; i < size; i++)
        {
            sum += weights[i] * features[i];
        }

        return 1 / (1 + Math.Exp(-sum));
    }

    /// <summary>Adds one example; it counts from the end of the step on.</summary>
    /// <param name="features">What was known.</param>
    /// <param name="said">The probability that was said for it.</param>
    /// <param name="came">Whether it came.</param>
    public void Learn(ReadOnlySpan<float> features, double said, bool came)
    {
        var error = (came ? 1 : 0) - said;
        var weight = (said * (1 - said)) + 1e-4;
        for (var i = 0; i < size; i++)
        {
            slope[i] += error * features[i];
            var scaled = weight * features[i];
            if (scaled == 0)
            {
                continue;
            }

            var row = curvature.AsSpan(i * size, i + 1);
            for (var j = 0; j < row.Length; j++)
            {
                row[j] += scaled * features[j];
            }
        }
    }

    /// <summary>Moves the weights by what the examples of this step said.</summary>
    public void EndStep()
    {
        Factorise();
        for (var i = 0; i < size; i++)
        {
            var rest = slope[i];
            for (var k = 0; k < i; k++)
            {
                rest -= factor[(i * size) + k] * slope[k];
            }

            slope[i] = rest / factor[(i * size) + i];
        }

        for (var i = size - 1; i >= 0; i--)
        {
            var rest = slope[i];
            for (var k = i + 1; k < size; k++)
            {
                rest -= factor[(k * size) + i] * slope[k];
            }

            slope[i] = rest / factor[(i * size) + i];
            weights[i] += slope[i];
        }

        Array.Clear(slope);
        for (var i = 0; i < size; i++)
        {
            for (var j = 0; j <= i; j++)
            {
                curvature[(i * size) + j] *= Remembered;
            }

            curvature[(i * size) + i] += (1 - Remembered) * Prior;
        }
    }

    /// <summary>Cholesky's factor of the curvature; a pivot that rounding has spoilt is held above 0.</summary>
    private void Factorise()
    {
        for (var i = 0; i < size; i++)
        {
            for (var j = 0; j <= i; j++)
            {
                var rest = curvature[(i * size) + j];
                for (var k = 0; k < j; k++)
                {
                    rest -= factor[(i * size) + k] * factor[(j * size) + k];
                }

                factor[(i * size) + j] = i == j ? Math.Sqrt(Math.Max(rest, 1e-9)) : rest / factor[(j * size) + j];
            }
        }
    }
}
