using System.Runtime.InteropServices;

namespace Runbooks.Fleet.Forecasting.Classes;

/// <summary>How many class changes were foretold, how many came, and how many of those that came were foretold.</summary>
/// <param name="Came">Upward class changes that came, weighted by how recent they are.</param>
/// <param name="Foretold">Those foretold.</param>
/// <param name="Caught">Those foretold that came.</param>
[StructLayout(LayoutKind.Auto)]
public readonly record struct ClassScore(double Came, double Foretold, double Caught)
{
    /// <summary>Share of the changes that came which had been foretold, 0 to 1.</summary>
    public double CaughtShare => Came > 0 ? Caught / Came : 0;

    /// <summary>Share of the foretold changes that came, 0 to 1.</summary>
    public double Precision => Foretold > 0 ? Caught / Foretold : 0;

    /// <summary>With one more case.</summary>
    public ClassScore With(bool came, bool foretold) =>
        new(Came + (came ? 1 : 0), Foretold + (foretold ? 1 : 0), Caught + (came && foretold ? 1 : 0));

    internal ClassScore Times(double factor) => new(Came * factor, Foretold * factor, Caught * factor);
}

/// <summary>
/// From which probability on a class change is foretold. The measure is what two simple rules would have reached on the
/// same loads: foretell a change when the mean of the last 12, or the autoregression, lies in a higher class.
/// </summary>
/// <remarks>
/// How well changes can be foretold differs from fleet to fleet and from day to day, so a fixed probability or precision
/// would say much on one day and nothing on another. The point taken is the one that is better than the better rule, by
/// the largest factor, in what is caught and in precision at once.
/// Where even the best point would be wrong more often than three times in five, nothing is foretold at all.
/// </remarks>
internal sealed class OperatingPoint(double? precisionGoal)
{
    private const int Bins = 200;

    /// <summary>A case counts half as much after 69 steps.</summary>
    private const double Remembered = 0.99;

    /// <summary>Changes and foretellings needed before anything is read from them.</summary>
    private const double Enough = 20;

    /// <summary>Below this a foretelling is no reason to move anything.</summary>
    private const double LeastPrecision = 0.4;

    /// <summary>
    /// How much more than the better rule is to be caught before precision counts as much: the probabilities of the past
    /// are seen with what was learnt from them, so they promise a little more than will be caught.
    /// </summary>
    private const double Lean = 1.01;

    /// <summary>Above any probability.</summary>
    private const double Never = 1.01;

    private readonly double[] said = new double[Bins];
    private readonly double[] came = new double[Bins];

    /// <summary>What the rules reached lately: mean of 12, and autoregression.</summary>
    private readonly ClassScore[] rules = new ClassScore[2];

    /// <summary>The probability from which on a change is foretold.</summary>
    public double Threshold { get; private set; } = 0.5;

    public void Add(ClassSample sample)
    {
        var bin = Math.Clamp((int)(sample.Probability * Bins), 0, Bins - 1);
        said[bin]++;
        came[bin] += sample.Came ? 1 : 0;
        rules[0] = rules[0].With(sample.Came, sample.ByMean);
        rules[1] = rules[1].With(sample.Came, sample.ByAutoregression);
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
            rules[i] = rules[i].Times(Remembered);
        }
    }

    /// <summary>What the better of the rules caught, and the precision of the one that was more precise; never nothing.</summary>
    private (double Caught, double Precision) Yardstick() => (
        Math.Max(0.02, Math.Max(rules[0].CaughtShare, rules[1].CaughtShare)),
        Math.Max(LeastPrecision, Math.Max(rules[0].Precision, rules[1].Precision)));

    /// <summary>The threshold that would have been best; null as long as too little came to tell.</summary>
    private double? Best()
    {
        var all = rules[0].Came;
        if (all < Enough)
        {
            return null;
        }

        var (caught, precision) = Yardstick();
        double foretold = 0, hit = 0, best = 0, threshold = Never;
        for (var i = Bins - 1; i >= 0; i--)
        {
            foretold += said[i];
            hit += came[i];
            var right = foretold > 0 ? hit / foretold : 0;
            if (foretold < Enough || right < (precisionGoal ?? LeastPrecision))
            {
                continue;
            }

            // With a goal, the lowest threshold that reaches it.
            var worth = precisionGoal is null ? Math.Min(hit / all / caught / Lean, right / precision) : Bins - i;
            if (worth > best)
            {
                (best, threshold) = (worth, i / (double)Bins);
            }
        }

        return threshold;
    }
}
