using Microsoft.Extensions.Logging.Abstractions;
using Runbooks.Workflows.Definitions;
using Runbooks.Workflows.Execution;
using Runbooks.Workflows.Journal;
using Runbooks.Workflows.Journal.InMemory;
using Runbooks.Workflows.Runs;
using Runbooks.Workflows.Tests.Engine;

namespace Runbooks.Workflows.Tests.Triggers;

/// <summary>One run, a store with a clock of its own, and a worker whose clock may show anything.</summary>
internal sealed class TwoClocks
{
    private readonly InMemoryRunStore store;
    private readonly RunExecutor executor;
    private readonly RunStarter starter;
    private RunId run;

    private TwoClocks(DefinitionCatalog catalog)
    {
        store = new InMemoryRunStore(StoreClock);
        var runs = new RunFactory(catalog, new TimeOrderedIds(Worker), Worker);
        var signal = new WorkSignal(Worker);
        starter = new RunStarter(catalog, runs, store, signal);
        executor = new RunExecutor(new EngineServices(store, runs, new Nothing(), new EngineOptions(), Worker, new NoProbe(), signal, NullLogger.Instance), catalog);
    }

    public SetClock StoreClock { get; } = new();

    public SetClock Worker { get; } = new();

    public static async Task<TwoClocks> WithAsync(string definition)
    {
        var catalog = new DefinitionCatalog(new InMemoryDefinitionStore(TimeProvider.System), new DefinitionReader(World.Registry()));
        Assert.Empty(await catalog.LoadAsync([("w.json", definition)], CancellationToken.None));
        var clocks = new TwoClocks(catalog);
        clocks.run = Assert.IsType<StartAnswer.Accepted>(await clocks.starter.StartAsync(new StartRequest("w", [], "test"), CancellationToken.None)).RunId;
        return clocks;
    }

    /// <summary>Executes the run as far as it goes. False when there was nothing to do.</summary>
    public async Task<bool> WorkAsync()
    {
        var claim = await store.ClaimNextAsync("w1", TimeSpan.FromHours(1), CancellationToken.None);
        if (claim is not null)
        {
            await executor.ExecuteAsync(claim, CancellationToken.None);
        }

        return claim is not null;
    }

    public async Task<Run> RunAsync() => (await store.FindAsync(run, CancellationToken.None))!;

    /// <summary>When the run comes due, by what it says of itself.</summary>
    public async Task<DateTimeOffset> BookmarkAsync() =>
        DateTimeOffset.Parse((await RunAsync()).Reason!["Waits until ".Length..].TrimEnd('.'), System.Globalization.CultureInfo.InvariantCulture);

    /// <summary>A clock that shows what it is set to, and whose timers never fire.</summary>
    internal sealed class SetClock : TimeProvider
    {
        public DateTimeOffset Now { get; set; } = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);

        public override DateTimeOffset GetUtcNow() => Now;

        public override long GetTimestamp() => 0;

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) => new Never();

        private sealed class Never : ITimer
        {
            public bool Change(TimeSpan dueTime, TimeSpan period) => true;

            public void Dispose()
            {
            }

            public ValueTask DisposeAsync() => ValueTask.CompletedTask;
        }
    }

    private sealed class Nothing : IServiceProvider
    {
        public object? GetService(Type serviceType) => null;
    }
}
