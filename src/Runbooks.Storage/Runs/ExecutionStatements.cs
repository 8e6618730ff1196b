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
    public const int FewChanges = 3;

    /// <summary>Steps that nobody can have written before. Outcomes, in the fourth place after the run, come as text.</summary>
    public static readonly RowLists FewNew = new(IntoExecutions, values: 24, (3, "text[]"));

    private static readonly string OneChange = Change(new Places());

    /// <summary>What <see cref="AddChanges"/> does, for one step, as a part of another statement or by itself.</summary>
    public static string Change(Places at)
    {
        var number = at.Next();
        return $"UPDATE runbooks.executions SET status = {at.Next()}, outputs = coalesce({at.Next()}, outputs), outcomes = {at.Next()}::text[]"
            + $", state = coalesce({at.Next()}, state), variables = coalesce({at.Next()}, variables), effect = {at.Next()}, attempt = {at.Next()}"
            + $", undo = {at.Next()}, undo_note = {at.Next()}, completion_order = {at.Next()}, progress = {at.Next()}, error = {at.Next()}"
            + $", completed_at = {at.Next()}, worker = {at.Next()}, cancel_requested = {at.Next()} WHERE run_id = {Places.Run} AND number = {number}";
    }

    public static NpgsqlBatchCommand WithChange(this NpgsqlBatchCommand command, ActivityExecution step, WrittenTexts? written) =>
        command.WithChanging(step, (column, json) => written.Unless(step.Number, column, json));

    /// <summary>A row of <see cref="FewNew"/>.</summary>
    public static NpgsqlBatchCommand WithNew(this NpgsqlBatchCommand command, ActivityExecution step, WrittenTexts? written) => command
        .WithChanging(step, (column, json) => written.Note(step.Number, column, json))
        .With(step.ParentNumber, NpgsqlDbType.Bigint)
        .WithText(step.NodeId)
        .WithText(step.ActivityId)
        .WithText(step.ActivityType)
        .WithText(step.ActivityName)
        .WithJson(step.Inputs)
        .WithTime(step.StartedAt)
        .WithText(step.Role.ToString());

    public static void AddExecutions(this NpgsqlBatch batch, Guid runId, StepsOfCommit steps, WrittenTexts? written)
    {
        if (steps.AreSurelyNew && steps.New.Length is > 0 and <= RowLists.Most)
        {
            FewNew.Add(batch, runId, steps.New, (command, step) => command.WithNew(step, written));
        }
        else if (steps.New.Length > 0)
        {
            batch.AddWhole(runId, steps.New, written);
        }

        if (steps.Changed.Length > FewChanges)
        {
            batch.AddChanges(runId, steps.Changed, written);
        }
        else
        {
            foreach (var step in steps.Changed)
            {
                _ = batch.Add(OneChange).With(runId).WithChange(step, written);
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
