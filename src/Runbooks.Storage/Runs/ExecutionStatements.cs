using System.Text.Json.Nodes;
using Npgsql;
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

    public static void AddExecutions(this NpgsqlBatch batch, RunCommit commit, WrittenTexts? written)
    {
        var id = commit.Run.Id.Value;
        var whole = commit.Executions.Where(e => commit.NewExecutions?.Contains(e.Number) ?? true).ToArray();
        var changes = commit.Executions.Except(whole).ToArray();
        if (whole.Length > 0 && changes.Length > 0 && Array.TrueForAll(whole, e => e.Number >= written?.FirstFreeNumber))
        {
            // The usual commit: one step has completed and the next begins. One statement for both costs little more than one for either.
            var bySize = changes.ToLookup(IsSmall);
            batch.AddWhole(WithoutInputs, id, [.. whole, .. bySize[true]], written);
            changes = [.. bySize[false]];
        }
        else if (whole.Length > 0)
        {
            batch.AddWhole(WithInputs, id, whole, written);
        }

        if (changes.Length > 0)
        {
            batch.AddChanges(id, changes, written);
        }
    }

    /// <summary>Whether writing a step whole costs next to nothing more than writing what has changed in it.</summary>
    private static bool IsSmall(ActivityExecution step)
    {
        var left = 32;
        return Fits(step.Inputs, ref left) && Fits(step.Outputs, ref left) && Fits(step.State, ref left) && Fits(step.Variables, ref left);
    }

    /// <summary>Counts values, and stops counting when they are too many: a loop's ten thousand items are not walked through.</summary>
    private static bool Fits(JsonNode? node, ref int left)
    {
        left--;
        if (left < 0)
        {
            return false;
        }

        switch (node)
        {
            case JsonObject values:
                foreach (var (_, held) in values)
                {
                    if (!Fits(held, ref left))
                    {
                        return false;
                    }
                }

                return true;
            case JsonArray items:
                foreach (var item in items)
                {
                    if (!Fits(item, ref left))
                    {
                        return false;
                    }
                }

                return true;
            default:
                return node is not JsonValue value || !value.TryGetValue<string>(out var text) || text.Length <= 256;
        }
    }

    private static string Whole(string inputs) =>
        $"""
        INSERT INTO runbooks.executions (run_id, number, {Changing}, parent_number, node_id, activity_id, activity_type, activity_name, inputs, started_at, role)
        SELECT $1, number, status, outputs, outcomes::text[], state, variables, effect, attempt, undo, undo_note, completion_order, progress, error, completed_at, worker, cancel_requested,
               parent_number, node_id, activity_id, activity_type, activity_name, inputs, started_at, role
        FROM unnest($2::bigint[], $3::text[], $4::json[], $5::text[], $6::json[], $7::json[], $8::text[], $9::integer[], $10::text[], $11::text[],
                    $12::bigint[], $13::json[], $14::text[], $15::timestamptz[], $16::text[], $17::boolean[],
                    $18::bigint[], $19::text[], $20::text[], $21::text[], $22::text[], $23::json[], $24::timestamptz[], $25::text[])
             AS step(number, {Changing}, parent_number, node_id, activity_id, activity_type, activity_name, inputs, started_at, role)
        ON CONFLICT (run_id, number) DO UPDATE SET
            status = excluded.status, {inputs}outputs = excluded.outputs, outcomes = excluded.outcomes,
            state = excluded.state, variables = excluded.variables, effect = excluded.effect, attempt = excluded.attempt,
            undo = excluded.undo, undo_note = excluded.undo_note, completion_order = excluded.completion_order,
            progress = excluded.progress, error = excluded.error, completed_at = excluded.completed_at, worker = excluded.worker,
            cancel_requested = excluded.cancel_requested
        """;

    private static readonly string WithInputs = Whole("inputs = excluded.inputs, ");

    /// <summary>Of steps that are there already, inputs stay as they are.</summary>
    private static readonly string WithoutInputs = Whole("");

    private static void AddWhole(this NpgsqlBatch batch, string sql, Guid runId, ActivityExecution[] steps, WrittenTexts? written) => batch.Add(sql)
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
}
