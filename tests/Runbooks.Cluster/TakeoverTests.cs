using Runbooks.Cluster.Fixture;

namespace Runbooks.Cluster;

/// <summary>Many workers on the same runs: nothing is done twice, also by one that was frozen and does not know it.</summary>
[Collection(WithProcesses.Name)]
public sealed class TakeoverTests(Servers servers)
{
    /// <summary>The lease of these clusters is 3 s; on top of it the issue allows 15 s.</summary>
    private static readonly TimeSpan LongestTakeover = TimeSpan.FromSeconds(15);

    [Fact]
    public async Task Eight_workers_and_a_thousand_runs_do_nothing_twice()
    {
        var runs = Numbers.Of(1_000, 5_000);
        await using var cluster = await ClusterUnderTest.CreateAsync(servers, [Runbook.Short]);
        var workers = await cluster.StartAsync(8);

        workers[0].Tell($"start short a- 0 {runs / 2} 4");
        workers[1].Tell($"start short b- 0 {runs - (runs / 2)} 4");

        await cluster.UntilAtRestAsync(runs, TimeSpan.FromMinutes(4));
        await cluster.CheckAsync();
        Assert.Equal(runs, await cluster.CountAsync("runbooks.runs WHERE status = 'Finished'"));
        Assert.Equal(2 * runs, await cluster.CountAsync("effects WHERE ended IS NOT NULL", cluster.World));
        Assert.True(await cluster.AskAsync<long>("SELECT count(DISTINCT worker) FROM effects", cluster.World) >= 4);
    }

    [Fact]
    public async Task A_frozen_worker_loses_its_runs_and_is_refused_by_the_journal_and_by_the_world_when_it_wakes()
    {
        const int each = 3;
        await using var cluster = await ClusterUnderTest.CreateAsync(servers, [Runbook.Slow(1500), Runbook.SlowLook(1500)]);
        var second = await cluster.StartAsync();
        second.Freeze();
        var first = await cluster.StartAsync();
        _ = await ClusterUnderTest.StartRunsAsync(first, "slow", "s-", 0, each);
        _ = await ClusterUnderTest.StartRunsAsync(first, "look", "l-", 0, each);
        await cluster.UntilAsync("all effects have begun", async () =>
            await cluster.CountAsync("effects", cluster.World) == each
            && await cluster.CountAsync("runbooks.executions WHERE activity_id = 'l' AND attempt = 1") == each);

        first.Freeze();
        second.Thaw();
        await cluster.UntilAsync("the second worker has taken over", async () => await cluster.CountAsync($"runbooks.journal WHERE generation > 1 AND event = 'Run claimed' AND worker = '{second.Name}'") >= 2 * each);
        var late = await cluster.AskAsync<TimeSpan>(
            """
            SELECT max(taken.at - last.at) FROM
                (SELECT run_id, min(at) AS at FROM runbooks.journal WHERE generation = 2 GROUP BY 1) taken
                JOIN (SELECT run_id, max(at) AS at FROM runbooks.journal WHERE generation = 1 GROUP BY 1) last USING (run_id)
            """);
        await cluster.UntilAtRestAsync(2 * each);
        first.Thaw();
        await cluster.UntilAsync("the first worker was refused by the world", async () => await cluster.CountAsync($"refusals WHERE worker = '{first.Name}' AND generation = 1", cluster.World) == each);

        // It works again, for new runs.
        second.Freeze();
        _ = await ClusterUnderTest.StartRunsAsync(first, "slow", "again-", 0, 1);
        await cluster.UntilAtRestAsync((2 * each) + 1);
        second.Thaw();
        await cluster.CheckAsync();
        Assert.True(late < TimeSpan.FromSeconds(3) + LongestTakeover + TimeSpan.FromSeconds(3), $"The runs stood still for {late}.");
        Assert.Equal(0, await cluster.CountAsync("runbooks.journal o JOIN runbooks.journal n USING (run_id) WHERE o.generation < n.generation AND o.sequence > n.sequence"));
        Assert.Equal((2 * each) + 1, await cluster.CountAsync("runbooks.runs WHERE status = 'Finished'"));
    }

    [Fact]
    public async Task Starts_with_the_same_keys_by_several_processes_are_one_run_each_while_a_worker_recovers()
    {
        var keys = Numbers.Of(2_500, 10_000);
        await using var cluster = await ClusterUnderTest.CreateAsync(servers, [Runbook.Empty]);
        var starters = await cluster.StartAsync(2, ("Executes", "false"));
        var worker = await cluster.StartAsync();

        var answers = starters.SelectMany(s => new[] { 0, 1 }.Select(_ => s)).ToArray();
        foreach (var starter in answers)
        {
            starter.Tell($"start empty k- 0 {keys} 4");
        }

        await cluster.UntilAsync("some runs are there", async () => await cluster.CountAsync("runbooks.runs") > keys / 10);
        await worker.KillAsync();
        _ = await cluster.StartAsync(2);
        var started = 0;
        var there = 0;
        foreach (var starter in answers)
        {
            var answer = ClusterUnderTest.Started(await starter.AnswerAsync(["started "], TimeSpan.FromMinutes(4)));
            started += answer.New;
            there += answer.There;
        }

        await cluster.UntilAtRestAsync(keys, TimeSpan.FromMinutes(4));
        await cluster.CheckAsync();
        Assert.Equal((keys, 3 * keys), (started, there));
        Assert.Equal(keys, await cluster.CountAsync("runbooks.runs WHERE status = 'Finished'"));
        Assert.Equal(keys, await cluster.CountAsync("runbooks.journal WHERE event = 'Started' AND node_id LIKE '%:nothing'"));
    }

    [Fact]
    public async Task A_run_that_another_process_starts_is_taken_without_waiting_for_the_poll()
    {
        await using var cluster = await ClusterUnderTest.CreateAsync(servers, [Runbook.Short], ("Engine:Poll", "00:30:00"));
        _ = await cluster.StartAsync();
        var starter = await cluster.StartAsync(("Executes", "false"));

        for (var i = 0; i < 5; i++)
        {
            _ = await ClusterUnderTest.StartRunsAsync(starter, "short", "r-", i, 1);
            await cluster.UntilAtRestAsync(i + 1);
        }

        await cluster.CheckAsync();
    }

    [Fact]
    public async Task Processes_of_one_machine_never_have_one_name_and_keep_theirs_over_a_restart()
    {
        await using var cluster = await ClusterUnderTest.CreateAsync(servers, [Runbook.Empty]);
        var first = await cluster.StartAsync();
        var second = await cluster.StartAsync();
        var refused = cluster.Launch(("Engine:Worker", first.Name));
        var named = await cluster.StartAsync(("Engine:Worker", "a-name-of-its-own"));

        Assert.Equal((Environment.MachineName, $"{Environment.MachineName}#2", "a-name-of-its-own"), (first.Name, second.Name, named.Name));
        Assert.Contains("Another server works under the name", await refused.ReadyAsync(), StringComparison.Ordinal);
        await first.KillAsync();
        Assert.Equal(first.Name, (await cluster.StartAsync()).Name);
    }
}
