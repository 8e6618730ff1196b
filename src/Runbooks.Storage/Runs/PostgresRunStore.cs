using System.Text.Json.Nodes;
using Microsoft.EntityFrameworkCore;
using Npgsql;
using Runbooks.Storage.Model;
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
internal sealed class PostgresRunStore(NpgsqlDataSource database, IDbContextFactory<RunbooksContext> contexts) : IRunStore
{
    private const string LostLease = "RB001";

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

    public async Task<RunClaim?> ClaimNextAsync(string worker, TimeSpan lease, CancellationToken cancellationToken)
    {
        // A run at its end has no bookmark left, and of stimuli only the wish to undo it. Three small indexes say which runs may have something to do, so that the price is theirs and not that of all
        // runs that wait. Locked rows are skipped; a row that changed under us is looked at again before it is taken.
        await using var batch = database.CreateBatch();
        batch.Add(
            $"""
            WITH next AS (
                SELECT id FROM runbooks.runs
                WHERE (owner IS NULL OR lease_until <= now())
                  AND id IN (
                      SELECT id FROM runbooks.runs WHERE status IN ('Pending', 'Executing', 'Compensating')
                      UNION ALL SELECT run_id FROM runbooks.stimuli WHERE settled_at IS NULL
                      UNION ALL SELECT b.run_id FROM runbooks.bookmarks b JOIN runbooks.runs w ON w.id = b.run_id WHERE b.due_at <= now() AND w.status <> 'Paused')
                ORDER BY ordinal
                LIMIT 1
                FOR NO KEY UPDATE SKIP LOCKED)
            UPDATE runbooks.runs r
            SET owner = $1, generation = r.generation + 1, lease_until = clock_timestamp() + $2
            FROM next WHERE r.id = next.id
            RETURNING r.id, r.generation
            """)
            .WithText(worker).With(lease);
        await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
        return await reader.ReadAsync(cancellationToken)
            ? new RunClaim(new RunId(reader.GetGuid(0)), worker, reader.GetInt64(1))
            : null;
    }

    public async Task<bool> RenewAsync(RunClaim claim, TimeSpan lease, CancellationToken cancellationToken)
    {
        await using var batch = database.CreateBatch();
        batch.Add("UPDATE runbooks.runs SET lease_until = clock_timestamp() + $4 WHERE id = $1 AND generation = $2 AND owner = $3")
            .With(claim.RunId.Value).With(claim.Generation).WithText(claim.Worker).With(lease);
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
        var id = claim.RunId.Value;
        await using var batch = database.CreateBatch();
        batch.Add($"SELECT {RunRows.RunColumns} FROM runbooks.runs WHERE id = $1 AND generation = $2 AND owner = $3")
            .With(id).With(claim.Generation).WithText(claim.Worker);
        batch.Add($"SELECT {RunRows.ExecutionColumns} FROM runbooks.executions WHERE run_id = $1 ORDER BY number").With(id);
        batch.Add($"SELECT {RunRows.BookmarkColumns} FROM runbooks.bookmarks WHERE run_id = $1 ORDER BY id").With(id);
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
        return new RunSnapshot(run, steps, bookmarks, stimuli, now[0]);
    }

    public async Task<IReadOnlyList<ActivityExecution>> HistoryAsync(RunClaim claim, CancellationToken cancellationToken)
    {
        await using var batch = database.CreateBatch();
        batch.Add(
            $"""
            SELECT {RunRows.ExecutionColumns} FROM runbooks.executions
            WHERE run_id = (SELECT id FROM runbooks.runs WHERE id = $1 AND generation = $2 AND owner = $3) ORDER BY number
            """)
            .With(claim.RunId.Value).With(claim.Generation).WithText(claim.Worker);
        await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
        var steps = await reader.ToListAsync(RunRows.ReadExecution, cancellationToken);
        return steps.Count > 0 ? steps : throw new LeaseLostException(claim);
    }

    public async Task CommitAsync(RunCommit commit, CancellationToken cancellationToken)
    {
        commit.RequireUnbrokenJournal(commit.Run.NextJournalSequence - commit.Journal.Count);
        await using var batch = database.CreateBatch();
        batch.AddCommit(commit);
        try
        {
            await batch.ExecuteNonQueryAsync(cancellationToken);
        }
        catch (PostgresException e) when (e.SqlState == LostLease)
        {
            throw await WhyRefusedAsync(commit, cancellationToken);
        }
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
        await using var batch = database.CreateBatch();
        batch.AddStimulus(stimulus);
        return await batch.ExecuteScalarAsync(cancellationToken) is Guid;
    }

    public async Task<IReadOnlyList<Stimulus>> InboxAsync(RunClaim claim, CancellationToken cancellationToken)
    {
        await using var batch = database.CreateBatch();
        batch.AddInbox(claim.RunId.Value);
        await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
        return await reader.ToListAsync(RunRows.ReadStimulus, cancellationToken);
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

file static class Inbox
{
    public static void AddInbox(this NpgsqlBatch batch, Guid runId) =>
        batch.Add($"SELECT {RunRows.StimulusColumns} FROM runbooks.stimuli WHERE run_id = $1 AND settled_at IS NULL ORDER BY ordinal").With(runId);
}
