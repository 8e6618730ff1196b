using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Npgsql;
using Runbooks.Storage.Retention;
using Runbooks.Storage.Runs;
using Runbooks.Storage.Tests.Fixture;
using Runbooks.Storage.Tests.Runs;
using Runbooks.Workflows.Library;

namespace Runbooks.Storage.Tests.Retention;

/// <summary>Which runs are forgotten, and that nothing else is.</summary>
[Collection(WithPostgres.Name)]
public sealed class RetentionTests(MigratedDatabase database) : IClassFixture<MigratedDatabase>, IAsyncLifetime
{
    private static CancellationToken None => CancellationToken.None;

    public Task InitializeAsync() => database.EmptyAsync();

    public Task DisposeAsync() => Task.CompletedTask;

    [Fact]
    public async Task A_run_that_ended_long_ago_goes_with_all_that_belongs_to_it_and_a_younger_one_stays()
    {
        await AddAsync("old", ended: 10);
        await AddAsync("young", ended: 1);

        Assert.Equal(1, await RoundAsync(o => (o.KeepFor, o.KeepRuns) = (TimeSpan.FromDays(5), null)));

        Assert.Equal(["young"], await LeftAsync());
        Assert.Equal((2L, 2L, 0L, 1L), (
            await CountAsync("journal"), await CountAsync("executions"), await CountAsync("bookmarks"), await CountAsync("stimuli")));
    }

    [Theory]
    [InlineData("Pending")]
    [InlineData("Executing")]
    [InlineData("Suspended")]
    [InlineData("Paused")]
    [InlineData("Compensating")]
    [InlineData("NeedsAttention")]
    public async Task A_run_that_has_not_ended_stays_however_old_it_is(string status)
    {
        await AddAsync("open", ended: 1000, status: status);

        Assert.Equal(0, await RoundAsync(o => (o.KeepFor, o.KeepRuns) = (TimeSpan.FromHours(1), 1)));

        Assert.Equal(["open"], await LeftAsync());
    }

    [Fact]
    public async Task Of_each_runbook_the_newest_stay()
    {
        for (var i = 1; i <= 5; i++)
        {
            await AddAsync($"a{i}", ended: 1, runbook: "a");
        }

        await AddAsync("b1", ended: 1, runbook: "b");
        await AddAsync("b2", ended: 1, runbook: "b");

        Assert.Equal(3, await RoundAsync(o => (o.KeepFor, o.KeepRuns) = (null, 2)));

        Assert.Equal(["a4", "a5", "b1", "b2"], await LeftAsync());
    }

    [Fact]
    public async Task No_run_goes_while_one_of_its_family_is_open()
    {
        await AddAsync("grandparent", ended: 10, status: "Suspended");
        await AddAsync("parent", ended: 10, parent: "grandparent");
        await AddAsync("child", ended: 10, parent: "parent");
        await AddAsync("closed parent", ended: 10);
        await AddAsync("open child", ended: 10, parent: "closed parent", status: "NeedsAttention");
        await AddAsync("sibling of the open child", ended: 10, parent: "closed parent");
        await AddAsync("ended parent", ended: 10);
        await AddAsync("ended child", ended: 10, parent: "ended parent");

        Assert.Equal(2, await RoundAsync(o => o.KeepFor = TimeSpan.FromDays(5)));

        Assert.Equal(["child", "closed parent", "grandparent", "open child", "parent", "sibling of the open child"], await LeftAsync());
    }

    [Fact]
    public async Task A_finished_run_that_somebody_has_asked_to_undo_stays()
    {
        await AddAsync("asked", ended: 10);
        await database.ExecuteAsync("UPDATE runbooks.stimuli SET settled_at = NULL");

        Assert.Equal(0, await RoundAsync(o => o.KeepFor = TimeSpan.FromDays(5)));

        Assert.Equal(["asked"], await LeftAsync());
    }

    [Fact]
    public async Task Batch_after_batch_everything_old_goes_in_one_round()
    {
        for (var i = 0; i < 12; i++)
        {
            await AddAsync($"old {i}", ended: 10);
        }

        Assert.Equal(12, await RoundAsync(o => (o.KeepFor, o.Batch) = (TimeSpan.FromDays(5), 5)));

        Assert.Empty(await LeftAsync());
    }

    [Fact]
    public async Task While_one_server_forgets_another_does_not()
    {
        await AddAsync("old", ended: 10);
        await using var other = await database.Source.OpenConnectionAsync();
        await using var transaction = await other.BeginTransactionAsync();
        await using var take = new NpgsqlCommand("SELECT pg_advisory_xact_lock(x'666F72676574'::bigint)", other);
        _ = await take.ExecuteNonQueryAsync();

        Assert.Null(await new History(database.Pools).ForgetAsync(TimeSpan.FromDays(5), null, 10, None));
        await transaction.RollbackAsync();

        Assert.Equal(1, await new History(database.Pools).ForgetAsync(TimeSpan.FromDays(5), null, 10, None));
    }

    [Fact]
    public async Task Only_the_run_that_is_being_forgotten_leaves_the_journal()
    {
        await AddAsync("kept", ended: 1);
        await AddAsync("forgotten", ended: 10);
        Assert.Equal(1, await RoundAsync(o => o.KeepFor = TimeSpan.FromDays(5)));

        foreach (var sql in new[] { "DELETE FROM runbooks.journal", "UPDATE runbooks.journal SET event = 'x'", "SET runbooks.forgetting = 'on'; DELETE FROM runbooks.journal" })
        {
            var refusal = await Assert.ThrowsAsync<PostgresException>(() => database.ExecuteAsync(sql));
            Assert.Equal("RB002", refusal.SqlState);
        }
    }

    [Fact]
    public async Task A_month_in_which_nothing_is_left_is_dropped_and_one_that_is_used_is_not()
    {
        await database.ExecuteAsync("SELECT runbooks.ensure_months('2024-01-15', '2024-03-15')");
        await AddAsync("old", ended: 10, month: "2024-02-01");
        Assert.Equal(1L, await database.ScalarAsync<long>("SELECT count(*) FROM runbooks.journal_2024_02 WHERE sequence = 1"));

        Assert.Equal(4, await new History(database.Pools).DropEmptyMonthsAsync(None));
        Assert.Equal(1L, await database.ScalarAsync<long>("SELECT count(*) FROM runbooks.executions_2024_02 WHERE number = 1"));

        Assert.Equal(1, await RoundAsync(o => o.KeepFor = TimeSpan.FromDays(5)));
        Assert.False(await database.ScalarAsync<bool>("SELECT EXISTS (SELECT FROM pg_class WHERE relname ~ '^(journal|executions)_2024')"));
    }

    [Fact]
    public async Task The_coming_months_are_ready_and_a_month_without_a_table_still_takes_rows()
    {
        _ = await new History(database.Pools).PrepareMonthsAsync(None);
        Assert.Equal(0, await new History(database.Pools).PrepareMonthsAsync(None));
        Assert.Equal(8L, await database.ScalarAsync<long>(
            """
            SELECT count(*) FROM pg_class WHERE relname = ANY (
                SELECT t || to_char((now() AT TIME ZONE 'UTC') + make_interval(months => m), '_YYYY_MM') FROM unnest(ARRAY['journal', 'executions']) t, generate_series(0, 3) m)
            """));

        await AddAsync("far", ended: 1, month: "2090-05-01");
        Assert.Equal(2L, await database.ScalarAsync<long>("SELECT count(*) FROM runbooks.journal_other"));

        // Its table can't be made any more; that stops nobody, and the row is still there.
        Assert.Equal(0, await database.ScalarAsync<int>("SELECT runbooks.ensure_months('2090-05-01', '2090-05-02')"));
        Assert.Equal(2L, await CountAsync("journal"));
    }

    [Fact]
    public async Task A_kept_draft_goes_when_no_run_is_on_it_and_stays_while_one_is_or_may_come()
    {
        await database.ExecuteAsync(
            $$"""
            TRUNCATE runbooks.draft_revisions;
            INSERT INTO runbooks.draft_revisions (definition_id, revision, content_hash, json, changed_by, changed_at, kept_at)
            SELECT runbook, revision, 'h', '{}', 'anna', now() - interval '9 days', now() - age
            FROM (VALUES ('r', 3, interval '9 days'), ('r', 4, interval '9 days'), ('r', 5, interval '10 minutes'), ('other', 3, interval '9 days')) kept (runbook, revision, age);
            INSERT INTO runbooks.runs (id, definition_id, definition_version, created_at, started_by, input, output, variables, status, next_execution_number, next_journal_sequence, next_completion_order, finished_at, is_dry_run)
            SELECT gen_random_uuid(), 'r', {{DryRunFence.Fenced(-3)}}, now() - interval '8 days', 'dry', '{}', '{}', '{}', 'Finished', 1, 1, 1, now() - interval '8 days', true
            """);

        _ = await RoundAsync(o => o.KeepFor = TimeSpan.FromDays(30));
        var withItsRun = await KeptAsync();
        Assert.Equal(1, await RoundAsync(o => o.KeepFor = TimeSpan.FromDays(5)));
        var withoutItsRun = await KeptAsync();
        _ = await RoundAsync(o => o.KeepFor = TimeSpan.FromDays(5));

        Assert.Equal(["r 3", "r 5"], withItsRun);
        Assert.Equal(["r 3", "r 5"], withoutItsRun);
        Assert.Equal(["r 5"], await KeptAsync());

        Task<string[]> KeptAsync() => database.ScalarAsync<string[]>("SELECT coalesce(array_agg(definition_id || ' ' || revision ORDER BY 1), '{}') FROM runbooks.draft_revisions");
    }

    [Fact]
    public async Task A_draft_that_is_kept_again_is_as_if_it_were_kept_now()
    {
        var library = (await PostgresStoreUnderTest.OpenEmptyAsync(database)).Library;
        _ = await library.SaveDraftAsync("again", "{}", 0, new Editor("anna"), LibraryVerbs.Saved, None);
        var first = await library.KeepDraftAsync("again", None);
        await database.ExecuteAsync("UPDATE runbooks.draft_revisions SET kept_at = now() - interval '9 days'");

        var second = await library.KeepDraftAsync("again", None);
        _ = await RoundAsync(_ => { });

        Assert.Equal(first, second);
        Assert.NotNull(await library.FindAsync(second!.Value, None));
    }

    private async Task<int> RoundAsync(Action<RetentionOptions> options)
    {
        var storage = new StorageOptions { Retention = new RetentionOptions { KeepFor = null, KeepRuns = null } };
        options(storage.Retention);
        using var service = new RetentionService(new History(database.Pools), Options.Create(storage), TimeProvider.System, NullLogger<RetentionService>.Instance);
        return await service.RoundAsync(None);
    }

    /// <summary>A run with two steps, two entries, and a stimulus; its name is who started it.</summary>
    private Task AddAsync(string name, int ended, string status = "Finished", string runbook = "r", string? parent = null, string? month = null)
    {
        var id = month is null ? "gen_random_uuid()" : $"(substr(runbooks.first_run_id('{month} 12:00+00')::text, 1, 14) || '7' || substr(gen_random_uuid()::text, 16))::uuid";
        var at = $"now() - interval '{ended} days'";
        return database.ExecuteAsync(
            $$"""
            WITH run AS (
                INSERT INTO runbooks.runs (id, definition_id, definition_version, created_at, started_by, input, output, variables, status,
                    next_execution_number, next_journal_sequence, next_completion_order, finished_at, parent_run_id)
                VALUES ({{id}}, '{{runbook}}', 1, {{at}}, '{{name}}', '{}', '{}', '{}', '{{status}}', 1, 3, 1, {{at}},
                    (SELECT id FROM runbooks.runs WHERE started_by = '{{parent}}')) RETURNING id),
            entries AS (
                INSERT INTO runbooks.journal (run_id, sequence, at, event, worker, generation) SELECT id, n, now(), 'Started', 'w', 1 FROM run, generate_series(1, 2) n),
            told AS (
                INSERT INTO runbooks.stimuli (run_id, id, kind, actor, settled_at) SELECT id, 's', 'Cancel', 'anna', now() FROM run)
            INSERT INTO runbooks.executions (run_id, number, node_id, activity_id, activity_type, activity_name, status, inputs, outputs, outcomes, state, variables, effect, attempt, undo, started_at)
            SELECT id, n, 'n', 'a', 't', 'a', 'Completed', '{}', '{}', '{}', '{}', '{}', 'None', 0, 'None', now() FROM run, generate_series(1, 2) n
            """);
    }

    private Task<long> CountAsync(string table) => database.ScalarAsync<long>($"SELECT count(*) FROM runbooks.{table}");

    private async Task<string[]> LeftAsync() =>
        await database.ScalarAsync<string[]>("SELECT coalesce(array_agg(started_by ORDER BY started_by COLLATE \"C\"), '{}') FROM runbooks.runs");
}
