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

    public static NpgsqlBatchCommand WithJson(this NpgsqlBatchCommand command, JsonNode? value) => command.WithJsonText(value?.ToJsonString());

    /// <summary>JSON that has been written out already.</summary>
    public static NpgsqlBatchCommand WithJsonText(this NpgsqlBatchCommand command, string? value)
    {
        command.Parameters.Add(new NpgsqlParameter { Value = value is null ? DBNull.Value : value, NpgsqlDbType = NpgsqlDbType.Json });
        return command;
    }

    /// <summary>One value of each item, for <c>unnest</c>.</summary>
    public static NpgsqlBatchCommand WithEach<TItem, T>(this NpgsqlBatchCommand command, IReadOnlyList<TItem> items, Func<TItem, T> value)
    {
        command.Parameters.Add(new NpgsqlParameter<T[]> { TypedValue = Each(items, value) });
        return command;
    }

    public static NpgsqlBatchCommand WithEachText<TItem>(this NpgsqlBatchCommand command, IReadOnlyList<TItem> items, Func<TItem, string?> value)
    {
        command.Parameters.Add(new NpgsqlParameter<string?[]>
        {
            TypedValue = Each(items, i => value(i) is { } text ? Storable(text) : null),
            NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Text,
        });
        return command;
    }

    public static NpgsqlBatchCommand WithEachJson<TItem>(this NpgsqlBatchCommand command, IReadOnlyList<TItem> items, Func<TItem, string?> value)
    {
        command.Parameters.Add(new NpgsqlParameter<string?[]> { TypedValue = Each(items, value), NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Json });
        return command;
    }

    public static NpgsqlBatchCommand WithEachTime<TItem>(this NpgsqlBatchCommand command, IReadOnlyList<TItem> items, Func<TItem, DateTimeOffset?> value)
    {
        command.Parameters.Add(new NpgsqlParameter<DateTime?[]>
        {
            TypedValue = Each(items, i => value(i)?.UtcDateTime),
            NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.TimestampTz,
        });
        return command;
    }

    /// <summary>Texts as PostgreSQL writes an array of them, such as <c>{"Done","a \"b\""}</c>; arrays of arrays can't be unnested.</summary>
    public static string ArrayLiteral(IEnumerable<string> texts) =>
        "{" + string.Join(',', texts.Select(t => "\"" + Storable(t).Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal) + "\"")) + "}";

    public static NpgsqlBatchCommand WithNumbers(this NpgsqlBatchCommand command, IReadOnlyCollection<long> values)
    {
        command.Parameters.Add(new NpgsqlParameter { Value = values.ToArray(), NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Bigint });
        return command;
    }

    public static NpgsqlBatchCommand WithPasses(this NpgsqlBatchCommand command, IReadOnlyCollection<UndoPass> passes) =>
        command.WithJsonText(passes.Count == 0 ? "[]" : JsonSerializer.Serialize(passes));

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

    private static T[] Each<TItem, T>(IReadOnlyList<TItem> items, Func<TItem, T> value)
    {
        var values = new T[items.Count];
        for (var i = 0; i < values.Length; i++)
        {
            values[i] = value(items[i]);
        }

        return values;
    }
}
