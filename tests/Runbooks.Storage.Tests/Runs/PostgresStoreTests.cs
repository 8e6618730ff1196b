using Runbooks.Storage.Library;
using Runbooks.Storage.Runs;
using Runbooks.Storage.Tests.Fixture;
using Runbooks.Workflows.Events;
using Runbooks.Workflows.Journal;
using Runbooks.Workflows.Library;
using Runbooks.Workflows.Tests.Contract;

namespace Runbooks.Storage.Tests.Runs;

[Collection(WithPostgres.Name)]
public sealed class Postgres_claims(MigratedDatabase database) : ClaimContract, IClassFixture<MigratedDatabase>
{
    protected override bool ClaimsWithCommits => true;

    protected override Task<StoreUnderTest> OpenEmptyAsync() => PostgresStoreUnderTest.OpenEmptyAsync(database);
}

[Collection(WithPostgres.Name)]
public sealed class Postgres_hand_over(MigratedDatabase database) : HandOverContract, IClassFixture<MigratedDatabase>
{
    protected override Task<StoreUnderTest> OpenEmptyAsync() => PostgresStoreUnderTest.OpenEmptyAsync(database);
}

[Collection(WithPostgres.Name)]
public sealed class Postgres_commits(MigratedDatabase database) : CommitContract, IClassFixture<MigratedDatabase>
{
    protected override Task<StoreUnderTest> OpenEmptyAsync() => PostgresStoreUnderTest.OpenEmptyAsync(database);
}

[Collection(WithPostgres.Name)]
public sealed class Postgres_creation(MigratedDatabase database) : CreationContract, IClassFixture<MigratedDatabase>
{
    protected override Task<StoreUnderTest> OpenEmptyAsync() => PostgresStoreUnderTest.OpenEmptyAsync(database);
}

[Collection(WithPostgres.Name)]
public sealed class Postgres_messages(MigratedDatabase database) : MessageContract, IClassFixture<MigratedDatabase>
{
    protected override Task<StoreUnderTest> OpenEmptyAsync() => PostgresStoreUnderTest.OpenEmptyAsync(database);
}

[Collection(WithPostgres.Name)]
public sealed class Postgres_loads(MigratedDatabase database) : LoadContract, IClassFixture<MigratedDatabase>
{
    protected override Task<StoreUnderTest> OpenEmptyAsync() => PostgresStoreUnderTest.OpenEmptyAsync(database);
}

[Collection(WithPostgres.Name)]
public sealed class Postgres_events(MigratedDatabase database) : EventContract, IClassFixture<MigratedDatabase>
{
    protected override Task<StoreUnderTest> OpenEmptyAsync() => PostgresStoreUnderTest.OpenEmptyAsync(database);
}

[Collection(WithPostgres.Name)]
public sealed class Postgres_activation(MigratedDatabase database) : ActivationContract, IClassFixture<MigratedDatabase>
{
    protected override Task<StoreUnderTest> OpenEmptyAsync() => PostgresStoreUnderTest.OpenEmptyAsync(database);
}

[Collection(WithPostgres.Name)]
public sealed class Postgres_upgrades(MigratedDatabase database) : UpgradeContract, IClassFixture<MigratedDatabase>
{
    protected override Task<StoreUnderTest> OpenEmptyAsync() => PostgresStoreUnderTest.OpenEmptyAsync(database);
}

[Collection(WithPostgres.Name)]
public sealed class Postgres_reading(MigratedDatabase database) : ReaderContract, IClassFixture<MigratedDatabase>
{
    protected override Task<StoreUnderTest> OpenEmptyAsync() => PostgresStoreUnderTest.OpenEmptyAsync(database);
}

[Collection(WithPostgres.Name)]
public sealed class Postgres_library(MigratedDatabase database) : LibraryContract, IClassFixture<MigratedDatabase>
{
    protected override Task<StoreUnderTest> OpenEmptyAsync() => PostgresStoreUnderTest.OpenEmptyAsync(database);
}

internal sealed class PostgresStoreUnderTest(MigratedDatabase database) : StoreUnderTest
{
    private static readonly InboxLooks Looks = new(TimeProvider.System);

    public override IRunStore Runs { get; } = new PostgresRunStore(database.Pools, database.Contexts, TimeProvider.System, Looks);

    public override IRunReader Reader { get; } = new PostgresRunReader(database.Source, database.Contexts);

    public override IEventStore Events { get; } = new PostgresEventStore(database.Source, Looks);

    public override IDefinitionStore Definitions { get; } = new PostgresDefinitionStore(database.Source, database.Contexts);

    public override IRunbookLibrary Library { get; } = new PostgresRunbookLibrary(database.Source, new PostgresDefinitionStore(database.Source, database.Contexts));

    public override IOutbox Outbox { get; } = new PostgresOutbox(database.Source);

    public static async Task<StoreUnderTest> OpenEmptyAsync(MigratedDatabase database)
    {
        await database.EmptyAsync();
        return new PostgresStoreUnderTest(database);
    }

    public override async Task<DateTimeOffset> NowAsync() =>
        new(await database.ScalarAsync<DateTime>("SELECT clock_timestamp()"), TimeSpan.Zero);

    /// <summary>The database's clock cannot be moved, so everything that it is compared with is made older.</summary>
    public override async Task PassAsync(TimeSpan time) => await database.ExecuteAsync(
        $"""
        UPDATE runbooks.runs SET lease_until = lease_until - interval '{time.TotalSeconds} seconds';
        UPDATE runbooks.events SET expires_at = expires_at - interval '{time.TotalSeconds} seconds';
        UPDATE runbooks.bookmarks SET due_at = due_at - interval '{time.TotalSeconds} seconds';
        """);
}
