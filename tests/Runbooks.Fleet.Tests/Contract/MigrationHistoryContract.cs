using Runbooks.Fleet.Migrations;
using Runbooks.Fleet.Model;

namespace Runbooks.Fleet.Tests.Contract;

/// <summary>What every record of migrations promises.</summary>
public abstract class MigrationHistoryContract : IAsyncLifetime
{
    private static readonly DateTimeOffset Noon = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);

    private IMigrationHistory history = null!;

    private static CancellationToken None => CancellationToken.None;

    public async Task InitializeAsync() => history = await OpenEmptyAsync();

    public virtual Task DisposeAsync() => Task.CompletedTask;

    protected abstract Task<IMigrationHistory> OpenEmptyAsync();

    [Fact]
    public async Task A_record_is_read_back_with_everything_that_it_had()
    {
        var record = Record("r1", "web-1", 0) with
        {
            Forecast = new MigrationForecast(TimeSpan.FromSeconds(4.25), TimeSpan.FromMilliseconds(120), 312.5, 4, true)
            {
                TimeRange = (TimeSpan.FromSeconds(3.5), TimeSpan.FromSeconds(5)),
                Model = "kvm PreCopy, learnt from 31 migrations",
            },
            Time = TimeSpan.FromMilliseconds(4321),
            Downtime = TimeSpan.FromMilliseconds(77),
            SentMiB = 300.125,
            Rounds = 5,
            FirstRoundMiB = 180.5,
            RunTime = TimeSpan.FromMilliseconds(6543),
        };

        Assert.True(await history.AppendAsync(record, None));

        Assert.Equal(record, Assert.Single(await history.ListAsync(10, None)));
    }

    [Fact]
    public async Task What_is_not_known_stays_unknown()
    {
        var record = Record("r1", "web-1", 0) with { Outcome = MigrationOutcome.NotMoved };
        _ = await history.AppendAsync(record, None);

        Assert.Equal(record, Assert.Single(await history.ListAsync(10, None)));
    }

    [Fact]
    public async Task One_run_has_one_record_of_a_vm_and_the_first_stays()
    {
        var first = Record("r1", "web-1", 0) with { Rounds = 3 };
        Assert.True(await history.AppendAsync(first, None));

        Assert.False(await history.AppendAsync(first with { Rounds = 9, Outcome = MigrationOutcome.NotMoved }, None));
        Assert.True(await history.AppendAsync(Record("r1", "web-2", 1), None));
        Assert.True(await history.AppendAsync(Record("r2", "web-1", 2), None));

        var all = await history.ListAsync(10, None);
        Assert.Equal(3, all.Count);
        Assert.Equal(first, all[0]);
    }

    [Fact]
    public async Task The_newest_are_listed_oldest_first_whatever_the_order_in_which_they_came()
    {
        foreach (var minute in new[] { 3, 1, 4, 0, 2 })
        {
            _ = await history.AppendAsync(Record($"r{minute}", "web-1", minute), None);
        }

        Assert.Equal(["r2", "r3", "r4"], (await history.ListAsync(3, None)).Select(r => r.Run));
        Assert.Empty(await history.ListAsync(0, None));
    }

    private static MigrationRecord Record(string run, string vm, int minute) => new(
        run,
        new VmName(vm),
        new HostName("h1"),
        new HostName("h2"),
        Noon.AddMinutes(minute),
        new MigrationCase("kvm", MigrationMode.Hybrid, 256, 32.5)
        {
            TouchedMiB = 180.5,
            ResidentMiB = 290,
            HasMoved = true,
            DirtyMiBs = 12.25,
            WorkingSetMiB = 40,
            FreeCpuShare = 0.75,
            MaxDowntime = TimeSpan.FromMilliseconds(250),
            MaxRounds = 7,
            MaxDataFactor = 2.5,
            DirtyThresholdMiB = 8,
            MaxTime = TimeSpan.FromMinutes(3),
        },
        Forecast: null,
        MigrationOutcome.Moved);
}
