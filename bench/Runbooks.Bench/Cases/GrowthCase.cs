using System.Diagnostics;
using Runbooks.Bench.Measured;
using Runbooks.Workflows.Runs;

namespace Runbooks.Bench.Cases;

/// <summary>What a step costs in a long run, against what it costs in a short one.</summary>
internal static class GrowthCase
{
    private const int Short = 100;

    /// <summary>A run whose steps become dearer and dearer would never end; what it reached says enough.</summary>
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(60);

    public static async Task RunAsync(BenchCluster cluster, bool suspends, BenchOptions options, CancellationToken cancellationToken)
    {
        var name = suspends ? "growth_waits" : "growth";
        Output.Say($"{name}: a run of {options.Growth} steps{(suspends ? ", suspended in each round" : "")}");
        var database = await cluster.CreateDatabaseAsync(name, cancellationToken);
        string[] definitions = suspends
            ? [Definitions.LoopThatWaits(Short), Definitions.LoopThatWaits(options.Growth)]
            : [Definitions.Loop(Short), Definitions.Loop(options.Growth)];
        var prefix = suspends ? "waiting-loop" : "loop";
        await using var engine = await EngineHost.StartAsync(database, 1, cancellationToken, definitions);
        engine.Work();

        _ = await PerStepAsync(engine, $"{prefix}-{Short}", cancellationToken);
        var small = new List<double>();
        for (var i = 0; i < 5; i++)
        {
            small.Add((await PerStepAsync(engine, $"{prefix}-{Short}", cancellationToken)).Mean);
        }

        var (mean, last, steps) = await PerStepAsync(engine, $"{prefix}-{options.Growth}", cancellationToken);
        var baseline = small.Average();
        Output.Result(new
        {
            @case = suspends ? "growth-suspending" : "growth",
            steps,
            perStepMs = Output.Round(mean, 3),
            perStepMsLastTenth = Output.Round(last, 3),
            perStepMsOfShortRun = Output.Round(baseline, 3),
            ratio = Output.Round(mean / baseline),
            ratioLastTenth = Output.Round(last / baseline),
        });
    }

    /// <summary>Milliseconds per step of a whole run, and of its last tenth.</summary>
    private static async Task<(double Mean, double Last, long Steps)> PerStepAsync(EngineHost engine, string definition, CancellationToken cancellationToken)
    {
        var samples = new List<(long Steps, TimeSpan At)>();
        var first = engine.Ticks.Count;
        var clock = Stopwatch.StartNew();
        var id = await engine.StartRunAsync(definition, cancellationToken);
        while (clock.Elapsed < Longest && await engine.Store.FindAsync(id, cancellationToken) is { FinishedAt: null })
        {
            samples.Add((engine.Ticks.Count - first, clock.Elapsed));
            await Task.Delay(5, cancellationToken);
        }

        var steps = engine.Ticks.Count - first;
        var time = clock.Elapsed;
        if (await engine.Store.FindAsync(id, cancellationToken) is { FinishedAt: null })
        {
            Output.Say($"{definition} was stopped after {steps} steps: it took too long.");
            _ = await engine.Store.SendAsync(new Stimulus("stop", id, StimulusKind.Cancel, null, null, "bench", null), cancellationToken);
            await engine.RestAsync();
        }

        var tenth = samples.FindIndex(s => s.Steps >= steps * 9 / 10);
        var (from, at) = tenth < 0 ? (0, TimeSpan.Zero) : samples[tenth];
        return (time.TotalMilliseconds / steps, (time - at).TotalMilliseconds / Math.Max(1, steps - from), steps);
    }
}
