using Runbooks.Bench;
using Runbooks.Bench.Cases;
using Runbooks.Bench.Measured;
using Runbooks.Bench.Migration;
using Runbooks.Bench.Planning;

[assembly: System.Runtime.Versioning.SupportedOSPlatform("linux")]

if (args is ["planning", .. var planning])
{
    return PlanningBench.Run(planning);
}

if (args is ["migration", .. var migration])
{
    return await MigrationBench.RunAsync(migration);
}

BenchOptions options;
try
{
    options = BenchOptions.Read(args);
}
catch (FormatException e)
{
    await Console.Error.WriteLineAsync($"{e.Message}\n{BenchOptions.Usage}");
    return 2;
}

using var stop = new CancellationTokenSource();
Console.CancelKeyPress += (_, pressed) =>
{
    pressed.Cancel = true;
    stop.Cancel();
};
try
{
    await using var cluster = await BenchCluster.StartAsync(options.Folder, stop.Token);
    if (options.Wants("effects-1"))
    {
        await EffectsCase.RunAsync(cluster, concurrency: 1, asksFirst: false, options, stop.Token);
    }

    if (options.Wants("effects-8"))
    {
        await EffectsCase.RunAsync(cluster, concurrency: 8, asksFirst: false, options, stop.Token);
    }

    if (options.Wants("effects-asking"))
    {
        await EffectsCase.RunAsync(cluster, concurrency: 1, asksFirst: true, options, stop.Token);
    }

    if (options.Wants("bookmarks"))
    {
        await BookmarksCase.RunAsync(cluster, concurrency: 1, options, stop.Token);
        await BookmarksCase.RunAsync(cluster, concurrency: 8, options, stop.Token);
    }

    if (options.Wants("waiting"))
    {
        await WaitingCase.RunAsync(cluster, options, stop.Token);
    }

    if (options.Wants("growth"))
    {
        await GrowthCase.RunAsync(cluster, suspends: false, options, stop.Token);
        await GrowthCase.RunAsync(cluster, suspends: true, options, stop.Token);
    }

    return 0;
}
catch (OperationCanceledException) when (stop.IsCancellationRequested)
{
    await Console.Error.WriteLineAsync("Stopped; nothing is left running.");
    return 130;
}
