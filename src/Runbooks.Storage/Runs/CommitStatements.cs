using Npgsql;
using Runbooks.Workflows.Journal;
using Runbooks.Workflows.Runs;

namespace Runbooks.Storage.Runs;

/// <summary>
/// The statements of a commit. They travel in one batch, which PostgreSQL runs as one transaction: the first one is the
/// fence, and an error in any takes back all. Their texts are few, whatever they write, so each is prepared once.
/// </summary>
internal static class CommitStatements
{
    private const string IntoJournal =
        "INSERT INTO runbooks.journal (run_id, sequence, at, execution_number, node_id, event, message, payload, worker, generation)";

    public static readonly RowLists FewEntries = new(IntoJournal, values: 9);

    /// <param name="batch">What is sent.</param>
    /// <param name="commit">What is to be written.</param>
    /// <param name="written">What the store knows to be there already; null when it knows nothing.</param>
    public static void AddCommit(this NpgsqlBatch batch, RunCommit commit, WrittenTexts? written)
    {
        var id = commit.Run.Id.Value;
        var steps = StepsOfCommit.Of(commit, written);
        if (!SmallCommits.TryAdd(batch, commit, written, steps))
        {
            batch.AddHead(commit, written);
            batch.AddExecutions(id, steps, written);
            batch.AddJournal(id, commit.Journal);
        }

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

    /// <summary>A row of <see cref="FewEntries"/>.</summary>
    public static NpgsqlBatchCommand WithEntry(this NpgsqlBatchCommand command, JournalEntry entry) => command
        .With(entry.Sequence)
        .WithTime(entry.At)
        .With(entry.ExecutionNumber, NpgsqlTypes.NpgsqlDbType.Bigint)
        .WithText(entry.NodeId)
        .WithText(entry.Event)
        .WithText(entry.Message)
        .WithJson(entry.Payload)
        .WithText(entry.Worker)
        .With(entry.Generation);

    private static void AddJournal(this NpgsqlBatch batch, Guid runId, IReadOnlyList<JournalEntry> entries)
    {
        if (entries.Count == 0)
        {
            return;
        }

        if (entries.Count <= RowLists.Most)
        {
            FewEntries.Add(batch, runId, entries, static (command, e) => command.WithEntry(e));
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
