using Runbooks.Workflows.Events;
using Runbooks.Workflows.Journal;
using Runbooks.Workflows.Journal.InMemory;
using Runbooks.Workflows.Library;
using Runbooks.Workflows.Library.InMemory;
using Runbooks.Workflows.Tests.Contract;

namespace Runbooks.Workflows.Tests.Journal;

public sealed class InMemory_claims : ClaimContract
{
    protected override Task<StoreUnderTest> OpenEmptyAsync() => Task.FromResult<StoreUnderTest>(new InMemoryStoreUnderTest());
}

public sealed class InMemory_hand_over : HandOverContract
{
    protected override Task<StoreUnderTest> OpenEmptyAsync() => Task.FromResult<StoreUnderTest>(new InMemoryStoreUnderTest());
}

public sealed class InMemory_commits : CommitContract
{
    protected override Task<StoreUnderTest> OpenEmptyAsync() => Task.FromResult<StoreUnderTest>(new InMemoryStoreUnderTest());
}

public sealed class InMemory_creation : CreationContract
{
    protected override Task<StoreUnderTest> OpenEmptyAsync() => Task.FromResult<StoreUnderTest>(new InMemoryStoreUnderTest());
}

public sealed class InMemory_messages : MessageContract
{
    protected override Task<StoreUnderTest> OpenEmptyAsync() => Task.FromResult<StoreUnderTest>(new InMemoryStoreUnderTest());
}

public sealed class InMemory_loads : LoadContract
{
    protected override Task<StoreUnderTest> OpenEmptyAsync() => Task.FromResult<StoreUnderTest>(new InMemoryStoreUnderTest());
}

public sealed class InMemory_events : EventContract
{
    protected override Task<StoreUnderTest> OpenEmptyAsync() => Task.FromResult<StoreUnderTest>(new InMemoryStoreUnderTest());
}

public sealed class InMemory_activation : ActivationContract
{
    protected override Task<StoreUnderTest> OpenEmptyAsync() => Task.FromResult<StoreUnderTest>(new InMemoryStoreUnderTest());
}

public sealed class InMemory_upgrades : UpgradeContract
{
    protected override Task<StoreUnderTest> OpenEmptyAsync() => Task.FromResult<StoreUnderTest>(new InMemoryStoreUnderTest());
}

public sealed class InMemory_reading : ReaderContract
{
    protected override Task<StoreUnderTest> OpenEmptyAsync() => Task.FromResult<StoreUnderTest>(new InMemoryStoreUnderTest());
}

public sealed class InMemory_library : LibraryContract
{
    protected override Task<StoreUnderTest> OpenEmptyAsync() => Task.FromResult<StoreUnderTest>(new InMemoryStoreUnderTest());
}

internal sealed class InMemoryStoreUnderTest : StoreUnderTest
{
    private readonly MovableClock clock = new();
    private readonly InMemoryRunStore runs;

    public InMemoryStoreUnderTest()
    {
        runs = new InMemoryRunStore(clock);
        var definitions = new InMemoryDefinitionStore(clock);
        Definitions = definitions;
        Library = new InMemoryRunbookLibrary(definitions);
    }

    public override IRunStore Runs => runs;

    public override IRunReader Reader => runs;

    public override IEventStore Events => runs;

    public override IDefinitionStore Definitions { get; }

    public override IRunbookLibrary Library { get; }

    public override IOutbox Outbox => runs.Outbox;

    public override Task<DateTimeOffset> NowAsync() => Task.FromResult(clock.GetUtcNow());

    public override Task PassAsync(TimeSpan time)
    {
        clock.Pass(time);
        return Task.CompletedTask;
    }

    private sealed class MovableClock : TimeProvider
    {
        private DateTimeOffset now = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);

        public override DateTimeOffset GetUtcNow() => now;

        public void Pass(TimeSpan time) => now += time;
    }
}
