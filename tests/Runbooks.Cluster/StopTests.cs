using System.Diagnostics;
using Runbooks.Cluster.Fixture;

namespace Runbooks.Cluster;

/// <summary>Servers are told to stop and are started again, under load: nothing fails for it, and the others go on at once.</summary>
[Collection(WithProcesses.Name)]
public sealed class StopTests(Servers servers)
{
    private static readonly TimeSpan LongestDrain = TimeSpan.FromSeconds(30);

    [Fact]
    public async Task Workers_that_are_told_to_stop_drain_and_fail_nothing()
    {
        var stops = Numbers.Of(16, 100);
        string[] kinds = ["long", "wide", "failing"];

        // A lease that nobody waits for: what is not given back would show.
        await using var cluster = await ClusterUnderTest.CreateAsync(servers, [Runbook.Short, Runbook.Long, Runbook.Wide, Runbook.Failing], ("Engine:Lease", "00:20:00"));
        var starter = await cluster.StartAsync(("Executes", "false"));
        var workers = new Queue<WorkerProcess>(await cluster.StartAsync(3));
        var coming = new Queue<Task<WorkerProcess>>();
        var longest = TimeSpan.Zero;
        for (var stop = 0; stop < stops; stop++)
        {
            foreach (var kind in kinds)
            {
                _ = await ClusterUnderTest.StartRunsAsync(starter, kind, $"{kind}-", stop * 5, 5);
            }

            if (workers.Count < 2)
            {
                workers.Enqueue(await coming.Dequeue());
            }

            var worker = workers.Dequeue();
            var watch = Stopwatch.StartNew();
            worker.AskToStop();
            var code = await worker.EndAsync(LongestDrain + TimeSpan.FromSeconds(10));
            longest = watch.Elapsed > longest ? watch.Elapsed : longest;
            Assert.True(code == 0, $"It ended with {code}. {worker.Words}");
            Assert.Equal(0, await cluster.CountAsync($"runbooks.runs WHERE owner = '{worker.Name}'"));
            coming.Enqueue(cluster.StartAsync());
        }

        await cluster.UntilAtRestAsync(stops * 5 * kinds.Length);
        _ = await Task.WhenAll(coming);
        await cluster.CheckAsync();
        Assert.True(longest < LongestDrain, $"A drain took {longest}.");
        Assert.Equal(2 * stops * 5, await cluster.CountAsync("runbooks.runs WHERE parent_run_id IS NULL AND status = 'Finished'"));
        Assert.Equal(stops * 5, await cluster.CountAsync("runbooks.runs WHERE parent_run_id IS NULL AND status = 'Compensated'"));

        // What was in flight ended where it was: nothing was made a second time for a stop.
        Assert.Equal(0, await cluster.CountAsync("effects WHERE ended IS NULL", cluster.World));
    }

    [Fact]
    public async Task An_effect_that_does_not_end_in_time_is_let_go_of_and_found_by_the_next_worker()
    {
        await using var cluster = await ClusterUnderTest.CreateAsync(servers, [Runbook.Slow(4000)], ("Engine:Lease", "00:20:00"), ("Engine:DrainFor", "00:00:01"));
        var first = await cluster.StartAsync();
        _ = await ClusterUnderTest.StartRunsAsync(first, "slow", "s-", 0, 3);
        await cluster.UntilAsync("all effects have begun", async () => await cluster.CountAsync("effects", cluster.World) == 3);

        await cluster.StopAsync(first);
        Assert.Equal(0, await cluster.CountAsync("effects WHERE ended IS NOT NULL", cluster.World));

        // A worker of another name: it has nothing but what was given back.
        _ = await cluster.StartAsync(("Engine:Worker", "another"));

        await cluster.UntilAtRestAsync(3);
        await cluster.CheckAsync();
        Assert.Equal(3, await cluster.CountAsync("runbooks.runs WHERE status = 'Finished' AND generation > 1"));
    }

    [Fact]
    public async Task A_server_stops_while_the_database_is_away()
    {
        await using var cluster = await ClusterUnderTest.CreateAsync(servers, [Runbook.Slow(500)], ("Engine:DrainFor", "00:00:02"));
        var worker = await cluster.StartAsync();
        _ = await ClusterUnderTest.StartRunsAsync(worker, "slow", "s-", 0, 3);
        await cluster.UntilAsync("all effects have begun", async () => await cluster.CountAsync("effects", cluster.World) == 3);
        await servers.Product.StopAsync(CancellationToken.None);
        try
        {
            await cluster.StopAsync(worker);
        }
        finally
        {
            await servers.Product.StartAsync(CancellationToken.None);
        }

        _ = await cluster.StartAsync();
        await cluster.UntilAtRestAsync(3);
        await cluster.CheckAsync();
        Assert.Equal(3, await cluster.CountAsync("runbooks.runs WHERE status = 'Finished'"));
    }
}
