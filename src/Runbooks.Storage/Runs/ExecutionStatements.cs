using System.Text.Json.Nodes;
using Npgsql;
using NpgsqlTypes;
using Runbooks.Workflows.Journal;
using Runbooks.Workflows.Runs;

namespace Runbooks.Storage.Runs;

/// <summary>
/// How steps are written: whole when they are new, else only what changes in a step. A loop over ten thousand items says
/// after each round where it is; its items are not written again.
/// </summary>
internal static class ExecutionStatements
{
    private const string Changing =
        "status, outputs, outcomes, state, variables, effect, attempt, undo, undo_note, completion_order, progress, error, completed_at, worker, cancel_requested";

    private const string IntoExecutions =
        $"INSERT INTO runbooks.executions (run_id, number, {Changing}, parent_number, node_id, activity_id, activity_type, activity_name, inputs, started_at, role)";

    /// <summary>Up to this many steps are changed one by one, which costs less than unpacking arrays; see <see cref="RowLists"/>.</summary>
    private const int FewChanges = 3;

    /// <summary>Steps that nobody can have written before. Outcomes, in the fourth place after the run, come as text.</summary>
    private static readonly RowLists FewNew = new(IntoExecutions, values: 24, (3, "text[]"));

    /// <summary>What <see cref="AddChanges"/> does, for one step.</summary>
    private const string Change =
        """
        UPDATE runbooks.executions SET
            status = $3, outputs = coalesce($4, outputs), outcomes = $5::text[], state = coalesce($6, state), variables = coalesce($7, variables),
            effect = $8, attempt = $9, undo = $10, undo_note = $11, completion_order = $12, progress = $13, error = $14, completed_at = $15,
            worker = $16, cancel_requested = $17
        WHERE run_id = $1 AND number = $2
        """;

    public static void AddExecutions(this NpgsqlBatch batch, RunCommit commit, WrittenTexts? written)
    {
        var id = commit.Run.Id.Value;
        var whole = commit.Executions.Where(e => commit.NewExecutions?.Contains(e.Number) ?? true).ToArray();
        var changes = commit.Executions.Except(whole).ToArray();
        if (commit.NewExecutions is not null && whole.Length is > 0 and <= RowLists.Most && Array.TrueForAll(whole, e => e.Number >= written?.FirstFreeNumber))
        {
            FewNew.Add(batch, id, whole, (command, step) => command
                .WithChanging(step, (column, json) => written.Note(step.Number, column, json))
                .With(step.ParentNumber, NpgsqlDbType.Bigint)
                .WithText(step.NodeId)
                .WithText(step.ActivityId)
                .WithText(step.ActivityType)
                .WithText(step.ActivityName)
                .WithJson(step.Inputs)
                .WithTime(step.StartedAt)
                .WithText(step.Role.ToString()));
        }
        else if (whole.Length > 0)
        {
            batch.AddWhole(id, whole, written);
        }

        if (changes.Length > FewChanges)
        {
            batch.AddChanges(id, changes, written);
        }
        else
        {
            foreach (var step in changes)
            {
                _ = batch.Add(Change).With(id).WithChanging(step, (column, json) => written.Unless(step.Number, column, json));
            }
        }
    }

    private const string Whole =
        $"""
        {IntoExecutions}
        SELECT $1, number, status, outputs, outcomes::text[], state, variables, effect, attempt, undo, undo_note, completion_order, progress, error, completed_at, worker, cancel_requested,
               parent_number, node_id, activity_id, activity_type, activity_name, inputs, started_at, role
        FROM unnest($2::bigint[], $3::text[], $4::json[], $5::text[], $6::json[], $7::json[], $8::text[], $9::integer[], $10::text[], $11::text[],
                    $12::bigint[], $13::json[], $14::text[], $15::timestamptz[], $16::text[], $17::boolean[],
                    $18::bigint[], $19::text[], $20::text[], $21::text[], $22::text[], $23::json[], $24::timestamptz[], $25::text[])
             AS step(number, {Changing}, parent_number, node_id, activity_id, activity_type, activity_name, inputs, started_at, role)
        ON CONFLICT (run_id, number) DO UPDATE SET
            status = excluded.status, inputs = excluded.inputs, outputs = excluded.outputs, outcomes = excluded.outcomes,
            state = excluded.state, variables = excluded.variables, effect = excluded.effect, attempt = excluded.attempt,
            undo = excluded.undo, undo_note = excluded.undo_note, completion_order = excluded.completion_order,
            progress = excluded.progress, error = excluded.error, completed_at = excluded.completed_at, worker = excluded.worker,
            cancel_requested = excluded.cancel_requested
        """;

    private static void AddWhole(this NpgsqlBatch batch, Guid runId, ActivityExecution[] steps, WrittenTexts? written) => batch.Add(Whole)
        .With(runId)
        .WithChanging(steps, (step, column, json) => written.Note(step, column, json))
        .WithEach(steps, e => e.ParentNumber)
        .WithEachText(steps, e => e.NodeId)
        .WithEachText(steps, e => e.ActivityId)
        .WithEachText(steps, e => e.ActivityType)
        .WithEachText(steps, e => e.ActivityName)
        .WithEachJson(steps, e => e.Inputs.ToJsonString())
        .WithEachTime(steps, e => e.StartedAt)
        .WithEachText(steps, e => e.Role.ToString());

    /// <summary>
    /// A null for outputs, state or variables stands for "as it is". The numbers are named twice, so that whichever side the
    /// planner begins with, it reads these steps only and not all that the run has made.
    /// </summary>
    private static void AddChanges(this NpgsqlBatch batch, Guid runId, ActivityExecution[] steps, WrittenTexts? written) => batch.Add(
        $"""
        UPDATE runbooks.executions e SET
            status = step.status, outputs = coalesce(step.outputs, e.outputs), outcomes = step.outcomes::text[],
            state = coalesce(step.state, e.state), variables = coalesce(step.variables, e.variables),
            effect = step.effect, attempt = step.attempt, undo = step.undo, undo_note = step.undo_note, completion_order = step.completion_order,
            progress = step.progress, error = step.error, completed_at = step.completed_at, worker = step.worker,
            cancel_requested = step.cancel_requested
        FROM unnest($2::bigint[], $3::text[], $4::json[], $5::text[], $6::json[], $7::json[], $8::text[], $9::integer[], $10::text[], $11::text[],
                    $12::bigint[], $13::json[], $14::text[], $15::timestamptz[], $16::text[], $17::boolean[])
             AS step(number, {Changing})
        WHERE e.run_id = $1 AND e.number = ANY ($2) AND e.number = step.number
        """)
        .With(runId)
        .WithChanging(steps, (step, column, json) => written.Unless(step, column, json));

    private static NpgsqlBatchCommand WithChanging(
        this NpgsqlBatchCommand command, ActivityExecution[] steps, Func<long, JsonColumn, JsonObject, string?> text) => command
        .WithEach(steps, e => e.Number)
        .WithEachText(steps, e => e.Status.ToString())
        .WithEachJson(steps, e => text(e.Number, JsonColumn.Outputs, e.Outputs))
        .WithEachText(steps, e => RunSql.ArrayLiteral(e.Outcomes))
        .WithEachJson(steps, e => text(e.Number, JsonColumn.State, e.State))
        .WithEachJson(steps, e => text(e.Number, JsonColumn.Variables, e.Variables))
        .WithEachText(steps, e => e.Effect.ToString())
        .WithEach(steps, e => e.Attempt)
        .WithEachText(steps, e => e.Undo.ToString())
        .WithEachText(steps, e => e.UndoNote)
        .WithEach(steps, e => e.CompletionOrder)
        .WithEachJson(steps, e => e.Progress?.ToJsonString())
        .WithEachText(steps, e => e.Error)
        .WithEachTime(steps, e => e.CompletedAt)
        .WithEachText(steps, e => e.Worker)
        .WithEach(steps, e => e.CancelRequested);

    private static NpgsqlBatchCommand WithChanging(this NpgsqlBatchCommand command, ActivityExecution step, Func<JsonColumn, JsonObject, string?> text) => command
        .With(step.Number)
        .WithText(step.Status.ToString())
        .WithJsonText(text(JsonColumn.Outputs, step.Outputs))
        .WithText(RunSql.ArrayLiteral(step.Outcomes))
        .WithJsonText(text(JsonColumn.State, step.State))
        .WithJsonText(text(JsonColumn.Variables, step.Variables))
        .WithText(step.Effect.ToString())
        .With(step.Attempt)
        .WithText(step.Undo.ToString())
        .WithText(step.UndoNote)
        .With(step.CompletionOrder, NpgsqlDbType.Bigint)
        .WithJson(step.Progress)
        .WithText(step.Error)
        .WithTime(step.CompletedAt)
        .WithText(step.Worker)
        .With(step.CancelRequested);
}
