using Runbooks.Fleet.History;
using Runbooks.Fleet.Migrations;
using Runbooks.Fleet.Migrations.Turns;
using Runbooks.Fleet.Model;
using Runbooks.Fleet.Reservations;
using Runbooks.Fleet.Tests.Contract;
using Runbooks.Storage.Fleet;
using Runbooks.Storage.Tests.Fixture;

namespace Runbooks.Storage.Tests.Fleet;

[Collection(WithPostgres.Name)]
public sealed class Postgres_ledger(MigratedDatabase database) : LedgerContract, IClassFixture<MigratedDatabase>
{
    protected override async Task<(IReservationLedger Ledger, IHostModes Modes)> OpenEmptyAsync()
    {
        await database.EmptyAsync();
        return (new PostgresReservationLedger(database.Source, database.Contexts), new PostgresHostModes(database.Source, database.Contexts));
    }
}

[Collection(WithPostgres.Name)]
public sealed class Postgres_turns(MigratedDatabase database) : TurnContract, IClassFixture<MigratedDatabase>
{
    protected override async Task<IMigrationTurns> OpenEmptyAsync(TurnLimits limits)
    {
        await database.EmptyAsync();
        return new PostgresMigrationTurns(database.Source, limits);
    }
}

[Collection(WithPostgres.Name)]
public sealed class Postgres_history(MigratedDatabase database) : FleetHistoryContract, IClassFixture<MigratedDatabase>
{
    protected override async Task<IFleetHistory> OpenEmptyAsync()
    {
        await database.EmptyAsync();
        return new PostgresFleetHistory(database.Source, database.Contexts);
    }
}

[Collection(WithPostgres.Name)]
public sealed class Postgres_migrations(MigratedDatabase database) : MigrationHistoryContract, IClassFixture<MigratedDatabase>
{
    protected override async Task<IMigrationHistory> OpenEmptyAsync()
    {
        await database.EmptyAsync();
        return new PostgresMigrationHistory(database.Source, database.Contexts);
    }

    [Fact]
    public async Task The_oldest_make_room_when_there_are_too_many()
    {
        var history = await OpenEmptyAsync();
        var known = new MigrationCase("kvm", MigrationMode.PreCopy, 256, 32);
        await database.ExecuteAsync(
            $"""
            INSERT INTO runbooks.migration_records (run, vm, source, destination, ended_at, "case", outcome)
            SELECT 'old' || i, 'web-1', 'h1', 'h2', timestamptz '2026-01-01' + i * interval '1 second', '{MigrationText.Write(known)}', 'Moved' FROM generate_series(1, 20000) i
            """);

        _ = await history.AppendAsync(
            new MigrationRecord("new", new VmName("web-1"), new HostName("h1"), new HostName("h2"), new DateTimeOffset(2026, 2, 1, 0, 0, 0, TimeSpan.Zero), known, null, MigrationOutcome.Moved), CancellationToken.None);

        Assert.Equal(20_000L, await database.ScalarAsync<long>("SELECT count(*) FROM runbooks.migration_records"));
        Assert.Equal(0L, await database.ScalarAsync<long>("SELECT count(*) FROM runbooks.migration_records WHERE run = 'old1'"));
        Assert.Equal("new", (await history.ListAsync(1, CancellationToken.None))[0].Run);
    }
}
