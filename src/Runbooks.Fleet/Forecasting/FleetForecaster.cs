using Runbooks.Fleet.Forecasting.Classes;
using Runbooks.Fleet.Forecasting.Forecasters;
using Runbooks.Fleet.Forecasting.Quantiles;
using Runbooks.Fleet.Model;

namespace Runbooks.Fleet.Forecasting;

/// <summary>
/// Forecasts the loads of all VMs, step by step. Each VM has a slot; a step gives the loads of all slots at once.
/// </summary>
/// <remarks>
/// It keeps no clock and draws no chance: the same loads in the same order give the same forecasts. It is not safe for
/// use by several threads at once.
/// </remarks>
public sealed class FleetForecaster
{
    private readonly ForecastOptions options;
    private readonly Dictionary<VmName, int> slots = [];
    private readonly List<Tracked?> tracked = [];
    private readonly SortedSet<int> free = [];
    private readonly PooledOffsets pool = new();
    private readonly ClassChangeModel classes;

    /// <exception cref="ArgumentOutOfRangeException">An option is out of its range.</exception>
    public FleetForecaster(ForecastOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        this.options = options.Checked();
        classes = new ClassChangeModel(options.PrecisionGoal);
    }

    public ForecastOptions Options => options;

    /// <summary>Slots in use or free again: the number of loads that a step takes.</summary>
    public int Capacity => tracked.Count;

    /// <summary>The probability from which on a class change is foretold now.</summary>
    public double RiseThreshold => classes.Point.Threshold;

    /// <summary>The slot of a VM, given to it when it has none yet. The lowest free one is taken.</summary>
    public int Track(VmName vm)
    {
        if (slots.TryGetValue(vm, out var known))
        {
            return known;
        }

        var slot = free.Count > 0 ? free.Min : tracked.Count;
        free.Remove(slot);
        if (slot == tracked.Count)
        {
            tracked.Add(null);
        }

        tracked[slot] = new Tracked(vm, options);
        return slots[vm] = slot;
    }

    /// <summary>Forgets a VM that is gone; its slot may be given to another one. Nothing happens when it is not known.</summary>
    public void Forget(VmName vm)
    {
        if (slots.Remove(vm, out var slot))
        {
            tracked[slot] = null;
            free.Add(slot);
        }
    }

    /// <summary>Takes one step: checks what had been forecast for it, learns from that, and forecasts anew.</summary>
    /// <param name="loads">Load by slot, a share, 0 to 1; NaN for a VM that was not measured, and for free slots.</param>
    /// <exception cref="ArgumentException">The number of loads is not <see cref="Capacity"/>, or a load is out of its range.</exception>
    public void Observe(ReadOnlySpan<double> loads)
    {
        Check(loads);
        for (var slot = 0; slot < loads.Length; slot++)
        {
            tracked[slot]?.Observe(loads[slot], pool, classes);
        }

        pool.EndStep();
        classes.EndStep();
        foreach (var vm in tracked)
        {
            vm?.Forecast(pool, classes, options);
        }
    }

    /// <summary>The forecast of a VM; null when it is not known or was never measured.</summary>
    public VmForecast? Forecast(VmName vm) => slots.TryGetValue(vm, out var slot) ? Forecast(slot) : null;

    /// <summary>The forecast of the VM in a slot; null when there is none or it was never measured.</summary>
    public VmForecast? Forecast(int slot)
    {
        if (Find(slot) is not { Begun: true } vm)
        {
            return null;
        }

        var calibration = vm.Loads.Calibration.Say(options.ChecksNeeded);
        var measured = vm.Loads.History.Ago(0);
        return new VmForecast(
            vm.Name,
            measured,
            calibration.Usable ? vm.Loads.Expected : measured,
            [.. vm.Loads.Quantiles.ToArray().Select(q => (double)q)],
            vm.Loads.Chosen,
            calibration,
            vm.Classes.RiseProbability,
            vm.RiseForetold,
            vm.Class);
    }

    /// <summary>The load expected at the horizon, of the VM in a slot; NaN when it was never measured.</summary>
    /// <remarks>What the chosen forecaster says, whether it is to be relied on or not; without allocation, for planners.</remarks>
    public double Expected(int slot) => Find(slot) is { Begun: true } vm ? vm.Loads.Expected : double.NaN;

    /// <summary>What one kind of forecaster says; NaN when its history is too short.</summary>
    public double Expected(int slot, ForecasterKind kind) => Find(slot) is { Begun: true } vm ? vm.Loads.By(kind) : double.NaN;

    /// <summary>A quantile of the load at the horizon, of the VM in a slot; NaN when it was never measured.</summary>
    /// <param name="slot">The slot.</param>
    /// <param name="level">0.05 to 0.99; straight lines between the levels that are kept.</param>
    public double Quantile(int slot, double level) =>
        Find(slot) is { Begun: true } vm ? QuantileLevels.Between(vm.Loads.Quantiles, level) : double.NaN;

    /// <summary>Whether a VM's forecasts are to be relied on, without the reason; false when it was never measured.</summary>
    public bool Usable(int slot) => Find(slot) is { Begun: true } vm && vm.Loads.Calibration.Usable(options.ChecksNeeded);

    /// <summary>Probability that the VM's class is higher than now within the horizon, 0 to 1; whether it is relied on or not.</summary>
    public double RiseProbability(int slot) => Find(slot)?.Classes.RiseProbability ?? 0;

    /// <summary>The class of the VM in a slot; null when it was never measured.</summary>
    public KeptClass? Class(int slot) => Find(slot) is { Begun: true } vm ? vm.Class : null;

    internal VmForecaster? Loads(int slot) => Find(slot) is { Begun: true } vm ? vm.Loads : null;

    private Tracked? Find(int slot) => slot >= 0 && slot < tracked.Count ? tracked[slot] : null;

    private void Check(ReadOnlySpan<double> loads)
    {
        if (loads.Length != tracked.Count)
        {
            throw new ArgumentException($"A step has {loads.Length} loads for {tracked.Count} slots; give one load for each slot.", nameof(loads));
        }

        for (var slot = 0; slot < loads.Length; slot++)
        {
            if (loads[slot] is < 0 or > 1)
            {
                throw new ArgumentException(
                    $"The load of {tracked[slot]?.Name.ToString() ?? $"slot {slot}"} is {loads[slot]}; it can be from 0 to 1, or NaN when it was not measured.",
                    nameof(loads));
            }
        }
    }

    /// <summary>One VM in its slot.</summary>
    private sealed class Tracked(VmName name, ForecastOptions options)
    {
        private bool measured;

        public VmName Name => name;

        public VmForecaster Loads { get; } = new(options);

        public ClassForecaster Classes { get; } = new(options);

        public KeptClass Class { get; private set; }

        public bool RiseForetold { get; private set; }

        /// <summary>False until its first measurement.</summary>
        public bool Begun { get; private set; }

        public void Observe(double load, PooledOffsets pool, ClassChangeModel model)
        {
            measured = !double.IsNaN(load);
            if (!Begun && !measured)
            {
                return;
            }

            Loads.Observe(load, pool);
            Classes.Observe(Loads.History, measured, model);
        }

        public void Forecast(PooledOffsets pool, ClassChangeModel model, ForecastOptions options)
        {
            if (Loads.Steps == 0)
            {
                return;
            }

            Loads.Forecast(pool);
            Classes.Forecast(Loads.History, Loads, model);
            RiseForetold = Loads.Calibration.Usable(options.ChecksNeeded) && Classes.RiseProbability >= model.Point.Threshold;
            if (measured)
            {
                var load = Loads.History.Ago(0);
                Class = Begun ? ClassKeeping.Next(Class, load, RiseForetold, options) : ClassKeeping.Begin(load, options);
            }

            Begun = true;
        }
    }
}
