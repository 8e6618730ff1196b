using Runbooks.Cluster.Fixture;
using Runbooks.Workflows.Tests.Engine;

namespace Runbooks.Cluster;

/// <summary>Two versions of the product side by side: each does what it can, and leaves the rest to the other.</summary>
[Collection(WithProcesses.Name)]
public sealed class UpgradeTests(Servers servers)
{
    private static readonly string Before = Definition.Of("job", Definition.Sequence("s", Runbook.Make("a"), Runbook.Delay("later", 1500), Runbook.Make("b")));

    private static readonly string After = Definition.Of(
        "job", Definition.Sequence("s", Runbook.Make("a"), Runbook.Make("n", type: "Cluster.MakeNewest"), Runbook.Child("child", "added")));

    private static readonly string Added = Definition.Of("added", Definition.Sequence("s", Runbook.Make("x")));

    [Fact]
    public async Task During_an_upgrade_every_run_stays_on_its_version_and_goes_on_where_it_can()
    {
        const int runs = 15;
        await using var cluster = await ClusterUnderTest.CreateAsync(servers, []);
        var old = OfProduct("1.0.0", cluster.Ship("before", Before));
        var newest = OfProduct("1.1.0", cluster.Ship("after", After, Added), ("Newest", "true"));
        var oldWorker = await cluster.StartAsync(old);
        _ = await ClusterUnderTest.StartRunsAsync(oldWorker, "job", "old-", 0, runs);

        var newWorker = await cluster.StartAsync(newest);
        var newStarter = await cluster.StartAsync([.. newest, ("Executes", "false")]);
        _ = await ClusterUnderTest.StartRunsAsync(newStarter, "job", "new-", 0, runs);

        // What the newest product needs of the schema is there before the older server is gone, and that one is started again.
        await AddToSchemaAsync(cluster);
        await oldWorker.KillAsync();
        oldWorker = await cluster.StartAsync(old);
        _ = await ClusterUnderTest.StartRunsAsync(oldWorker, "job", "late-", 0, runs);
        await cluster.UntilAtRestAsync(3 * runs);
        await cluster.CheckAsync();

        Assert.Equal(2, await cluster.CountAsync("runbooks.definitions WHERE definition_id = 'job'"));
        Assert.Equal(3 * runs, await cluster.CountAsync("runbooks.runs WHERE parent_run_id IS NULL AND status = 'Finished'"));
        Assert.Equal(runs, await VersionAsync(cluster, "old-", 1));
        Assert.Equal(runs, await VersionAsync(cluster, "new-", 2));
        Assert.Equal(runs, await VersionAsync(cluster, "late-", 1));
        Assert.Equal(runs, await cluster.CountAsync("effects WHERE thing = 'n'", cluster.World));
        Assert.Equal(runs, await cluster.CountAsync($"effects WHERE thing = 'n' AND worker = '{newWorker.Name}'", cluster.World));

        // The last of the old ones is gone; the newest product executes what it had begun.
        _ = await ClusterUnderTest.StartRunsAsync(oldWorker, "job", "left-", 0, runs);
        await cluster.StopAsync(oldWorker);
        await cluster.UntilAtRestAsync(4 * runs);
        await cluster.CheckAsync();
        Assert.Equal(runs, await VersionAsync(cluster, "left-", 1));
        Assert.Equal(4 * runs, await cluster.CountAsync("runbooks.runs WHERE parent_run_id IS NULL AND status = 'Finished'"));
    }

    [Fact]
    public async Task A_run_that_no_worker_can_load_waits_for_one_then_needs_a_person_and_goes_on_when_one_has_come()
    {
        await using var cluster = await ClusterUnderTest.CreateAsync(servers, [], ("Engine:NobodyAbleFor", "00:00:05"));
        var old = OfProduct("1.0.0", cluster.Ship("before", Before));
        var newest = OfProduct("1.1.0", cluster.Ship("after", After, Added), ("Newest", "true"));
        var starter = await cluster.StartAsync([.. newest, ("Executes", "false")]);
        var before = await cluster.AskAsync<DateTime>("SELECT now()");
        _ = await ClusterUnderTest.StartRunsAsync(starter, "job", "new-", 0, 2);

        _ = await cluster.StartAsync(2, old);
        await cluster.UntilAsync("the runs need attention", async () => await cluster.CountAsync("runbooks.runs WHERE status = 'NeedsAttention'") == 2);
        var waited = await cluster.AskAsync<TimeSpan>("SELECT max(seen_at - steady_since) FROM runbooks.workers");
        Assert.True(waited >= TimeSpan.FromSeconds(4), $"Others were waited for only {waited}.");
        Assert.Contains("can't be loaded here, and no worker that can was seen for 00:00:05", await cluster.AskAsync<string>("SELECT min(reason) FROM runbooks.runs"), StringComparison.Ordinal);
        Assert.Equal(0, await cluster.CountAsync("effects", cluster.World));

        _ = await cluster.StartAsync(newest);
        await cluster.UntilAsync("the new worker has reported itself", async () => await cluster.CountAsync("runbooks.workers WHERE product = '1.1.0'") == 1);
        _ = await cluster.AskAsync<object>(
            "INSERT INTO runbooks.stimuli (run_id, id, kind, actor, reason) SELECT id, 'again', 'Retry', 'test', 'the new version is there' FROM runbooks.runs RETURNING 1");
        await cluster.UntilAsync("the runs have finished", async () => await cluster.CountAsync("runbooks.runs WHERE parent_run_id IS NULL AND status = 'Finished'") == 2);
        await cluster.CheckAsync();
    }

    private static (string Key, string Value)[] OfProduct(string version, string folder, params (string Key, string Value)[] more) =>
        [("Product", version), ("Workflows:Folder", folder), .. more];

    private static Task<long> VersionAsync(ClusterUnderTest cluster, string prefix, int version) =>
        cluster.CountAsync($"runbooks.runs WHERE idempotency_key LIKE '{prefix}%' AND definition_version = {version}");

    /// <summary>A schema that is one additive step ahead.</summary>
    private static Task<object> AddToSchemaAsync(ClusterUnderTest cluster) => cluster.AskAsync<object>(
        """
        CREATE TABLE runbooks.of_the_future (id bigint PRIMARY KEY);
        ALTER TABLE runbooks.runs ADD COLUMN of_the_future text NOT NULL DEFAULT 'x';
        ALTER TABLE runbooks.executions ADD COLUMN of_the_future text NULL;
        INSERT INTO runbooks.schema_migrations (number, name, checksum, additive) VALUES (4711, 'from the future', 'x', true) RETURNING number
        """);
}
