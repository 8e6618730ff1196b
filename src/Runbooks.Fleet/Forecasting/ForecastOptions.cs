using Runbooks.Fleet.Policies;

namespace Runbooks.Fleet.Forecasting;

/// <summary>How the loads of VMs are forecast. A step is the time between two measurements of the fleet.</summary>
public sealed record ForecastOptions
{
    /// <summary>Steps ahead that are forecast, 1 to 12. Default 1.</summary>
    public int Horizon { get; init; } = 1;

    /// <summary>Steps of a day, 2 to 1440: the period of the seasonal forecasters. Default 288, one in five minutes.</summary>
    public int StepsPerDay { get; init; } = 288;

    /// <summary>The boundaries of the load classes.</summary>
    public Thresholds Thresholds { get; init; } = new();

    /// <summary>
    /// Share of the foretold class changes that are to come true, 0 to 1. Null, the default, takes the point that beats
    /// the simple rules by the most in what is caught and in what comes true at once.
    /// </summary>
    public double? PrecisionGoal { get; init; }

    /// <summary>How far a load must be beyond a boundary before a measurement alone changes a class, 0 to 0.2. Default 0.03.</summary>
    public double DeadBand { get; init; } = 0.03;

    /// <summary>Steps that a class stays before it is lowered, 0 to 288. Default 3.</summary>
    public int MinimumStay { get; init; } = 3;

    /// <summary>Forecasts that must have been checked before a VM's forecasts are relied on, 8 to 48. Default 24.</summary>
    public int ChecksNeeded { get; init; } = 24;

    /// <summary>These options, with the boundaries rounded as measured loads are.</summary>
    /// <exception cref="ArgumentOutOfRangeException">A value is out of its range; the message names it.</exception>
    internal ForecastOptions Checked()
    {
        Within(Horizon, 1, 12, nameof(Horizon));
        Within(StepsPerDay, 2, 1440, nameof(StepsPerDay));
        Within(DeadBand, 0, 0.2, nameof(DeadBand));
        Within(MinimumStay, 0, 288, nameof(MinimumStay));
        Within(ChecksNeeded, 8, 48, nameof(ChecksNeeded));
        Within(PrecisionGoal ?? 0, 0, 1, nameof(PrecisionGoal));
        Within(Thresholds.LowBelow, 0, Thresholds.HighFrom, nameof(Thresholds.LowBelow));
        Within(Thresholds.HighFrom, 0, 1, nameof(Thresholds.HighFrom));
        return this with
        {
            Thresholds = Thresholds with
            {
                LowBelow = LoadHistory.Round(Thresholds.LowBelow),
                HighFrom = LoadHistory.Round(Thresholds.HighFrom),
            },
        };
    }

    private static void Within(double value, double least, double most, string name)
    {
        if (!(value >= least && value <= most))
        {
            throw new ArgumentOutOfRangeException(name, value, $"{name} is {value}; it can be from {least} to {most}.");
        }
    }
}
