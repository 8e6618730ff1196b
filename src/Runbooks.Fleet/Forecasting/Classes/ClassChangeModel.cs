using Runbooks.Fleet.Model;

namespace Runbooks.Fleet.Forecasting.Classes;

/// <summary>
/// What the whole fleet has shown about when loads rise over a class boundary. It starts knowing nothing, and learns from
/// each step; no figures are shipped with it.
/// </summary>
internal sealed class ClassChangeModel(double? precisionGoal)
{
    /// <summary>Share of the steps after which a class rises, as far as nothing was seen.</summary>
    private const double UsualRate = 0.05;

    private readonly OnlineLogistic[] models =
        [new OnlineLogistic(ClassFeatures.Count, UsualRate), new OnlineLogistic(ClassFeatures.Count, UsualRate)];

    public OperatingPoint Point { get; } = new(precisionGoal);

    public double Probability(int boundary, ReadOnlySpan<float> features) => models[boundary].Probability(features);

    public void Learn(ClassSample sample)
    {
        models[sample.Boundary].Learn(sample.Features, sample.Probability, sample.Came);
        Point.Add(sample);
    }

    public void EndStep()
    {
        foreach (var model in models)
        {
            model.EndStep();
        }

        Point.EndStep();
    }
}

/// <summary>One forecast of whether a VM's class will rise, and later whether it did.</summary>
internal sealed class ClassSample
{
    public bool Made { get; set; }

    public LoadClass From { get; set; }

    /// <summary>The boundary above the class: 0 or 1.</summary>
    public int Boundary => (int)From;

    public float[] Features { get; } = new float[ClassFeatures.Count];

    public double Probability { get; set; }

    public bool ByMean { get; set; }

    public bool ByAutoregression { get; set; }

    public bool Came { get; set; }
}
