using Npgsql;
using NpgsqlTypes;
using Runbooks.Workflows.Journal;
using Runbooks.Workflows.Runs;

namespace Runbooks.Storage.Runs;

/// <summary>
/// The statements of a commit. They travel in one batch, which PostgreSQL runs as one transaction: the first one is the
/// fence, and an error in any takes back all.
/// </summary>
internal static class CommitStatements
{
    public static void AddCommit(this NpgsqlBatch batch, RunCommit commit)
    {
        var id = commit.Run.Id.Value;
        batch.AddHead(commit);
        foreach (var step in commit.Executions)
        {
            batch.AddExecution(id, step);
        }

        if (commit.Run.Status.IsEnd())
        {
            batch.AddReleaseOfEvents(commit);
            batch.Add("DELETE FROM runbooks.bookmarks WHERE run_id = $1").With(id);
            batch.Add("UPDATE runbooks.stimuli SET settled_at = now() WHERE run_id = $1 AND settled_at IS NULL").With(id);
        }
        else
        {
            batch.AddBookmarks(id, commit);
            batch.AddEvents(commit);
        }

        foreach (var entry in commit.Journal)
        {
            batch.AddJournalEntry(id, entry);
        }

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

    private static void AddHead(this NpgsqlBatch batch, RunCommit commit)
    {
        var run = commit.Run;
        batch.Add(
            """
            WITH head AS (
                UPDATE runbooks.runs SET
                    correlation_id = $1, output = $2, variables = $3, status = $4, reason = $5, compensates_to = $6,
                    next_execution_number = $7, next_journal_sequence = $8, next_completion_order = $9, started_at = $10, finished_at = $11,
                    parent_bookmark_id = $17, name = $18, paused_by = $19, passes = $20, incidents = $21,
                    owner = CASE WHEN $12 THEN NULL ELSE owner END,
                    lease_until = CASE WHEN $12 THEN NULL ELSE lease_until END
                WHERE id = $13 AND generation = $14 AND owner = $15 AND next_journal_sequence = $16
                RETURNING 1)
            SELECT runbooks.require_held((SELECT count(*) FROM head))
            """)
            .WithText(run.CorrelationId)
            .WithJson(run.Output)
            .WithJson(run.Variables)
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
            .WithText(run.ParentBookmarkId)
            .WithText(run.Name)
            .WithText(run.PausedBy)
            .WithPasses(run.Passes)
            .WithNumbers(run.Incidents);
    }

    private static void AddExecution(this NpgsqlBatch batch, Guid runId, ActivityExecution step) => batch.Add(
        $"""
        INSERT INTO runbooks.executions (run_id, {RunRows.ExecutionColumns})
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24, $25)
        ON CONFLICT (run_id, number) DO UPDATE SET
            status = excluded.status, inputs = excluded.inputs, outputs = excluded.outputs, outcomes = excluded.outcomes,
            state = excluded.state, variables = excluded.variables, effect = excluded.effect, attempt = excluded.attempt,
            undo = excluded.undo, undo_note = excluded.undo_note, completion_order = excluded.completion_order,
            progress = excluded.progress, error = excluded.error, completed_at = excluded.completed_at, worker = excluded.worker,
            cancel_requested = excluded.cancel_requested
        """)
        .With(runId)
        .With(step.Number)
        .With(step.ParentNumber, NpgsqlDbType.Bigint)
        .WithText(step.NodeId)
        .WithText(step.ActivityId)
        .WithText(step.ActivityType)
        .WithText(step.ActivityName)
        .WithText(step.Status.ToString())
        .WithJson(step.Inputs)
        .WithJson(step.Outputs)
        .WithTexts(step.Outcomes)
        .WithJson(step.State)
        .WithJson(step.Variables)
        .WithText(step.Effect.ToString())
        .With(step.Attempt)
        .WithText(step.Undo.ToString())
        .WithText(step.UndoNote)
        .With(step.CompletionOrder, NpgsqlDbType.Bigint)
        .WithJson(step.Progress)
        .WithText(step.Error)
        .WithTime(step.StartedAt)
        .WithTime(step.CompletedAt)
        .WithText(step.Worker)
        .WithText(step.Role.ToString())
        .With(step.CancelRequested);

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

    private static void AddJournalEntry(this NpgsqlBatch batch, Guid runId, JournalEntry entry) => batch.Add(
        """
        INSERT INTO runbooks.journal (run_id, sequence, at, execution_number, node_id, event, message, payload, worker, generation)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
        """)
        .With(runId)
        .With(entry.Sequence)
        .WithTime(entry.At)
        .With(entry.ExecutionNumber, NpgsqlDbType.Bigint)
        .WithText(entry.NodeId)
        .WithText(entry.Event)
        .WithText(entry.Message)
        .WithJson(entry.Payload)
        .WithText(entry.Worker)
        .With(entry.Generation);
}
