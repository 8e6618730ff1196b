using System.Globalization;
using Runbooks.Cluster.Fixture;

namespace Runbooks.Cluster;

/// <summary>The database goes away while runs go on: none is lost, and what has happened meanwhile is known afterwards.</summary>
[Collection(WithProcesses.Name)]
public sealed class OutageTests(Servers servers)
{
    private static CancellationToken None => CancellationToken.None;

    /// <summary>How long the long outage is: longer than the lease. <c>CLUSTER_OUTAGE</c> says another number of seconds.</summary>
    private static TimeSpan LongOutage { get; } = TimeSpan.FromSeconds(
        Environment.GetEnvironmentVariable("CLUSTER_OUTAGE") is { Length: > 0 } seconds ? double.Parse(seconds, CultureInfo.InvariantCulture) : 6);

    [Fact]
    public async Task All_runs_end_although_the_database_is_restarted_again_and_again()
    {
        var each = Numbers.Of(130, 1_250);
        string[] kinds = ["short", "long", "wide", "failing"];
        await using var cluster = await ClusterUnderTest.CreateAsync(servers, [Runbook.Short, Runbook.Long, Runbook.Wide, Runbook.Failing]);
        var starter = await cluster.StartAsync(("Executes", "false"));
        _ = await cluster.StartAsync(3);
        foreach (var kind in kinds)
        {
            starter.Tell($"start {kind} {kind}- 0 {each} 2");
        }

        for (var restarts = 0; restarts < Numbers.Of(5, 40); restarts++)
        {
            await cluster.UntilAsync("runs go on", () => GoesOnAsync(cluster));
            await servers.Product.StopAsync(None);
            await servers.Product.StartAsync(None);
        }

        await cluster.UntilAtRestAsync(kinds.Length * each, TimeSpan.FromMinutes(4));
        await cluster.CheckAsync();
        Assert.Equal(3 * each, await cluster.CountAsync("runbooks.runs WHERE parent_run_id IS NULL AND status = 'Finished'"));
        Assert.Equal(each, await cluster.CountAsync("runbooks.runs WHERE parent_run_id IS NULL AND status = 'Compensated'"));
        Assert.All(cluster.Processes, p => Assert.False(p.HasExited, p.Words));
    }

    /// <summary>With the long lease only its owner can finish the run; with the short one another may have it first, and finds out.</summary>
    [Theory]
    [InlineData("00:20:00")]
    [InlineData("00:00:03")]
    public async Task What_has_happened_while_the_database_was_away_is_written_when_it_is_back(string lease)
    {
        await using var cluster = await ClusterUnderTest.CreateAsync(servers, [Runbook.Slow(1000)], ("Engine:Lease", lease));
        var worker = await cluster.StartAsync();
        await AwayWhileEffectsEndAsync(cluster, worker, 4, LongOutage);

        await cluster.UntilAtRestAsync(4);
        await cluster.CheckAsync();
        Assert.Equal(4, await cluster.CountAsync("runbooks.runs WHERE status = 'Finished'"));
        Assert.True(lease == "00:00:03" || await cluster.CountAsync("runbooks.journal WHERE generation > 1") == 0, "Another than the owner has written.");
        Assert.Equal(8, await cluster.CountAsync("effects", cluster.World));
    }

    [Fact]
    public async Task What_has_happened_while_the_database_was_away_is_found_in_the_world_when_its_worker_is_dead()
    {
        await using var cluster = await ClusterUnderTest.CreateAsync(servers, [Runbook.Slow(1000)]);
        var worker = await cluster.StartAsync();
        await AwayWhileEffectsEndAsync(cluster, worker, 4, TimeSpan.Zero, worker.KillAsync);
        _ = await cluster.StartAsync();

        await cluster.UntilAtRestAsync(4);
        await cluster.CheckAsync();
        Assert.Equal(4, await cluster.CountAsync("runbooks.runs WHERE status = 'Finished' AND generation > 1"));
        Assert.Equal(8, await cluster.CountAsync("effects", cluster.World));
    }

    [Fact]
    public async Task Runs_go_on_when_all_connections_were_taken_for_a_while()
    {
        var runs = Numbers.Of(100, 500);
        await using var cluster = await ClusterUnderTest.CreateAsync(servers, [Runbook.Short, Runbook.Wide]);
        var worker = await cluster.StartAsync();
        worker.Tell($"start short s- 0 {runs} 4");
        await cluster.UntilAsync("runs go on", () => GoesOnAsync(cluster));
        worker.Tell("exhaust 6000");
        _ = await worker.AnswerAsync(["exhausted "], TimeSpan.FromMinutes(1));
        _ = await worker.AnswerAsync(["started "], TimeSpan.FromMinutes(2));

        await cluster.UntilAtRestAsync(runs);
        await cluster.CheckAsync();
        Assert.Equal(runs, await cluster.CountAsync("runbooks.runs WHERE status = 'Finished'"));
    }

    /// <summary>Starts slow runs, takes the database away while their effects are in the world, and brings it back when they have ended there.</summary>
    private async Task AwayWhileEffectsEndAsync(ClusterUnderTest cluster, WorkerProcess worker, int runs, TimeSpan longer, Func<Task>? meanwhile = null)
    {
        _ = await ClusterUnderTest.StartRunsAsync(worker, "slow", "s-", 0, runs);
        await cluster.UntilAsync("all effects have begun", async () => await cluster.CountAsync("effects", cluster.World) == runs);
        await servers.Product.StopAsync(None);
        try
        {
            await cluster.UntilAsync("all effects have ended", async () => await cluster.CountAsync("effects WHERE ended IS NOT NULL", cluster.World) == runs);
            if (meanwhile is not null)
            {
                await meanwhile();
            }

            await Task.Delay(longer);
        }
        finally
        {
            await servers.Product.StartAsync(None);
        }
    }

    /// <summary>True when something was written since the last look: each restart hits runs, not a pause.</summary>
    private static async Task<bool> GoesOnAsync(ClusterUnderTest cluster)
    {
        var before = await cluster.CountAsync("runbooks.journal");
        await Task.Delay(300);
        return await cluster.CountAsync("runbooks.journal") > before + 20 || await cluster.CountAsync("runbooks.runs WHERE status IN ('Pending', 'Executing', 'Suspended', 'Compensating')") == 0;
    }
}
