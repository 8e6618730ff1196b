using Runbooks.Storage.Runs;
using Runbooks.Storage.Tests.Fixture;
using Runbooks.Workflows.Definitions;
using Runbooks.Workflows.Journal;

namespace Runbooks.Storage.Tests.Runs;

/// <summary>When a worker may say that nobody can run something.</summary>
[Collection(WithPostgres.Name)]
public sealed class WorkerDirectoryTests(MigratedDatabase database) : IClassFixture<MigratedDatabase>, IAsyncLifetime
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(10);
    private static readonly DefinitionVersion Newest = new("job", 2);

    private readonly PostgresWorkerDirectory directory = new(database.Source);

    public Task InitializeAsync() => database.ExecuteAsync("TRUNCATE runbooks.workers");

    public Task DisposeAsync() => Task.CompletedTask;

    [Fact]
    public async Task Only_after_the_time_in_which_no_able_worker_was_seen_nobody_can()
    {
        Assert.Empty(await ReportAsync("old", first: true, Newest));
        await PassAsync("old", TimeSpan.FromMinutes(9), seenToo: false);
        Assert.Empty(await ReportAsync("old", first: false, Newest));
        await PassAsync("old", TimeSpan.FromMinutes(2), seenToo: false);
        Assert.Equal([Newest], await ReportAsync("old", first: false, Newest));
    }

    [Fact]
    public async Task A_worker_that_was_seen_and_has_not_said_that_it_can_not_might_be_able_to()
    {
        _ = await ReportAsync("old", first: true, Newest);
        _ = await ReportAsync("new", first: true);
        await PassAsync("old", Limit * 2, seenToo: false);

        Assert.Empty(await ReportAsync("old", first: false, Newest));
        _ = await ReportAsync("new", first: false, Newest);
        Assert.Equal([Newest], await ReportAsync("old", first: false, Newest));
    }

    [Fact]
    public async Task A_worker_that_has_ended_counts_for_the_time_that_others_are_waited_for()
    {
        _ = await ReportAsync("new", first: true);
        _ = await ReportAsync("old", first: true, Newest);
        await PassAsync("old", Limit * 2, seenToo: false);
        await PassAsync("new", TimeSpan.FromMinutes(9));
        Assert.Empty(await ReportAsync("old", first: false, Newest));
        await PassAsync("new", TimeSpan.FromMinutes(2));
        Assert.Equal([Newest], await ReportAsync("old", first: false, Newest));
    }

    [Fact]
    public async Task A_worker_that_was_away_itself_begins_to_count_anew()
    {
        _ = await ReportAsync("old", first: true, Newest);
        await PassAsync("old", Limit * 3);

        Assert.Empty(await ReportAsync("old", first: false, Newest));
    }

    private Task<IReadOnlyList<DefinitionVersion>> ReportAsync(string worker, bool first, params DefinitionVersion[] cannotRun) =>
        directory.ReportAsync(new WorkerReport(worker, ProductVersion.Current, first, cannotRun), Limit, CancellationToken.None);

    /// <summary>The database's clock cannot be moved, so what it is compared with is made older.</summary>
    private Task PassAsync(string worker, TimeSpan time, bool seenToo = true) => database.ExecuteAsync(
        $"""
        UPDATE runbooks.workers SET steady_since = steady_since - interval '{time.TotalSeconds} seconds'
            {(seenToo ? $", seen_at = seen_at - interval '{time.TotalSeconds} seconds'" : "")}
        WHERE name = '{worker}'
        """);
}
