namespace Runbooks.Fleet.Forecasting.Classes;

/// <summary>How many class changes were foretold, how many came, and how many of those that came were foretold.</summary>
/// <param name="Came">Upward class changes that came, weighted by how recent they are.</param>
/// <param name="Foretold">Those foretold.</param>
/// <param name="Caught">Those foretold that came.</param>
public readonly record struct ClassScore(double Came, double Foretold, double Caught)
{
    /// <summary>Share of the changes that came which had been foretold, 0 to 1.</summary>
    public double CaughtShare => Came > 0 ? Caught / Came : 0;

    /// <summary>Share of the foretold changes that came, 0 to 1.</summary>
    public double Precision => Foretold > 0 ? Caught / Foretold : 0;
}

/// <summary>
/// From which probability on a class change is foretold. The measure is what two simple rules would have reached on the
/// same loads: foretell a change when the mean of the last 12, or the autoregression, lies in a higher class.
/// </summary>
/// <remarks>
/// How well changes can be foretold differs from fleet to fleet and from day to day, so a fixed probability or precision
/// would say much on one day and nothing on another. The point taken is the one that is better than the better rule, by
/// the largest factor, in what is caught and in precision at once.
/// </remarks>
internal sealed class OperatingPoint(double? precisionGoal)
{
    private const int Bins = 200;
    private const double Remembered = 0.995;

    /// <summary>Changes and foretellings needed before anything is read from them.</summary>
    private const double Enough = 20;

    private readonly double[] said = new double[Bins];
    private readonly double[] came = new double[Bins];
    private readonly ClassScore[] rules = new ClassScore[2];

    /// <summary>The probability from which on a change is foretold.</summary>
    public double Threshold { get; private set; } = 0.5;

    /// <summary>What the simple rules reached lately: mean of 12, and autoregression.</summary>
    public ReadOnlySpan<ClassScore> Rules => rules;

    public void Add(double probability, bool hasCome, bool byMean, bool byAutoregression)
    {
        var bin = Math.Clamp((int)(probability * Bins), 0, Bins - 1);
        said[bin]++;
        came[bin] += hasCome ? 1 : 0;
        Count(ref rules[0], hasCome, byMean);
        Count(ref rules[1], hasCome, byAutoregression);
    }

    public void EndStep()
    {
        Threshold = Best() ?? Threshold;
        for (var i = 0; i < Bins; i++)
        {
            said[i] *= Remembered;
            came[i] *= Remembered;
        }

        for (var i = 0; i < rules.Length; i++)
        {
            rules[i] = new ClassScore(rules[i].Came * Remembered, rules[i].Foretold * Remembered, rules[i].Caught * Remembered);
        }
    }

    private double? Best()
    {
        var all = rules[0].Came;
        if (all < Enough)
        {
            return null;
        }

        // Rules that caught nothing are no measure; then any forecast that is right half of the time is better.
        var caught = Math.Max(0.02, Math.Max(rules[0].CaughtShare, rules[1].CaughtShare));
        var precision = Math.Max(rules[0].Precision, rules[1].Precision) is > 0 and var p ? p : 0.5;
        double foretold = 0, hit = 0, best = double.NegativeInfinity;
        double? threshold = null;
        for (var i = Bins - 1; i >= 0; i--)
        {
            foretold += said[i];
            hit += came[i];
            if (foretold < Enough)
            {
                continue;
            }

            // With a goal, the lowest threshold that reaches it; the highest there is when none does.
            var worth = precisionGoal is { } goal
                ? hit / foretold >= goal ? Bins - i : hit / foretold - goal
                : Math.Min(hit / all / caught, hit / foretold / precision);
            if (worth > best)
            {
                (best, threshold) = (worth, i / (double)Bins);
            }
        }

        return threshold;
    }

    private static void Count(ref ClassScore score, bool hasCome, bool foretold) => score = new ClassScore(
        score.Came + (hasCome ? 1 : 0),
        score.Foretold + (foretold ? 1 : 0),
        score.Caught + (hasCome && foretold ? 1 : 0));
}
