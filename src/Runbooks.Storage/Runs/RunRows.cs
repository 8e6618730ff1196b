using System.Text.Json;
using System.Text.Json.Nodes;
using Npgsql;
using Runbooks.Workflows.Definitions;
using Runbooks.Workflows.Runs;

namespace Runbooks.Storage.Runs;

/// <summary>Rows as the worker's hot path reads them; the column lists here and the order of reading belong together.</summary>
internal static class RunRows
{
    public const string RunColumns = $"id, {ColumnsAfterId}";

    public const string ColumnsAfterId =
        "definition_id, definition_version, created_at, started_by, idempotency_key, correlation_id, parent_run_id, parent_bookmark_id, "
        + "input, output, variables, status, reason, compensates_to, next_execution_number, next_journal_sequence, next_completion_order, "
        + "started_at, finished_at, name, paused_by, passes, incidents, trigger, activation, is_dry_run";

    public const string ExecutionColumns =
        "number, parent_number, node_id, activity_id, activity_type, activity_name, status, inputs, outputs, outcomes, state, variables, "
        + "effect, attempt, undo, undo_note, completion_order, progress, error, started_at, completed_at, worker, role, cancel_requested";

    public const string BookmarkColumns = "id, execution_number, name, due_at, payload, key, correlation_id";

    public const string StimulusColumns = "id, run_id, kind, bookmark_id, input, actor, reason";

    public static Run ReadRun(NpgsqlDataReader row) => new()
    {
        Id = new RunId(row.GetGuid(0)),
        DefinitionId = row.GetString(1),
        DefinitionVersion = DryRunFence.Read(row.GetInt32(2)),
        CreatedAt = row.GetFieldValue<DateTimeOffset>(3),
        StartedBy = row.GetString(4),
        IdempotencyKey = row.Text(5),
        CorrelationId = row.Text(6),
        ParentRunId = row.IsDBNull(7) ? null : new RunId(row.GetGuid(7)),
        ParentBookmarkId = row.Text(8),
        Input = row.Object(9)!,
        Output = row.Object(10)!,
        Variables = row.Object(11)!,
        Status = row.Enum<RunStatus>(12),
        Reason = row.Text(13),
        CompensatesTo = row.IsDBNull(14) ? null : row.Enum<RunStatus>(14),
        NextExecutionNumber = row.GetInt64(15),
        NextJournalSequence = row.GetInt64(16),
        NextCompletionOrder = row.GetInt64(17),
        StartedAt = row.Time(18),
        FinishedAt = row.Time(19),
        Name = row.Text(20),
        PausedBy = row.Text(21),
        Passes = JsonSerializer.Deserialize<List<UndoPass>>(row.GetString(22))!,
        Incidents = [.. row.GetFieldValue<long[]>(23)],
        Trigger = row.IsDBNull(24) ? null : JsonSerializer.Deserialize<RunTrigger>(row.GetString(24)),
        Activation = row.Enum<ActivationStrategy>(25),
        IsDryRun = row.GetBoolean(26),
    };

    public static ActivityExecution ReadExecution(NpgsqlDataReader row) => new()
    {
        Number = row.GetInt64(0),
        ParentNumber = row.Number(1),
        NodeId = row.GetString(2),
        ActivityId = row.GetString(3),
        ActivityType = row.GetString(4),
        ActivityName = row.GetString(5),
        Status = row.Enum<ActivityStatus>(6),
        Inputs = row.Object(7)!,
        Outputs = row.Object(8)!,
        Outcomes = [.. row.GetFieldValue<string[]>(9)],
        State = row.Object(10)!,
        Variables = row.Object(11)!,
        Effect = row.Enum<EffectState>(12),
        Attempt = row.GetInt32(13),
        Undo = row.Enum<UndoState>(14),
        UndoNote = row.Text(15),
        CompletionOrder = row.Number(16),
        Progress = row.Object(17),
        Error = row.Text(18),
        StartedAt = row.GetFieldValue<DateTimeOffset>(19),
        CompletedAt = row.Time(20),
        Worker = row.Text(21),
        Role = row.Enum<HandlerRole>(22),
        CancelRequested = row.GetBoolean(23),
    };

    public static Bookmark ReadBookmark(NpgsqlDataReader row) =>
        new(row.GetString(0), row.GetInt64(1), row.GetString(2), row.Time(3), row.Object(4), row.Text(5), row.Text(6));

    public static Stimulus ReadStimulus(NpgsqlDataReader row) => new(
        row.GetString(0),
        new RunId(row.GetGuid(1)),
        row.Enum<StimulusKind>(2),
        row.Text(3),
        row.IsDBNull(4) ? null : JsonNode.Parse(row.GetString(4)),
        row.GetString(5),
        row.Text(6));

    /// <summary>All rows of the reader's current result.</summary>
    public static async Task<List<T>> ToListAsync<T>(this NpgsqlDataReader reader, Func<NpgsqlDataReader, T> read, CancellationToken cancellationToken)
    {
        var rows = new List<T>();
        while (await reader.ReadAsync(cancellationToken))
        {
            rows.Add(read(reader));
        }

        return rows;
    }

    private static string? Text(this NpgsqlDataReader row, int column) => row.IsDBNull(column) ? null : row.GetString(column);

    private static long? Number(this NpgsqlDataReader row, int column) => row.IsDBNull(column) ? null : row.GetInt64(column);

    private static DateTimeOffset? Time(this NpgsqlDataReader row, int column) =>
        row.IsDBNull(column) ? null : row.GetFieldValue<DateTimeOffset>(column);

    private static T Enum<T>(this NpgsqlDataReader row, int column)
        where T : struct, Enum =>
        System.Enum.Parse<T>(row.GetString(column));

    private static JsonObject? Object(this NpgsqlDataReader row, int column) =>
        row.IsDBNull(column) ? null : JsonNode.Parse(row.GetString(column))!.AsObject();
}
