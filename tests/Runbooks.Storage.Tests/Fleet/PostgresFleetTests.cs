using Runbooks.Fleet.History;
using Runbooks.Fleet.Migrations;
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
}
