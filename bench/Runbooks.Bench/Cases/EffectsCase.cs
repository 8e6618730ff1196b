using System.Diagnostics;
using Runbooks.Bench.Measured;

namespace Runbooks.Bench.Cases;

/// <summary>
/// Ten-step runs whose effects take no time. A backlog of runs is created before; what is measured is a window in the
/// middle of working it off, so that claims, loads and ends of runs are in it as often as they come.
/// </summary>
internal static class EffectsCase
{
    private const int Steps = 10;

    /// <summary>Code is compiled, statements are prepared; a server that has just started is not what is measured.</summary>
    private static readonly TimeSpan WarmUp = TimeSpan.FromSeconds(3);

    public static async Task RunAsync(BenchCluster cluster, int concurrency, bool asksFirst, BenchOptions options, CancellationToken cancellationToken)
    {
        var name = $"effects_{concurrency}{(asksFirst ? "_asks" : "")}";
        Output.Say($"{name}: ten-step runs, {concurrency} at a time");
        var target = await cluster.CreateDatabaseAsync(name, cancellationToken);
        var pgbench = new PgBench(cluster);
        var half = Math.Max(1, options.Seconds / 2);
        await using var engine = await EngineHost.StartAsync(target, concurrency, cancellationToken, Definitions.TenSteps);
        engine.Ticks.AsksFirst = asksFirst;

        // Before and after, because a machine that is shared is not the same all the time.
        var before = await pgbench.TransactionsPerSecondAsync(concurrency, half, cancellationToken);
        await engine.StartRunsAsync("ten-steps", (int)(before * (options.Seconds + WarmUp.TotalSeconds) / Steps) + 1, cancellationToken);
        engine.Work();
        await Task.Delay(WarmUp, cancellationToken);

        engine.Ticks.Forget();
        var stepsBefore = engine.Ticks.Count;
        var writesBefore = await cluster.WritingTransactionsAsync(cancellationToken);
        var cpuBefore = Environment.CpuUsage.TotalTime;
        var databaseBefore = cluster.ProcessorTime();
        var clock = Stopwatch.StartNew();
        await Task.Delay(TimeSpan.FromSeconds(options.Seconds), cancellationToken);
        var steps = engine.Ticks.Count - stepsBefore;
        var seconds = clock.Elapsed.TotalSeconds;
        var cpu = Environment.CpuUsage.TotalTime - cpuBefore;
        var database = cluster.ProcessorTime() - databaseBefore;
        var writes = await cluster.WritingTransactionsAsync(cancellationToken) - writesBefore;
        var gaps = engine.Ticks.Gaps();
        await engine.RestAsync();
        var after = await pgbench.TransactionsPerSecondAsync(concurrency, half, cancellationToken);
        var tps = (before + after) / 2;
        Output.Result(new
        {
            @case = asksFirst ? "effects-asking" : "effects",
            concurrency,
            stepsPerSecond = Output.Round(steps / seconds, 1),
            pgbenchTps = Output.Round(tps, 1),
            ratio = Output.Round(steps / seconds / tps, 3),
            commitsPerStep = Output.Round((double)writes / steps, 3),
            p50Ms = Output.Round(Ticks.Percentile(gaps, 0.50), 3),
            engineCpuMsPerStep = Output.Round(cpu.TotalMilliseconds / steps, 3),
            databaseCpuMsPerStep = Output.Round(database.TotalMilliseconds / steps, 3),
            p95Ms = Output.Round(Ticks.Percentile(gaps, 0.95), 3),
        });
    }
}
