using Npgsql;
using Runbooks.Workflows.Library;

namespace Runbooks.Storage.Library;

/// <summary>Changes runbooks one at a time: lock, read, decide, write, all in one transaction.</summary>
internal sealed class ShelfTurns(NpgsqlDataSource database)
{
    /// <summary>Null when there was nothing to be done.</summary>
    public async Task<ShelfChange?> ChangeAsync(string definitionId, Func<Shelf, DateTimeOffset, ShelfChange?> decide, CancellationToken cancellationToken) =>
        (await ChangeAsync([definitionId], (shelf, now, _) => decide(shelf, now), cancellationToken))[0];

    /// <summary>All changes, or none; <paramref name="decide"/> is given the place in the list.</summary>
    public async Task<IReadOnlyList<ShelfChange?>> ChangeAsync(IReadOnlyList<string> definitionIds, Func<Shelf, DateTimeOffset, int, ShelfChange?> decide, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        await ShelfStatements.LockAsync(connection, transaction, definitionIds, cancellationToken);
        var changes = new List<ShelfChange?>();
        foreach (var id in definitionIds)
        {
            var (before, now) = await ShelfStatements.ReadAsync(connection, transaction, id, cancellationToken);
            var change = decide(before, now, changes.Count);
            if (change is not null)
            {
                await ShelfStatements.WriteAsync(connection, transaction, before, change, cancellationToken);
            }

            changes.Add(change);
        }

        await transaction.CommitAsync(cancellationToken);
        return changes;
    }

    public async Task<Shelf> ReadAsync(string definitionId, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        return (await ShelfStatements.ReadAsync(connection, null, definitionId, cancellationToken)).Shelf;
    }
}
