using Npgsql;
using Runbooks.Workflows.Definitions;
using Runbooks.Workflows.Journal;

namespace Runbooks.Storage.Runs;

/// <summary>What takes, keeps and reads a run.</summary>
internal static class ClaimStatements
{
    /// <summary>
    /// Each source names its first run by an index of its own, and a later source is only asked when the one before has
    /// none: the price is that of one look, however many runs wait. Locked rows are skipped; a row that changed under us
    /// is looked at again before it is taken.
    /// </summary>
    private const string ClaimNext =
        $"""
        WITH told AS MATERIALIZED (
                 SELECT r.id FROM runbooks.stimuli s JOIN runbooks.runs r ON r.id = s.run_id
                 WHERE s.settled_at IS NULL AND {IsFree} AND (r.status NOT IN {RunSql.EndStates} OR s.kind = 'Compensate')
                 ORDER BY s.ordinal LIMIT 1 FOR NO KEY UPDATE OF r SKIP LOCKED),
             due AS MATERIALIZED (
                 SELECT r.id FROM runbooks.bookmarks b JOIN runbooks.runs r ON r.id = b.run_id
                 WHERE b.due_at <= now() AND {IsFree} AND r.status NOT IN {RunSql.EndStates} AND r.status <> 'Paused'
                 ORDER BY b.due_at LIMIT 1 FOR NO KEY UPDATE OF r SKIP LOCKED),
             ready AS MATERIALIZED (
                 SELECT r.id FROM runbooks.runs r
                 WHERE r.status IN ('Pending', 'Executing', 'Compensating') AND {IsFree}
                 ORDER BY r.ordinal LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED)
        UPDATE runbooks.runs r
        SET owner = $1, generation = r.generation + 1, lease_until = clock_timestamp() + $2
        WHERE r.id = (SELECT id FROM told UNION ALL SELECT id FROM due UNION ALL SELECT id FROM ready LIMIT 1)
        RETURNING r.id AS {ClaimedRun}
        """;

    /// <summary>Nobody has it, and it is not of a version that this worker leaves to others.</summary>
    private const string IsFree =
        $"(r.owner IS NULL OR r.lease_until <= now()) AND (cardinality($3) = 0 OR r.definition_id || '@' || ({DryRunFence.Version}) <> ALL ($3))";

    /// <summary>
    /// The root, the steps that run and all above them, the steps that wait, the completed step of each activity that
    /// completed last (found by stepping from one activity to the next in the index), and the one with the last result.
    /// A run with an incident loads its history.
    /// </summary>
    private const string WorkingSet =
        $"""
        WITH RECURSIVE running(number, parent_number) AS (
                 SELECT number, parent_number FROM runbooks.executions WHERE run_id = $1 AND status = 'Running'
                 UNION
                 SELECT e.number, e.parent_number FROM running r JOIN runbooks.executions e ON e.run_id = $1 AND e.number = r.parent_number),
             newest(node_id, number) AS (
                 (SELECT node_id, number FROM runbooks.executions
                  WHERE run_id = $1 AND status = 'Completed'
                  ORDER BY node_id, completion_order DESC NULLS LAST LIMIT 1)
                 UNION ALL
                 SELECT next.node_id, next.number FROM newest n CROSS JOIN LATERAL (
                     SELECT node_id, number FROM runbooks.executions
                     WHERE run_id = $1 AND status = 'Completed' AND node_id > n.node_id
                     ORDER BY node_id, completion_order DESC NULLS LAST LIMIT 1) next),
             wanted(number) AS (
                 SELECT 1
                 UNION SELECT number FROM running
                 UNION SELECT number FROM newest
                 UNION SELECT execution_number FROM runbooks.bookmarks WHERE run_id = $1
                 UNION SELECT last_result_number FROM runbooks.runs WHERE id = $1)
        SELECT {RunRows.ExecutionColumns}
        FROM (SELECT number AS wanted_number FROM wanted) w
        CROSS JOIN LATERAL (SELECT * FROM runbooks.executions e WHERE e.run_id = $1 AND e.number = w.wanted_number) step
        ORDER BY number
        """;

    /// <summary>The first column of a claim, by which its answer is known among those of a batch.</summary>
    public const string ClaimedRun = "claimed_run";

    public const string Generation = "generation";

    public static void AddClaimNext(this NpgsqlBatch batch, string worker, TimeSpan lease, IReadOnlyCollection<DefinitionVersion> except) =>
        batch.Add($"{ClaimNext}, {Generation}").WithText(worker).With(lease).WithTexts(except.Select(e => e.ToString()));

    /// <summary>Claims, and answers with the head, the generation, the time, and whether anything is in the inbox.</summary>
    public static void AddClaimOfWhole(this NpgsqlBatch batch, string worker, TimeSpan lease, IReadOnlyCollection<DefinitionVersion> except) =>
        batch.Add($"{ClaimNext}, {RunRows.ColumnsAfterId}, {Generation}, clock_timestamp(), EXISTS (SELECT FROM runbooks.stimuli s WHERE s.run_id = r.id AND s.settled_at IS NULL)")
            .WithText(worker).With(lease).WithTexts(except.Select(e => e.ToString()));

    public static void AddRenewal(this NpgsqlBatch batch, RunClaim claim, TimeSpan lease) =>
        batch.Add("UPDATE runbooks.runs SET lease_until = clock_timestamp() + $4 WHERE id = $1 AND generation = $2 AND owner = $3")
            .With(claim.RunId.Value).With(claim.Generation).WithText(claim.Worker).With(lease);

    public static void AddHeadOf(this NpgsqlBatch batch, RunClaim claim) =>
        batch.Add($"SELECT {RunRows.RunColumns} FROM runbooks.runs WHERE id = $1 AND generation = $2 AND owner = $3")
            .With(claim.RunId.Value).With(claim.Generation).WithText(claim.Worker);

    public static void AddWorkingSet(this NpgsqlBatch batch, Guid runId) => batch.Add(WorkingSet).With(runId);

    public static void AddAllExecutions(this NpgsqlBatch batch, Guid runId) =>
        batch.Add($"SELECT {RunRows.ExecutionColumns} FROM runbooks.executions WHERE run_id = $1 ORDER BY number").With(runId);

    public static void AddBookmarks(this NpgsqlBatch batch, Guid runId) =>
        batch.Add($"SELECT {RunRows.BookmarkColumns} FROM runbooks.bookmarks WHERE run_id = $1 ORDER BY id").With(runId);

    public static void AddInbox(this NpgsqlBatch batch, Guid runId) =>
        batch.Add($"SELECT {RunRows.StimulusColumns} FROM runbooks.stimuli WHERE run_id = $1 AND settled_at IS NULL ORDER BY ordinal").With(runId);
}
