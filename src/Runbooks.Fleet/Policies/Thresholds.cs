using Runbooks.Fleet.Model;

namespace Runbooks.Fleet.Policies;

/// <summary>The loads between which the fleet is left alone, and the boundaries of the load classes. All are shares, 0 to 1.</summary>
public sealed record Thresholds
{
    /// <summary>Average load below which servers are emptied and switched off. Default 0.30.</summary>
    public double LoadMin { get; init; } = 0.30;

    /// <summary>Load that no server may exceed, and average above which a server is switched on. Default 0.75.</summary>
    public double LoadMax { get; init; } = 0.75;

    /// <summary>A VM below this load is of class low. Default 0.20.</summary>
    public double LowBelow { get; init; } = 0.20;

    /// <summary>A VM at or above this load is of class high. Default 0.60.</summary>
    public double HighFrom { get; init; } = 0.60;

    public LoadClass Classify(double load) =>
        load < LowBelow ? LoadClass.Low : load >= HighFrom ? LoadClass.High : LoadClass.Medium;
}
