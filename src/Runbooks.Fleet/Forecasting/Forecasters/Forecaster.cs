namespace Runbooks.Fleet.Forecasting.Forecasters;

/// <summary>The ways to forecast a load, from which each VM gets the one that was best for it lately.</summary>
public enum ForecasterKind
{
    /// <summary>The load stays as it is.</summary>
    LastValue,

    /// <summary>The mean of the last 12 loads.</summary>
    Mean,

    /// <summary>A mean in which older loads count less, by a tenth each step.</summary>
    Ewma,

    /// <summary>Back towards the mean of the last 48 loads, as fast as the VM has done it.</summary>
    Autoregression,

    /// <summary>As a day ago.</summary>
    SameTimeYesterday,

    /// <summary>As a week ago.</summary>
    SameTimeLastWeek,

    /// <summary>Level, damped trend and the shape of the day.</summary>
    HoltWinters,

    /// <summary>A straight line through the last 10 loads.</summary>
    Regression,
}

/// <summary>Forecasts one VM's load from its history. What it keeps of its own is updated by each measurement.</summary>
internal abstract class Forecaster
{
    public const int Kinds = 8;

    /// <summary>Takes in the newest load of the history.</summary>
    public virtual void Observe(LoadHistory history)
    {
    }

    /// <summary>The expected load that many steps after the newest one; NaN while the history is too short for it.</summary>
    public abstract double Ahead(LoadHistory history, int steps);

    /// <summary>One of each kind, in the order of <see cref="ForecasterKind"/>.</summary>
    public static Forecaster[] All(int stepsPerDay) =>
    [
        new LastValue(),
        new MeanOfLast(12),
        new Ewma(0.1),
        new ShrunkAutoregression(48),
        new SeasonalNaive(stepsPerDay),
        new SeasonalNaive(stepsPerDay * 7),
        new HoltWinters(stepsPerDay),
        new LineThroughLast(10),
    ];
}
