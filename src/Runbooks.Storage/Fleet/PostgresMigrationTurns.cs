using Dapper;
using Npgsql;
using Runbooks.Fleet.Migrations.Turns;
using Runbooks.Fleet.Model;

namespace Runbooks.Storage.Fleet;

/// <summary>
/// Turns in PostgreSQL. Changes take turns themselves, so that no two servers give away the last place; there are as many as
/// migrations that begin and end, and each takes a millisecond. Times are the database's: servers' clocks differ.
/// </summary>
internal sealed class PostgresMigrationTurns(NpgsqlDataSource database, TurnLimits limits) : IMigrationTurns
{
    private const string All =
        """
        SELECT vm, holder, source, destination, pool, links, links_mibs AS LinksMiBs, dirty_mibs AS DirtyMiBs, most_mibs AS MostMiBs, place,
               asked_at AS AskedAt, seen_at AS SeenAt, granted_at AS GrantedAt, is_copying AS IsCopying
        FROM runbooks.migration_turns
        """;

    public Task<TurnAnswer> AskAsync(TurnWish wish, CancellationToken cancellationToken) => AloneAsync(
        async (turns, now, connection, transaction) =>
        {
            var (answer, turn) = TurnRules.Ask(wish, turns, limits, now);
            _ = await connection.ExecuteAsync(new CommandDefinition(
                """
                INSERT INTO runbooks.migration_turns
                       (vm, holder, source, destination, pool, links, links_mibs, dirty_mibs, most_mibs, place, asked_at, seen_at, granted_at, is_copying)
                VALUES (@Vm, @Holder, @Source, @Destination, @Pool, @Links, @LinksMiBs, @DirtyMiBs, @MostMiBs, @Place, @AskedAt, @SeenAt, @GrantedAt, @IsCopying)
                ON CONFLICT (vm) DO UPDATE SET
                       holder = excluded.holder, source = excluded.source, destination = excluded.destination, pool = excluded.pool,
                       links = excluded.links, links_mibs = excluded.links_mibs, dirty_mibs = excluded.dirty_mibs, most_mibs = excluded.most_mibs,
                       place = excluded.place, asked_at = excluded.asked_at, seen_at = excluded.seen_at, granted_at = excluded.granted_at,
                       is_copying = excluded.is_copying
                """,
                TurnRow.Of(turn),
                transaction,
                cancellationToken: cancellationToken));
            return answer;
        },
        cancellationToken);

    public Task<IReadOnlyList<Turn>> ReleaseAsync(VmName vm, string holder, CancellationToken cancellationToken) => AloneAsync(
        async (turns, now, connection, transaction) =>
        {
            var released = await connection.ExecuteAsync(new CommandDefinition(
                "DELETE FROM runbooks.migration_turns WHERE vm = @vm AND holder = @holder", new { vm = vm.Value, holder }, transaction, cancellationToken: cancellationToken));
            return released == 1 ? TurnRules.Admit([.. turns.Where(t => t.Wish.Vm != vm)], limits, now) : [];
        },
        cancellationToken);

    public async Task<TurnShare?> ShareAsync(VmName vm, string holder, double? dirtyMiBs, bool isCopying, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);

        // Each turn writes only its own row, and the shares of the moment need no lock: they are asked for again soon.
        var wasCopying = await connection.ExecuteScalarAsync<bool?>(new CommandDefinition(
            """
            WITH before AS (SELECT is_copying FROM runbooks.migration_turns WHERE vm = @vm)
            UPDATE runbooks.migration_turns SET dirty_mibs = coalesce(@dirtyMiBs, dirty_mibs), is_copying = @isCopying
            WHERE vm = @vm AND holder = @holder AND granted_at IS NOT NULL
              AND (dirty_mibs IS DISTINCT FROM coalesce(@dirtyMiBs, dirty_mibs) OR is_copying <> @isCopying)
            RETURNING (SELECT is_copying FROM before)
            """,
            new { vm = vm.Value, holder, dirtyMiBs, isCopying },
            cancellationToken: cancellationToken));
        var turns = await ReadAsync(connection, null, cancellationToken);
        if (turns.Find(t => t.Wish.Vm == vm) is not { GrantedAt: not null } own || !string.Equals(own.Wish.Holder, holder, StringComparison.Ordinal))
        {
            return null;
        }

        var share = BandwidthShares.Of(turns, limits)[vm];
        return isCopying && wasCopying == false ? share with { Next = TurnRules.Admit(turns, limits, await NowAsync(connection, null, cancellationToken)) } : share;
    }

    public async Task<Turn?> FindAsync(VmName vm, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        var row = await connection.QuerySingleOrDefaultAsync<TurnRow>(new CommandDefinition($"{All} WHERE vm = @vm", new { vm = vm.Value }, cancellationToken: cancellationToken));
        return row?.ToTurn();
    }

    public async Task<IReadOnlyList<Turn>> ListAsync(CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        return await ReadAsync(connection, null, cancellationToken);
    }

    private static async Task<List<Turn>> ReadAsync(NpgsqlConnection connection, NpgsqlTransaction? transaction, CancellationToken cancellationToken) =>
        [.. (await connection.QueryAsync<TurnRow>(new CommandDefinition($"{All} ORDER BY vm COLLATE \"C\"", transaction: transaction, cancellationToken: cancellationToken))).Select(r => r.ToTurn())];

    private static async Task<DateTimeOffset> NowAsync(NpgsqlConnection connection, NpgsqlTransaction? transaction, CancellationToken cancellationToken) =>
        new(await connection.ExecuteScalarAsync<DateTime>(new CommandDefinition("SELECT clock_timestamp()", transaction: transaction, cancellationToken: cancellationToken)), TimeSpan.Zero);

    /// <summary>Decides and writes while nobody else does.</summary>
    private async Task<T> AloneAsync<T>(Func<List<Turn>, DateTimeOffset, NpgsqlConnection, NpgsqlTransaction, Task<T>> act, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        _ = await connection.ExecuteAsync(new CommandDefinition(
            "SELECT pg_advisory_xact_lock(hashtextextended('migration-turns', 0))", transaction: transaction, cancellationToken: cancellationToken));

        // A statement of its own: it has to see what was committed while we waited for the lock.
        var turns = await ReadAsync(connection, transaction, cancellationToken);
        var result = await act(turns, await NowAsync(connection, transaction, cancellationToken), connection, transaction);
        await transaction.CommitAsync(cancellationToken);
        return result;
    }

    /// <summary>By properties: arrays have no type in a result by which a constructor could be chosen.</summary>
    private sealed class TurnRow
    {
        public required string Vm { get; init; }

        public required string Holder { get; init; }

        public required string Source { get; init; }

        public required string Destination { get; init; }

        public required string Pool { get; init; }

        public required string[] Links { get; init; }

        public required double[] LinksMiBs { get; init; }

        public double? DirtyMiBs { get; init; }

        public double? MostMiBs { get; init; }

        public int Place { get; init; }

        public DateTime AskedAt { get; init; }

        public DateTime SeenAt { get; init; }

        public DateTime? GrantedAt { get; init; }

        public bool IsCopying { get; init; }

        public static TurnRow Of(Turn turn) => new()
        {
            Vm = turn.Wish.Vm.Value,
            Holder = turn.Wish.Holder,
            Source = turn.Wish.Source.Value,
            Destination = turn.Wish.Destination.Value,
            Pool = turn.Wish.Pool,
            Links = [.. turn.Wish.Path.Select(l => l.Name)],
            LinksMiBs = [.. turn.Wish.Path.Select(l => l.MiBs)],
            DirtyMiBs = turn.Wish.DirtyMiBs,
            MostMiBs = turn.Wish.MostMiBs,
            Place = turn.Wish.Order,
            AskedAt = turn.AskedAt.UtcDateTime,
            SeenAt = turn.SeenAt.UtcDateTime,
            GrantedAt = turn.GrantedAt?.UtcDateTime,
            IsCopying = turn.IsCopying,
        };

        public Turn ToTurn()
        {
            var path = Links.Zip(LinksMiBs, (name, carries) => new PathLink(name, carries)).ToArray();
            var wish = new TurnWish(new VmName(Vm), Holder, new HostName(Source), new HostName(Destination), Pool, path) { DirtyMiBs = DirtyMiBs, MostMiBs = MostMiBs, Order = Place };
            return new Turn(wish, At(AskedAt), At(SeenAt), GrantedAt is { } granted ? At(granted) : null, IsCopying);
        }

        private static DateTimeOffset At(DateTime time) => new(DateTime.SpecifyKind(time, DateTimeKind.Utc), TimeSpan.Zero);
    }
}
