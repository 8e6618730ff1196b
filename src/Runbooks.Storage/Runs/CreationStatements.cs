using Npgsql;
using NpgsqlTypes;
using Runbooks.Workflows.Definitions;
using Runbooks.Workflows.Runs;

namespace Runbooks.Storage.Runs;

/// <summary>How a run comes to be, and what keeps it from that.</summary>
internal static class CreationStatements
{
    /// <summary>Child runs of a commit. One that may not start is written as cancelled, and its parent is told.</summary>
    public static void AddChildren(this NpgsqlBatch batch, IReadOnlyList<Run> children)
    {
        // Two commits with children that exclude each other take their turns in one order.
        var locks = children.Select(ActivationRule.LockOf).OfType<string>().Distinct(StringComparer.Ordinal).ToArray();
        if (locks.Length > 0)
        {
            batch.Add("SELECT runbooks.lock_in_order($1)").WithTexts(locks);
        }

        foreach (var run in children)
        {
            batch.AddNewRun(run, keepRefused: true);
        }
    }

    /// <summary>One row: the id when the run was written, and the open run that keeps it from starting.</summary>
    public static void AddNewRun(this NpgsqlBatch batch, Run run, bool keepRefused) => batch.Add(
        $"""
        WITH blocked AS MATERIALIZED (SELECT runbooks.blocking_run($26, $1, $2, $7, $6) AS by),
             refusal AS (SELECT 'Not started: run ' || replace(by::text, '-', '') || ' is open, and ' || $28 AS reason FROM blocked WHERE by IS NOT NULL),
             added AS (
                 INSERT INTO runbooks.runs ({RunRows.RunColumns})
                 SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12,
                        CASE WHEN by IS NULL THEN $13 ELSE 'Cancelled' END,
                        CASE WHEN by IS NULL THEN $14 ELSE (SELECT reason FROM refusal) END,
                        $15, $16, $17, $18, $19,
                        CASE WHEN by IS NULL THEN $20 ELSE $4 END,
                        $21, $22, $23, $24, $25, $26, $29
                 FROM blocked WHERE by IS NULL OR $27
                 ON CONFLICT DO NOTHING
                 RETURNING id),
             told AS (
                 INSERT INTO runbooks.stimuli (run_id, id, kind, bookmark_id, input, actor, reason)
                 SELECT $8, 'end:' || replace($1::text, '-', '') || ':' || $9, 'Resume', $9,
                        json_build_object(
                            'workflowInstanceId', replace($1::text, '-', ''), 'status', 'Finished', 'subStatus', 'Cancelled',
                            'cannotStart', true, 'reason', reason, 'output', json_build_object()),
                        'run:' || replace($1::text, '-', ''), NULL
                 FROM refusal, added WHERE $8 IS NOT NULL AND $9 IS NOT NULL
                 ON CONFLICT DO NOTHING)
        SELECT (SELECT id FROM added), (SELECT by FROM blocked)
        """)
        .With(run.Id.Value)
        .WithText(run.DefinitionId)
        .With(DryRunFence.Written(run))
        .WithTime(run.CreatedAt)
        .WithText(run.StartedBy)
        .WithText(run.IdempotencyKey)
        .WithText(run.CorrelationId)
        .With(run.ParentRunId?.Value, NpgsqlDbType.Uuid)
        .WithText(run.ParentBookmarkId)
        .WithJson(run.Input)
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
        .WithText(run.Name)
        .WithText(run.PausedBy)
        .WithPasses(run.Passes)
        .WithNumbers(run.Incidents)
        .WithTrigger(run.Trigger)
        .WithText(run.Activation.ToString())
        .With(keepRefused)
        .WithText(ActivationRule.Rule(run))
        .With(run.IsDryRun);

    private static NpgsqlBatchCommand WithTrigger(this NpgsqlBatchCommand command, RunTrigger? trigger)
    {
        command.Parameters.Add(new NpgsqlParameter
        {
            Value = trigger is null ? DBNull.Value : System.Text.Json.JsonSerializer.Serialize(trigger),
            NpgsqlDbType = NpgsqlDbType.Json,
        });
        return command;
    }
}
