using Runbooks.Fleet.Forecasting.Forecasters;
using Runbooks.Fleet.Model;
using Runbooks.Fleet.Policies;

namespace Runbooks.Fleet.Forecasting.Classes;

/// <summary>Foretells the class changes of one VM with the fleet's model, and teaches the model what came of it.</summary>
internal sealed class ClassForecaster
{
    private readonly Thresholds thresholds;
    private readonly ClassFeatures features;
    private readonly ClassSample[] pending;
    private int steps;

    public ClassForecaster(ForecastOptions options)
    {
        thresholds = options.Thresholds;
        features = new ClassFeatures(thresholds.LowBelow, thresholds.HighFrom);
        pending = [.. Enumerable.Range(0, options.Horizon).Select(_ => new ClassSample())];
    }

    /// <summary>The probability that the class is higher than now within the horizon; 0 for class high.</summary>
    public double RiseProbability { get; private set; }

    /// <summary>Takes in the newest load of the history, and hands the model what is decided now.</summary>
    /// <param name="history">The loads so far.</param>
    /// <param name="measured">False when the load was not measured: what was foretold is then never checked.</param>
    /// <param name="model">The fleet's model.</param>
    public void Observe(LoadHistory history, bool measured, ClassChangeModel model)
    {
        var now = thresholds.Classify(history.Ago(0));
        foreach (var sample in pending)
        {
            sample.Came |= now > sample.From;
            sample.Made &= measured;
        }

        var due = pending[steps % pending.Length];
        if (due.Made)
        {
            features.At(due.Boundary).Surprise((due.Came ? 1 : 0) - due.Probability);
            model.Learn(due);
        }

        due.Made = false;
        features.Observe(history);
        steps++;
    }

    /// <summary>Call it once after each <see cref="Observe"/>, when the model has ended its step.</summary>
    /// <param name="history">The loads so far.</param>
    /// <param name="vm">The VM's forecasts of now.</param>
    /// <param name="model">The fleet's model.</param>
    public void Forecast(LoadHistory history, VmForecaster vm, ClassChangeModel model)
    {
        var now = thresholds.Classify(history.Ago(0));
        if (now == LoadClass.High)
        {
            RiseProbability = 0;
            return;
        }

        var sample = pending[(steps - 1) % pending.Length];
        sample.From = now;
        features.Write(sample.Features, sample.Boundary, history, pending.Length);
        sample.Probability = RiseProbability = model.Probability(sample.Boundary, sample.Features);
        sample.ByMean = thresholds.Classify(vm.By(ForecasterKind.Mean)) > now;
        sample.ByAutoregression = thresholds.Classify(vm.By(ForecasterKind.Autoregression)) > now;
        sample.Came = false;
        sample.Made = true;
    }
}
