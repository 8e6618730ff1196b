using Runbooks.Fleet.History;
using Runbooks.Fleet.Migrations.Turns;
using Runbooks.Fleet.Reservations;
using Runbooks.Fleet.Tests.Contract;

namespace Runbooks.Fleet.Tests.Reservations;

public sealed class InMemory_ledger : LedgerContract
{
    protected override Task<(IReservationLedger Ledger, IHostModes Modes)> OpenEmptyAsync() =>
        Task.FromResult<(IReservationLedger, IHostModes)>((new InMemoryReservationLedger(), new InMemoryHostModes()));
}

public sealed class InMemory_turns : TurnContract
{
    protected override Task<IMigrationTurns> OpenEmptyAsync(TurnLimits limits) => Task.FromResult<IMigrationTurns>(new InMemoryMigrationTurns(limits, TimeProvider.System));
}

public sealed class InMemory_history : FleetHistoryContract
{
    protected override Task<IFleetHistory> OpenEmptyAsync() => Task.FromResult<IFleetHistory>(new InMemoryFleetHistory());
}
