using System.Diagnostics;
using Runbooks.Bench.Measured;
using Runbooks.Workflows.Journal;

namespace Runbooks.Bench.Cases;

/// <summary>
/// Suspending and resuming: runs that wait again and again for no time at all. Each round trip is a commit that lets go of
/// the run, a claim, and a load.
/// </summary>
internal static class BookmarksCase
{
    private const int Rounds = 50;

    public static async Task RunAsync(BenchCluster cluster, int concurrency, BenchOptions options, CancellationToken cancellationToken)
    {
        var name = $"bookmarks_{concurrency}";
        Output.Say($"{name}: runs that wait and are woken, {concurrency} at a time");
        var database = await cluster.CreateDatabaseAsync(name, cancellationToken);
        await using var engine = await EngineHost.StartAsync(database, concurrency, cancellationToken, Definitions.WaitsOften(Rounds));
        engine.Work();
        var ended = 0;
        var clock = Stopwatch.StartNew();
        await Task.WhenAll(Enumerable.Range(0, concurrency).Select(async _ =>
        {
            while (clock.Elapsed.TotalSeconds < options.Seconds)
            {
                var id = await engine.StartRunAsync($"waits-{Rounds}", cancellationToken);
                while (await engine.Store.FindAsync(id, cancellationToken) is { FinishedAt: null })
                {
                    await Task.Delay(20, cancellationToken);
                }

                _ = Interlocked.Increment(ref ended);
            }
        }));
        Output.Result(new
        {
            @case = "bookmarks",
            concurrency,
            roundTripsPerSecond = Output.Round(ended * Rounds / clock.Elapsed.TotalSeconds, 1),
        });
    }
}
