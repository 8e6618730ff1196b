using Runbooks.Fleet.Migrations;
using Runbooks.Fleet.Tests.Contract;

namespace Runbooks.Fleet.Tests.Migrations;

public sealed class InMemoryMigrationHistoryTests : MigrationHistoryContract
{
    protected override Task<IMigrationHistory> OpenEmptyAsync() => Task.FromResult<IMigrationHistory>(new InMemoryMigrationHistory());
}
