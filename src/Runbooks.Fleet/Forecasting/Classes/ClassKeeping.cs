using Runbooks.Fleet.Model;

namespace Runbooks.Fleet.Forecasting.Classes;

/// <summary>The class that a VM is given, and for how long.</summary>
/// <param name="Class">Its class.</param>
/// <param name="Steps">Steps since it was given or last confirmed by a forecast.</param>
/// <param name="Foretold">True when it was given before the load had crossed the boundary.</param>
public readonly record struct KeptClass(LoadClass Class, int Steps, bool Foretold);

/// <summary>
/// Gives VMs their classes: up as soon as a rise is foretold or measured, down only when the load is clearly below the
/// boundary, no rise is foretold, and the class has stayed for its minimum. So a load that swings about a boundary keeps
/// one class, and does not move its VM about.
/// </summary>
public static class ClassKeeping
{
    /// <summary>The class of a VM that was not known before.</summary>
    public static KeptClass Begin(double load, ForecastOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        return new KeptClass(options.Thresholds.Classify(load), 0, Foretold: false);
    }

    /// <param name="before">The class so far.</param>
    /// <param name="load">The load measured now, a share, 0 to 1.</param>
    /// <param name="riseForetold">Whether the measured class is foretold to rise.</param>
    /// <param name="options">Boundaries, dead band and minimum stay.</param>
    public static KeptClass Next(KeptClass before, double load, bool riseForetold, ForecastOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        var measured = options.Thresholds.Classify(load);
        var foretold = riseForetold && measured < LoadClass.High ? measured + 1 : measured;
        if (foretold > measured && foretold > before.Class)
        {
            return new KeptClass(foretold, 0, Foretold: true);
        }

        // Within the dead band above the boundary the load has not clearly left its class.
        var clearlyUp = options.Thresholds.Classify(load - options.DeadBand);
        if (clearlyUp > before.Class)
        {
            return new KeptClass(clearlyUp, 0, Foretold: false);
        }

        if (foretold >= before.Class)
        {
            return before with { Steps = 0, Foretold = before.Foretold && measured < before.Class };
        }

        var clearlyDown = options.Thresholds.Classify(load + options.DeadBand);
        var least = foretold > clearlyDown ? foretold : clearlyDown;
        return least < before.Class && before.Steps + 1 >= options.MinimumStay
            ? new KeptClass(least, 0, Foretold: false)
            : before with { Steps = before.Steps + 1 };
    }
}
