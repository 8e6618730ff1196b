using Npgsql;
using Runbooks.Workflows.Journal;
using Runbooks.Workflows.Runs;

namespace Runbooks.Storage.Runs;

/// <summary>Finds bookmarks by their key. Reads only, and only the partial index of bookmarks that have one.</summary>
internal sealed class PostgresBookmarkReader(NpgsqlDataSource database) : IBookmarkReader
{
    public async Task<IReadOnlyList<WaitingBookmark>> WaitingAsync(string keyPrefix, int limit, CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand(
            $"SELECT {RunRows.BookmarkColumns}, run_id FROM runbooks.bookmarks WHERE key IS NOT NULL AND starts_with(key, $1) ORDER BY id LIMIT $2");
        _ = command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = keyPrefix });
        _ = command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = limit });
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        return await reader.ToListAsync(row => new WaitingBookmark(new RunId(row.GetGuid(7)), RunRows.ReadBookmark(row)), cancellationToken);
    }
}
