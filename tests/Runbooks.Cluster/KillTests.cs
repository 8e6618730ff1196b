using Runbooks.Cluster.Fixture;

namespace Runbooks.Cluster;

/// <summary>Processes are killed at random moments while runs of every kind go on; all end as if nobody had been killed.</summary>
[Collection(WithProcesses.Name)]
public sealed class KillTests(Servers servers)
{
    private static readonly string[] Kinds = ["short", "long", "wide", "failing"];

    [Fact]
    public async Task Runs_end_as_in_an_undisturbed_run_however_often_their_workers_are_killed()
    {
        const int perRound = 6;
        var random = new Random(4711);
        await using var cluster = await ClusterUnderTest.CreateAsync(servers, [Runbook.Short, Runbook.Long, Runbook.Wide, Runbook.Failing]);
        var starter = await cluster.StartAsync(("Executes", "false"));
        var workers = (await cluster.StartAsync(3)).ToList();
        foreach (var kind in Kinds)
        {
            _ = await ClusterUnderTest.StartRunsAsync(starter, kind, $"calm-{kind}-", 0, 1);
        }

        await cluster.UntilAtRestAsync(Kinds.Length);
        var expected = await EndsAsync(cluster, "calm-");
        // Each round starts runs, kills a worker while they go on, and has another one started meanwhile.
        var rounds = Numbers.Of(10, 50);
        var coming = new List<Task<WorkerProcess>>();
        for (var round = 0; round < rounds; round++)
        {
            foreach (var kind in Kinds)
            {
                _ = await ClusterUnderTest.StartRunsAsync(starter, kind, $"{kind}-", round * perRound, perRound);
            }

            await Task.Delay(random.Next(200));
            var victim = workers[random.Next(workers.Count)];
            _ = workers.Remove(victim);
            await victim.KillAsync();
            coming.Add(cluster.StartAsync());
            if (workers.Count == 1)
            {
                workers.AddRange(await Task.WhenAll(coming));
                coming.Clear();
            }
        }

        await cluster.UntilAtRestAsync((rounds * perRound * Kinds.Length) + Kinds.Length);
        await cluster.CheckAsync();
        foreach (var kind in Kinds)
        {
            var ends = await EndsAsync(cluster, $"{kind}-");
            Assert.Equal(expected[kind], Assert.Single(ends.Values.Distinct(StringComparer.Ordinal)));
        }

        // Some of the dead had something in their hands; else the test would show nothing.
        Assert.True(await cluster.CountAsync("effects WHERE attempt > 1 OR ended IS NULL", cluster.World) > 0);
    }

    private static Task<long> AtRestAsync(ClusterUnderTest cluster) =>
        cluster.CountAsync("runbooks.runs WHERE parent_run_id IS NULL AND status IN ('Finished', 'Compensated', 'Cancelled', 'Faulted', 'NeedsAttention')");

    /// <summary>How runs with such a key ended: their status, each step with its status and undo, those of children included; by kind.</summary>
    private static async Task<Dictionary<string, string>> EndsAsync(ClusterUnderTest cluster, string prefix)
    {
        var ends = await Invariants.ListAsync(
            cluster.Product,
            $"""
            SELECT r.definition_id, r.idempotency_key, r.status || ' ' || string_agg(format('%s %s:%s:%s:%s', s.status, e.activity_id, e.status, e.effect, e.undo), ' ' ORDER BY s.definition_id, e.activity_id)
            FROM runbooks.runs r
            JOIN runbooks.runs s ON s.id = r.id OR s.parent_run_id = r.id
            JOIN runbooks.executions e ON e.run_id = s.id
            WHERE r.idempotency_key LIKE '{prefix}%'
            GROUP BY r.id
            """,
            r => (Kind: r.GetString(0), Key: r.GetString(1), End: r.GetString(2)));
        return prefix == "calm-" ? ends.ToDictionary(e => e.Kind, e => e.End) : ends.ToDictionary(e => e.Key, e => e.End);
    }
}
