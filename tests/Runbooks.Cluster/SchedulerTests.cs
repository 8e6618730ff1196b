using Runbooks.Cluster.Fixture;

namespace Runbooks.Cluster;

/// <summary>Several servers with the same schedule: one run per planned time.</summary>
[Collection(WithProcesses.Name)]
public sealed class SchedulerTests(Servers servers)
{
    [Fact]
    public async Task Three_schedulers_start_one_run_per_planned_time_also_when_one_of_them_dies()
    {
        const int runs = 8;
        await using var cluster = await ClusterUnderTest.CreateAsync(
            servers,
            [Runbook.Empty],
            ("Schedules:0:name", "often"),
            ("Schedules:0:every", "00:00:01"),
            ("Schedules:0:runbook", "empty"),
            ("Schedules:0:whenBusy", "start"));
        var schedulers = await cluster.StartAsync(3);
        await cluster.UntilAsync("some times have come", async () => await cluster.CountAsync("runbooks.runs") >= runs / 2);
        await schedulers[0].KillAsync();
        await cluster.UntilAsync("more times have come", async () => await cluster.CountAsync("runbooks.runs") >= runs);
        await cluster.StopAsync(schedulers[1]);
        var soFar = await cluster.CountAsync("runbooks.runs");
        await cluster.UntilAsync("the last one fires", async () => await cluster.CountAsync("runbooks.runs") >= soFar + 2);
        await cluster.StopAsync(schedulers[2]);
        _ = await cluster.StartAsync(("Schedules:0:enabled", "false"));
        await cluster.UntilAtRestAsync(runs);

        await cluster.CheckAsync();
        var planned = await Invariants.ListAsync(
            cluster.Product,
            "SELECT idempotency_key FROM runbooks.runs ORDER BY 1",
            r => DateTimeOffset.Parse(r.GetString(0)["schedule:often:".Length..], System.Globalization.CultureInfo.InvariantCulture));
        Assert.All(planned.Zip(planned.Skip(1)), pair => Assert.True(pair.Second - pair.First > TimeSpan.FromSeconds(0.9), $"{pair.First:O} and {pair.Second:O} are one time, planned twice."));
    }
}
