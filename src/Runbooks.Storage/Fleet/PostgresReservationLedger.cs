using Dapper;
using Microsoft.EntityFrameworkCore;
using Npgsql;
using Runbooks.Fleet.Model;
using Runbooks.Fleet.Reservations;
using Runbooks.Storage.Model;

namespace Runbooks.Storage.Fleet;

/// <summary>
/// Reservations in PostgreSQL. Wishes for one destination take turns, so that two of them never see the same free memory;
/// that a VM has one reservation is the table's primary key.
/// </summary>
internal sealed class PostgresReservationLedger(NpgsqlDataSource database, IDbContextFactory<RunbooksContext> contexts) : IReservationLedger
{
    public async Task<ReservationAnswer> ReserveAsync(Reservation wish, int freeMemoryMiB, CancellationToken cancellationToken)
    {
        // A wish for the same VM and another destination may come between our look and our write; then we look again.
        while (true)
        {
            if (await TryReserveAsync(wish, freeMemoryMiB, cancellationToken) is { } answer)
            {
                return answer;
            }
        }
    }

    public async Task<bool> ReleaseAsync(VmName vm, string holder, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        var released = await connection.ExecuteAsync(new CommandDefinition(
            "DELETE FROM runbooks.reservations WHERE vm = @vm AND holder = @holder", new { vm = vm.Value, holder }, cancellationToken: cancellationToken));
        return released == 1;
    }

    public async Task<Reservation?> FindAsync(VmName vm, CancellationToken cancellationToken)
    {
        await using var context = await contexts.CreateDbContextAsync(cancellationToken);
        return await context.Reservations.SingleOrDefaultAsync(r => r.Vm == vm, cancellationToken);
    }

    public async Task<IReadOnlyList<Reservation>> ListAsync(CancellationToken cancellationToken)
    {
        await using var context = await contexts.CreateDbContextAsync(cancellationToken);
        return await context.Reservations.OrderBy(r => r.Vm).ToListAsync(cancellationToken);
    }

    /// <summary>Null when the answer could not be made to hold.</summary>
    private async Task<ReservationAnswer?> TryReserveAsync(Reservation wish, int freeMemoryMiB, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        await connection.ExecuteAsync(new CommandDefinition(
            "SELECT pg_advisory_xact_lock(hashtextextended('destination:' || @destination, 0))",
            new { destination = wish.Destination.Value },
            transaction,
            cancellationToken: cancellationToken));
        var rows = (await connection.QueryAsync<ReservationRow>(new CommandDefinition(
            """
            SELECT vm, source, destination, memory_mib AS MemoryMiB, vcpus, holder, generation, created_at AS CreatedAt
            FROM runbooks.reservations WHERE vm = @vm OR destination = @destination
            """,
            new { vm = wish.Vm.Value, destination = wish.Destination.Value },
            transaction,
            cancellationToken: cancellationToken))).Select(r => r.ToReservation()).ToList();
        var ofTheVm = rows.Find(r => r.Vm == wish.Vm);
        var answer = ReservationRules.Decide(wish, freeMemoryMiB, ofTheVm, rows.FindAll(r => r.Destination == wish.Destination));
        var holds = answer is not ReservationAnswer.Granted granted
            || await WriteAsync(connection, transaction, granted.Reservation, isNew: ofTheVm is null, cancellationToken) == 1;
        await transaction.CommitAsync(cancellationToken);
        return holds ? answer : null;
    }

    private static Task<int> WriteAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, Reservation granted, bool isNew, CancellationToken cancellationToken)
    {
        const string insert =
            """
            INSERT INTO runbooks.reservations (vm, source, destination, memory_mib, vcpus, holder, generation, created_at)
            VALUES (@Vm, @Source, @Destination, @MemoryMiB, @Vcpus, @Holder, @Generation, @CreatedAt)
            ON CONFLICT DO NOTHING
            """;
        const string raise =
            """
            UPDATE runbooks.reservations SET generation = @Generation
            WHERE vm = @Vm AND holder = @Holder AND destination = @Destination AND generation <= @Generation
            """;
        return connection.ExecuteAsync(new CommandDefinition(isNew ? insert : raise, ReservationRow.Of(granted), transaction, cancellationToken: cancellationToken));
    }

    private sealed record ReservationRow(
        string Vm, string Source, string Destination, int MemoryMiB, int Vcpus, string Holder, long Generation, DateTime CreatedAt)
    {
        public static ReservationRow Of(Reservation r) =>
            new(r.Vm.Value, r.Source.Value, r.Destination.Value, r.MemoryMiB, r.Vcpus, r.Holder, r.Generation, r.CreatedAt.UtcDateTime);

        public Reservation ToReservation() => new(
            new VmName(Vm), new HostName(Source), new HostName(Destination), MemoryMiB, Vcpus, Holder, Generation, new DateTimeOffset(CreatedAt, TimeSpan.Zero));
    }
}
