using System.Text.Json.Nodes;
using Microsoft.EntityFrameworkCore;
using Npgsql;
using Runbooks.Storage.Model;
using Runbooks.Storage.Startup;
using Runbooks.Workflows.Definitions;
using Runbooks.Workflows.Journal;
using Runbooks.Workflows.Runs;

namespace Runbooks.Storage.Runs;

/// <summary>
/// Runs in PostgreSQL. What a worker does on its way (claim, load, commit) is SQL written out beside its method, one round
/// trip each; what people read goes through the model.
/// </summary>
/// <remarks>
/// A claim is safe because the row that it takes is locked until its update is committed, and because that update raises
/// the generation; a commit is safe because its first statement matches that generation or fails the whole transaction.
/// Leases and due times are the database's clock.
/// </remarks>
internal sealed class PostgresRunStore(ConnectionPools pools, IDbContextFactory<RunbooksContext> contexts, TimeProvider clock, InboxLooks looks) : IRunStore
{
    private const string LostLease = "RB001";

    private readonly NpgsqlDataSource database = pools.Engine;
    private readonly FreshRuns fresh = new();

    public bool IsAway(Exception exception) => Outages.IsOne(exception);

    public async Task<CreatedRun> CreateAsync(Run run, CancellationToken cancellationToken)
    {
        await using var insert = database.CreateBatch();
        insert.AddNewRun(run, keepRefused: false);
        await using (var answer = await insert.ExecuteReaderAsync(cancellationToken))
        {
            await answer.ReadAsync(cancellationToken);
            if (!answer.IsDBNull(0))
            {
                return new CreatedRun(run.Id, AlreadyThere: false);
            }

            if (!answer.IsDBNull(1))
            {
                return new CreatedRun(run.Id, AlreadyThere: false) { BlockedBy = new RunId(answer.GetGuid(1)) };
            }
        }

        await using var find = database.CreateBatch();
        find.Add("SELECT id FROM runbooks.runs WHERE idempotency_key = $2 OR id = $1 ORDER BY idempotency_key IS NOT DISTINCT FROM $2 DESC LIMIT 1")
            .With(run.Id.Value).WithText(run.IdempotencyKey);
        var there = (Guid)(await find.ExecuteScalarAsync(cancellationToken))!;
        return new CreatedRun(new RunId(there), AlreadyThere: true);
    }

    public async Task<RunClaim?> ClaimNextAsync(string worker, TimeSpan lease, IReadOnlyCollection<DefinitionVersion> except, CancellationToken cancellationToken)
    {
        await using var batch = database.CreateBatch();
        batch.AddClaimNext(worker, lease, except);
        await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
        return await reader.ReadAsync(cancellationToken)
            ? new RunClaim(new RunId(reader.GetGuid(0)), worker, reader.GetInt64(1))
            : null;
    }

    public async Task<bool> RenewAsync(RunClaim claim, TimeSpan lease, CancellationToken cancellationToken)
    {
        await using var batch = pools.Leases.CreateBatch();
        batch.AddRenewal(claim, lease);
        return await batch.ExecuteNonQueryAsync(cancellationToken) == 1;
    }

    public async Task<bool> IsCurrentAsync(RunClaim claim, CancellationToken cancellationToken)
    {
        await using var batch = database.CreateBatch();
        batch.Add("SELECT count(*) FROM runbooks.runs WHERE id = $1 AND generation = $2 AND owner = $3 AND lease_until > clock_timestamp()")
            .With(claim.RunId.Value).With(claim.Generation).WithText(claim.Worker);
        return await batch.ExecuteScalarAsync(cancellationToken) is 1L;
    }

    public async Task<int> ReleaseAllAsync(string worker, CancellationToken cancellationToken)
    {
        await using var batch = database.CreateBatch();
        batch.Add("UPDATE runbooks.runs SET owner = NULL, lease_until = NULL WHERE owner = $1").WithText(worker);
        return await batch.ExecuteNonQueryAsync(cancellationToken);
    }

    public async Task<RunSnapshot> LoadAsync(RunClaim claim, CancellationToken cancellationToken)
    {
        if (fresh.Take(claim) is { } known && looks.IsKnownToBeEmpty(claim))
        {
            // Should the claim be lost already, the first commit says so, before anything is done.
            _ = WrittenTexts.Begin(claim, known.Run.NextExecutionNumber);
            return known;
        }

        var id = claim.RunId.Value;
        var sent = looks.Sent;
        var at = clock.GetTimestamp();
        await using var batch = database.CreateBatch();
        batch.AddHeadOf(claim);
        batch.AddWorkingSet(id);
        batch.AddBookmarks(id);
        batch.AddInbox(id);
        batch.Add("SELECT clock_timestamp()");
        await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
        var run = (await reader.ToListAsync(RunRows.ReadRun, cancellationToken)).FirstOrDefault() ?? throw new LeaseLostException(claim);
        await reader.NextResultAsync(cancellationToken);
        var steps = await reader.ToListAsync(RunRows.ReadExecution, cancellationToken);
        await reader.NextResultAsync(cancellationToken);
        var bookmarks = await reader.ToListAsync(RunRows.ReadBookmark, cancellationToken);
        await reader.NextResultAsync(cancellationToken);
        var stimuli = await reader.ToListAsync(RunRows.ReadStimulus, cancellationToken);
        await reader.NextResultAsync(cancellationToken);
        var now = await reader.ToListAsync(row => row.GetFieldValue<DateTimeOffset>(0), cancellationToken);
        _ = WrittenTexts.Begin(claim, run.NextExecutionNumber);
        looks.HasLooked(claim, sent, at, stimuli.Count == 0);
        return new RunSnapshot(run, steps, bookmarks, stimuli, now[0]);
    }

    public async Task<IReadOnlyList<ActivityExecution>> HistoryAsync(RunClaim claim, CancellationToken cancellationToken)
    {
        await using var batch = database.CreateBatch();
        batch.AddHeadOf(claim);
        batch.AddAllExecutions(claim.RunId.Value);
        await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
        if ((await reader.ToListAsync(RunRows.ReadRun, cancellationToken)).Count == 0)
        {
            throw new LeaseLostException(claim);
        }

        await reader.NextResultAsync(cancellationToken);
        return await reader.ToListAsync(RunRows.ReadExecution, cancellationToken);
    }

    public Task CommitAsync(RunCommit commit, CancellationToken cancellationToken) => WriteAsync(commit, null, cancellationToken);

    public Task<RunClaim?> CommitAndClaimAsync(RunCommit commit, ClaimWish wish, CancellationToken cancellationToken) => WriteAsync(commit, wish, cancellationToken);

    private async Task<RunClaim?> WriteAsync(RunCommit commit, ClaimWish? wish, CancellationToken cancellationToken)
    {
        commit.RequireUnbrokenJournal(commit.Run.NextJournalSequence - commit.Journal.Count);
        var written = WrittenTexts.Of(commit.Claim);
        var sent = looks.Sent;
        var at = clock.GetTimestamp();
        await using var batch = database.CreateBatch();
        batch.AddCommit(commit, written);
        if (wish is not null)
        {
            // The claim is the last of the batch: nothing else waits for the row that it locks, and it waits for none.
            batch.AddClaimOfWhole(wish.Worker, wish.Lease, wish.Except);
        }

        try
        {
            var next = wish is null ? await WriteOnlyAsync(batch, cancellationToken) : await fresh.LastClaimAsync(batch, wish.Worker, cancellationToken);
            written?.Committed(commit.Run.NextExecutionNumber);
            if (commit.Stimuli.Count + commit.NewRuns.Count + commit.ReturnedEventIds.Count > 0 || commit.AddedBookmarks.Any(b => b.Key is not null) || commit.Run.Status.IsEnd())
            {
                // The claim comes last and has seen what this commit sends. What others send meanwhile it may not have seen.
                var now = looks.HasSent();
                sent = now == sent + 1 ? now : sent;
            }

            if (next is not null)
            {
                looks.HasLooked(next, sent, at, fresh.Has(next));
            }

            return next;
        }
        catch (Exception e)
        {
            written?.Forget();
            if (e is PostgresException { SqlState: LostLease })
            {
                throw await WhyRefusedAsync(commit, cancellationToken);
            }

            throw;
        }
    }

    private static async Task<RunClaim?> WriteOnlyAsync(NpgsqlBatch batch, CancellationToken cancellationToken)
    {
        await batch.ExecuteNonQueryAsync(cancellationToken);
        return null;
    }

    public async Task ReportProgressAsync(RunClaim claim, long executionNumber, JsonObject progress, CancellationToken cancellationToken)
    {
        await using var batch = database.CreateBatch();
        batch.Add(
            """
            UPDATE runbooks.executions e SET progress = $4
            FROM runbooks.runs r
            WHERE r.id = $1 AND r.generation = $2 AND r.owner = $3 AND e.run_id = r.id AND e.number = $5
            """)
            .With(claim.RunId.Value).With(claim.Generation).WithText(claim.Worker).WithJson(progress).With(executionNumber);
        await batch.ExecuteNonQueryAsync(cancellationToken);
    }

    public async Task<bool> SendAsync(Stimulus stimulus, CancellationToken cancellationToken)
    {
        await using var batch = pools.General.CreateBatch();
        batch.AddStimulus(stimulus);
        var isThere = await batch.ExecuteScalarAsync(cancellationToken) is Guid;
        _ = looks.HasSent();
        return isThere;
    }

    public async Task<IReadOnlyList<Stimulus>> InboxAsync(RunClaim claim, CancellationToken cancellationToken)
    {
        if (looks.IsKnownToBeEmpty(claim))
        {
            return [];
        }

        var sent = looks.Sent;
        var at = clock.GetTimestamp();
        await using var batch = database.CreateBatch();
        batch.AddInbox(claim.RunId.Value);
        await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
        var stimuli = await reader.ToListAsync(RunRows.ReadStimulus, cancellationToken);
        looks.HasLooked(claim, sent, at, stimuli.Count == 0);
        return stimuli;
    }

    public async Task<Run?> FindAsync(RunId id, CancellationToken cancellationToken)
    {
        await using var context = await contexts.CreateDbContextAsync(cancellationToken);
        return await context.Runs.SingleOrDefaultAsync(r => r.Id == id, cancellationToken);
    }

    public async Task<IReadOnlyList<Run>> ListAsync(RunFilter filter, CancellationToken cancellationToken)
    {
        await using var context = await contexts.CreateDbContextAsync(cancellationToken);
        IQueryable<Run> runs = context.Runs;
        runs = filter.DefinitionId is { } definition ? runs.Where(r => r.DefinitionId == definition) : runs;
        runs = filter.Status is { } status ? runs.Where(r => r.Status == status) : runs;
        runs = filter.ParentRunId is { } parent ? runs.Where(r => r.ParentRunId == parent) : runs;
        runs = filter.CreatedBefore is { } before ? runs.Where(r => r.CreatedAt < before.ToUniversalTime()) : runs;
        runs = filter.OnlyOpen
            ? runs.Where(r => r.Status != RunStatus.Finished && r.Status != RunStatus.Compensated && r.Status != RunStatus.Cancelled && r.Status != RunStatus.Faulted)
            : runs;
        return await runs
            .OrderByDescending(r => r.CreatedAt).ThenByDescending(r => EF.Property<long>(r, RunbooksContext.Ordinal))
            .Take(filter.Limit)
            .ToListAsync(cancellationToken);
    }

    public async Task<IReadOnlyList<ActivityExecution>> ExecutionsAsync(RunId id, CancellationToken cancellationToken)
    {
        await using var context = await contexts.CreateDbContextAsync(cancellationToken);
        return await context.Executions
            .Where(e => EF.Property<RunId>(e, RunbooksContext.OwningRun) == id)
            .OrderBy(e => e.Number)
            .ToListAsync(cancellationToken);
    }

    public async Task<IReadOnlyList<JournalEntry>> JournalAsync(RunId id, long afterSequence, int limit, CancellationToken cancellationToken)
    {
        await using var context = await contexts.CreateDbContextAsync(cancellationToken);
        return await context.Journal
            .Where(e => EF.Property<RunId>(e, RunbooksContext.OwningRun) == id && e.Sequence > afterSequence)
            .OrderBy(e => e.Sequence)
            .Take(limit)
            .ToListAsync(cancellationToken);
    }

    /// <summary>The fence closed: because the lease is gone, or because the journal is not where the worker thinks.</summary>
    private async Task<Exception> WhyRefusedAsync(RunCommit commit, CancellationToken cancellationToken)
    {
        await using var batch = database.CreateBatch();
        batch.Add("SELECT next_journal_sequence FROM runbooks.runs WHERE id = $1 AND generation = $2 AND owner = $3")
            .With(commit.Claim.RunId.Value).With(commit.Claim.Generation).WithText(commit.Claim.Worker);
        if (await batch.ExecuteScalarAsync(cancellationToken) is not long stored)
        {
            return new LeaseLostException(commit.Claim);
        }

        try
        {
            commit.RequireUnbrokenJournal(stored);
            return new LeaseLostException(commit.Claim);
        }
        catch (InvalidOperationException e)
        {
            return e;
        }
    }
}
