namespace Runbooks.Fleet.Forecasting.Quantiles;

/// <summary>The levels at which quantiles are kept.</summary>
public static class QuantileLevels
{
    private static readonly double[] Values = [0.05, 0.10, 0.25, 0.50, 0.75, 0.90, 0.95, 0.99];

    /// <summary>Rising shares, 0 to 1.</summary>
    public static IReadOnlyList<double> All => Values;

    internal const int Count = 8;

    internal const int Tenth = 1;

    internal const int Ninetieth = 5;

    internal const int NinetyFifth = 6;

    internal static double At(int index) => Values[index];

    /// <summary>The quantile at any level, on straight lines between those kept; the outermost beyond them.</summary>
    internal static double Between(ReadOnlySpan<float> quantiles, double level)
    {
        if (level <= Values[0])
        {
            return quantiles[0];
        }

        for (var i = 1; i < Count; i++)
        {
            if (level <= Values[i])
            {
                var part = (level - Values[i - 1]) / (Values[i] - Values[i - 1]);
                return quantiles[i - 1] + (part * (quantiles[i] - quantiles[i - 1]));
            }
        }

        return quantiles[Count - 1];
    }
}
