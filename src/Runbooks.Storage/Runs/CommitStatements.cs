using Npgsql;
using Runbooks.Workflows.Journal;
using Runbooks.Workflows.Runs;

namespace Runbooks.Storage.Runs;

/// <summary>
/// The statements of a commit. They travel in one batch, which PostgreSQL runs as one transaction: the first one is the
/// fence, and an error in any takes back all. Their text never depends on how much they write, so each is prepared once.
/// </summary>
internal static class CommitStatements
{
    private const string IntoJournal =
        "INSERT INTO runbooks.journal (run_id, sequence, at, execution_number, node_id, event, message, payload, worker, generation)";

    private static readonly RowLists FewEntries = new(IntoJournal, values: 9);

    /// <param name="batch">What is sent.</param>
    /// <param name="commit">What is to be written.</param>
    /// <param name="written">What the store knows to be there already; null when it knows nothing.</param>
    public static void AddCommit(this NpgsqlBatch batch, RunCommit commit, WrittenTexts? written)
    {
        var id = commit.Run.Id.Value;
        batch.AddHead(commit, written);
        batch.AddExecutions(commit, written);
        if (commit.Run.Status.IsEnd())
        {
            if (!commit.NeverWaited)
            {
                batch.AddReleaseOfEvents(commit);
                batch.Add("DELETE FROM runbooks.bookmarks WHERE run_id = $1").With(id);
            }

            batch.Add("UPDATE runbooks.stimuli SET settled_at = now() WHERE run_id = $1 AND settled_at IS NULL").With(id);
        }
        else
        {
            batch.AddBookmarks(id, commit);
            batch.AddEvents(commit);
        }

        batch.AddJournal(id, commit.Journal);
        batch.AddChildren(commit.NewRuns);

        foreach (var stimulus in commit.Stimuli)
        {
            batch.AddStimulus(stimulus);
        }

        foreach (var message in commit.Messages)
        {
            batch.Add("INSERT INTO runbooks.outbox (type, body) VALUES ($1, $2)").WithText(message.Type).WithJson(message.Body);
        }
    }

    /// <summary>Returns one row when the run is there and open, also when the stimulus was there already.</summary>
    public static void AddStimulus(this NpgsqlBatch batch, Stimulus stimulus) => batch.Add(
        $"""
        WITH receiver AS (SELECT id FROM runbooks.runs WHERE id = $1 AND (status NOT IN {RunSql.EndStates} OR $3 = 'Compensate')),
             added AS (
                 INSERT INTO runbooks.stimuli (run_id, id, kind, bookmark_id, input, actor, reason)
                 SELECT id, $2, $3, $4, $5, $6, $7 FROM receiver
                 ON CONFLICT DO NOTHING)
        SELECT id FROM receiver
        """)
        .With(stimulus.RunId.Value)
        .WithText(stimulus.Id)
        .WithText(stimulus.Kind.ToString())
        .WithText(stimulus.BookmarkId)
        .WithJson(stimulus.Input)
        .WithText(stimulus.Actor)
        .WithText(stimulus.Reason);

    private static void AddHead(this NpgsqlBatch batch, RunCommit commit, WrittenTexts? written)
    {
        var run = commit.Run;
        var result = commit.Executions.Where(e => e.CompletionOrder is not null && e.Outputs.ContainsKey("Result")).MaxBy(e => e.CompletionOrder);
        batch.Add(
            """
            WITH head AS (
                UPDATE runbooks.runs SET
                    correlation_id = $1, output = coalesce($2, output), variables = coalesce($3, variables), status = $4, reason = $5, compensates_to = $6,
                    next_execution_number = $7, next_journal_sequence = $8, next_completion_order = $9, started_at = $10, finished_at = $11,
                    parent_bookmark_id = $19, name = $20, paused_by = $21, passes = $22, incidents = $23,
                    owner = CASE WHEN $12 THEN NULL ELSE owner END,
                    lease_until = CASE WHEN $12 THEN NULL ELSE lease_until END,
                    last_result_number = CASE WHEN $18 > coalesce(last_result_order, 0) THEN $17 ELSE last_result_number END,
                    last_result_order = greatest($18, last_result_order)
                WHERE id = $13 AND generation = $14 AND owner = $15 AND next_journal_sequence = $16
                RETURNING 1)
            SELECT CASE WHEN count(*) <> 1 THEN runbooks.require_held(count(*))::text END FROM head
            """)
            .WithText(run.CorrelationId)
            .WithJsonText(written.Unless(WrittenTexts.Head, JsonColumn.Output, run.Output))
            .WithJsonText(written.Unless(WrittenTexts.Head, JsonColumn.Variables, run.Variables))
            .WithText(run.Status.ToString())
            .WithText(run.Reason)
            .WithText(run.CompensatesTo?.ToString())
            .With(run.NextExecutionNumber)
            .With(run.NextJournalSequence)
            .With(run.NextCompletionOrder)
            .WithTime(run.StartedAt)
            .WithTime(run.FinishedAt)
            .With(commit.ReleaseLease)
            .With(commit.Claim.RunId.Value)
            .With(commit.Claim.Generation)
            .WithText(commit.Claim.Worker)
            .With(run.NextJournalSequence - commit.Journal.Count)
            .With(result?.Number, NpgsqlTypes.NpgsqlDbType.Bigint)
            .With(result?.CompletionOrder, NpgsqlTypes.NpgsqlDbType.Bigint)
            .WithText(run.ParentBookmarkId)
            .WithText(run.Name)
            .WithText(run.PausedBy)
            .WithPasses(run.Passes)
            .WithNumbers(run.Incidents);
    }

    private static void AddBookmarks(this NpgsqlBatch batch, Guid runId, RunCommit commit)
    {
        if (commit.AppliedStimulusIds.Count > 0)
        {
            batch.Add("UPDATE runbooks.stimuli SET settled_at = now() WHERE run_id = $1 AND id = ANY ($2) AND settled_at IS NULL")
                .With(runId).WithTexts(commit.AppliedStimulusIds);
        }

        if (commit.RemovedBookmarkIds.Count > 0)
        {
            batch.Add("DELETE FROM runbooks.bookmarks WHERE run_id = $1 AND id = ANY ($2)").With(runId).WithTexts(commit.RemovedBookmarkIds);
        }

        foreach (var bookmark in commit.AddedBookmarks)
        {
            batch.Add(
                """
                INSERT INTO runbooks.bookmarks (id, run_id, execution_number, name, due_at, payload, key, correlation_id) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
                ON CONFLICT (id) DO UPDATE SET
                    execution_number = excluded.execution_number, name = excluded.name, due_at = excluded.due_at, payload = excluded.payload,
                    key = excluded.key, correlation_id = excluded.correlation_id
                """)
                .WithText(bookmark.Id)
                .With(runId)
                .With(bookmark.ExecutionNumber)
                .WithText(bookmark.Name)
                .WithTime(bookmark.DueAt)
                .WithJson(bookmark.Payload)
                .WithText(bookmark.Key)
                .WithText(bookmark.CorrelationId);
        }
    }

    private static void AddJournal(this NpgsqlBatch batch, Guid runId, IReadOnlyList<JournalEntry> entries)
    {
        if (entries.Count == 0)
        {
            return;
        }

        if (entries.Count <= RowLists.Most)
        {
            FewEntries.Add(batch, runId, entries, static (command, e) => command
                .With(e.Sequence)
                .WithTime(e.At)
                .With(e.ExecutionNumber, NpgsqlTypes.NpgsqlDbType.Bigint)
                .WithText(e.NodeId)
                .WithText(e.Event)
                .WithText(e.Message)
                .WithJson(e.Payload)
                .WithText(e.Worker)
                .With(e.Generation));
            return;
        }

        batch.Add(
            $"""
            {IntoJournal}
            SELECT $1, * FROM unnest($2::bigint[], $3::timestamptz[], $4::bigint[], $5::text[], $6::text[], $7::text[], $8::json[], $9::text[], $10::bigint[])
            """)
            .With(runId)
            .WithEach(entries, e => e.Sequence)
            .WithEachTime(entries, e => e.At)
            .WithEach(entries, e => e.ExecutionNumber)
            .WithEachText(entries, e => e.NodeId)
            .WithEachText(entries, e => e.Event)
            .WithEachText(entries, e => e.Message)
            .WithEachJson(entries, e => e.Payload?.ToJsonString())
            .WithEachText(entries, e => e.Worker)
            .WithEach(entries, e => e.Generation);
    }
}
