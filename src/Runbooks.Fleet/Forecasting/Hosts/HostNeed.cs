using System.Runtime.InteropServices;

namespace Runbooks.Fleet.Forecasting.Hosts;

/// <summary>A VM's part in the load of a host.</summary>
/// <param name="Slot">Its slot in the <see cref="FleetForecaster"/>.</param>
/// <param name="Cores">Host cores that it uses at load 1, above 0.</param>
[StructLayout(LayoutKind.Auto)]
public readonly record struct HostPart(int Slot, double Cores);

/// <summary>How the need of a host is computed.</summary>
public sealed record HostNeedOptions
{
    /// <summary>Standard deviations kept above what is expected, 0 to 6. Default 2.</summary>
    public double Sigmas { get; init; } = 2;

    /// <summary>Share of the past misses that the need covers, 0.5 to 1. Default 0.95.</summary>
    public double Level { get; init; } = 0.95;

    /// <summary>Steps whose highest load is to be covered, 1 to 12. Default 1.</summary>
    public int Steps { get; init; } = 1;
}

/// <summary>The CPU that a set of VMs will need together.</summary>
/// <param name="ExpectedCores">The sum of what is expected, in host cores.</param>
/// <param name="ByDeviation">Need by mean miss and standard deviation of the sum, in host cores.</param>
/// <param name="ByQuantile">Need by the empirical quantile of the sum's misses, in host cores.</param>
/// <param name="Observed">Steps at which all of the VMs were forecast and measured, 96 at most.</param>
/// <param name="Usable">
/// False when a VM's forecasts are not to be relied on, or the past of the sum is too short. Such a VM, or all of them, then
/// count with their own quantile or their load, whichever is more.
/// </param>
public sealed record HostNeed(double ExpectedCores, double ByDeviation, double ByQuantile, int Observed, bool Usable)
{
    private const int Window = 96;

    /// <summary>Steps below which the past of the sum says too little.</summary>
    private const int Enough = 24;

    /// <summary>The larger of the two, in host cores.</summary>
    public double Cores => Math.Max(ByDeviation, ByQuantile);

    /// <summary>
    /// What VMs will need on one host, wherever they ran so far. The misses of the sum are those that it would have had in
    /// the past: what the VMs do together, and against each other, is in them.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">An option is out of its range.</exception>
    public static HostNeed Of(FleetForecaster fleet, ReadOnlySpan<HostPart> parts, HostNeedOptions options)
    {
        ArgumentNullException.ThrowIfNull(fleet);
        Check(options);
        double expected = 0, alone = 0, surplus = 0;
        var usable = true;
        foreach (var part in parts)
        {
            if (fleet.Loads(part.Slot) is not { } vm)
            {
                // Not measured yet: it may use all that it has.
                expected += part.Cores;
                alone += part.Cores;
                usable = false;
                continue;
            }

            expected += part.Cores * vm.Expected;
            var own = Math.Max(vm.History.Ago(0), fleet.Quantile(part.Slot, options.Level));
            alone += part.Cores * own;
            if (!fleet.Usable(part.Slot))
            {
                surplus += part.Cores * Math.Max(0, own - vm.Expected);
                usable = false;
            }
        }

        Span<double> misses = stackalloc double[Window];
        var observed = Misses(fleet, parts, options.Steps, fleet.Options.Horizon, misses);
        if (observed < Enough)
        {
            return new HostNeed(expected, alone, alone, observed, Usable: false);
        }

        misses = misses[..observed];
        var byDeviation = expected + ByStandardDeviation(misses, options.Sigmas);
        misses.Sort();
        var byQuantile = expected + misses[Math.Clamp((int)Math.Ceiling(options.Level * (observed + 1)) - 1, 0, observed - 1)];
        return new HostNeed(
            expected,
            Math.Max(0, byDeviation + surplus),
            Math.Max(0, byQuantile + surplus),
            observed,
            usable);
    }

    /// <summary>By how much the sum's highest load within the steps exceeded what was expected; oldest last. Returns how many.</summary>
    private static int Misses(FleetForecaster fleet, ReadOnlySpan<HostPart> parts, int steps, int horizon, Span<double> misses)
    {
        Span<double> loads = stackalloc double[VmForecaster.Kept];
        Span<double> expected = stackalloc double[VmForecaster.Kept];
        loads.Clear();
        expected.Clear();

        // With one step to cover, that is the step that was forecast; else those from the next on.
        var first = steps == 1 ? horizon : 1;
        var last = first + steps - 1;
        var known = VmForecaster.Kept;
        foreach (var part in parts)
        {
            if (fleet.Loads(part.Slot) is not { } vm)
            {
                return 0;
            }

            known = Math.Min(known, Math.Min(vm.Steps, vm.History.Count));
            for (var ago = 0; ago < known; ago++)
            {
                loads[ago] += part.Cores * vm.History.Ago(ago);
                expected[ago] += part.Cores * vm.ExpectedAgo(ago);
            }
        }

        var count = Math.Clamp(known - last, 0, Window);
        for (var i = 0; i < count; i++)
        {
            var made = i + last;
            var highest = double.NegativeInfinity;
            for (var ahead = first; ahead <= last; ahead++)
            {
                highest = Math.Max(highest, loads[made - ahead]);
            }

            misses[i] = highest - expected[made];
        }

        return count;
    }

    private static double ByStandardDeviation(ReadOnlySpan<double> misses, double sigmas)
    {
        double mean = 0, spread = 0;
        foreach (var miss in misses)
        {
            mean += miss / misses.Length;
        }

        foreach (var miss in misses)
        {
            spread += (miss - mean) * (miss - mean) / (misses.Length - 1);
        }

        return mean + (sigmas * Math.Sqrt(spread));
    }

    private static void Check(HostNeedOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        Within(options.Sigmas, 0, 6, nameof(options.Sigmas));
        Within(options.Level, 0.5, 1, nameof(options.Level));
        Within(options.Steps, 1, 12, nameof(options.Steps));
    }

    private static void Within(double value, double least, double most, string name)
    {
        if (!(value >= least && value <= most))
        {
            throw new ArgumentOutOfRangeException(name, value, $"{name} is {value}; it can be from {least} to {most}.");
        }
    }
}
