using System.Text.Json;
using System.Text.Json.Nodes;
using Npgsql;
using NpgsqlTypes;
using Runbooks.Workflows.Runs;

namespace Runbooks.Storage.Runs;

/// <summary>Parameters as our tables want them.</summary>
internal static class RunSql
{
    /// <summary>The states that a run never leaves, as SQL; the same list as <see cref="RunStatuses.IsEnd"/>, held by a test.</summary>
    public const string EndStates = "('Finished', 'Compensated', 'Cancelled', 'Faulted')";

    public static NpgsqlBatchCommand Add(this NpgsqlBatch batch, string sql)
    {
        var command = batch.CreateBatchCommand();
        command.CommandText = sql;
        batch.BatchCommands.Add(command);
        return command;
    }

    public static NpgsqlBatchCommand With<T>(this NpgsqlBatchCommand command, T value)
        where T : struct
    {
        command.Parameters.Add(new NpgsqlParameter<T> { TypedValue = value });
        return command;
    }

    public static NpgsqlBatchCommand With<T>(this NpgsqlBatchCommand command, T? value, NpgsqlDbType type)
        where T : struct
    {
        command.Parameters.Add(new NpgsqlParameter { Value = value is null ? DBNull.Value : value, NpgsqlDbType = type });
        return command;
    }

    public static NpgsqlBatchCommand WithText(this NpgsqlBatchCommand command, string? value)
    {
        command.Parameters.Add(new NpgsqlParameter { Value = value is null ? DBNull.Value : Storable(value), NpgsqlDbType = NpgsqlDbType.Text });
        return command;
    }

    public static NpgsqlBatchCommand WithTexts(this NpgsqlBatchCommand command, IEnumerable<string> values)
    {
        command.Parameters.Add(new NpgsqlParameter { Value = values.Select(Storable).ToArray(), NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Text });
        return command;
    }

    public static NpgsqlBatchCommand WithJson(this NpgsqlBatchCommand command, JsonNode? value)
    {
        command.Parameters.Add(new NpgsqlParameter { Value = value is null ? DBNull.Value : value.ToJsonString(), NpgsqlDbType = NpgsqlDbType.Json });
        return command;
    }

    public static NpgsqlBatchCommand WithNumbers(this NpgsqlBatchCommand command, IReadOnlyCollection<long> values)
    {
        command.Parameters.Add(new NpgsqlParameter { Value = values.ToArray(), NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Bigint });
        return command;
    }

    public static NpgsqlBatchCommand WithPasses(this NpgsqlBatchCommand command, IReadOnlyCollection<UndoPass> passes)
    {
        command.Parameters.Add(new NpgsqlParameter { Value = passes.Count == 0 ? "[]" : JsonSerializer.Serialize(passes), NpgsqlDbType = NpgsqlDbType.Json });
        return command;
    }

    public static NpgsqlBatchCommand WithTime(this NpgsqlBatchCommand command, DateTimeOffset? value)
    {
        command.Parameters.Add(new NpgsqlParameter { Value = value is null ? DBNull.Value : value.Value.UtcDateTime, NpgsqlDbType = NpgsqlDbType.TimestampTz });
        return command;
    }

    /// <summary>
    /// Text that came from a host may hold what a database refuses: NUL and halves of surrogate pairs. A run must not stop
    /// for that; they become the replacement character, as in JSON.
    /// </summary>
    public static string Storable(string text)
    {
        var clean = true;
        for (var i = 0; i < text.Length && clean; i++)
        {
            clean = text[i] != '\0' && !char.IsSurrogate(text[i]);
        }

        return clean
            ? text
            : string.Concat(text.EnumerateRunes().Select(rune => rune.Value == 0 ? "\ufffd" : rune.ToString()));
    }
}
