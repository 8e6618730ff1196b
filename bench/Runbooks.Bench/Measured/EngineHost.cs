using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Runbooks.Storage;
using Runbooks.Workflows.Activities;
using Runbooks.Workflows.Definitions;
using Runbooks.Workflows.Execution;
using Runbooks.Workflows.Journal;
using Runbooks.Workflows.Runs;

namespace Runbooks.Bench.Measured;

/// <summary>The engine as the server composes it: the PostgreSQL store, one worker, real time.</summary>
internal sealed class EngineHost : IAsyncDisposable
{
    private readonly IHost host;
    private readonly EngineServices engine;
    private readonly DefinitionCatalog catalog;
    private CancellationTokenSource? stop;
    private Task working = Task.CompletedTask;

    private EngineHost(IHost host, int concurrency)
    {
        this.host = host;
        var registry = ActivityRegistry.WithElsaActivities().Add<Tick>();
        catalog = new DefinitionCatalog(host.Services.GetRequiredService<IDefinitionStore>(), new DefinitionReader(registry));
        var factory = new RunFactory(catalog, new TimeOrderedIds(TimeProvider.System), TimeProvider.System);
        var signal = new WorkSignal(TimeProvider.System);
        Store = host.Services.GetRequiredService<IRunStore>();
        Starter = new RunStarter(catalog, factory, Store, signal);
        engine = new EngineServices(
            Store,
            factory,
            host.Services,
            new EngineOptions { Worker = "bench", Concurrency = concurrency },
            TimeProvider.System,
            new NoProbe(),
            signal,
            host.Services.GetRequiredService<ILoggerFactory>().CreateLogger("Engine"));
    }

    public IRunStore Store { get; }

    public RunStarter Starter { get; }

    public IWorkSignal Signal => engine.Signal;

    public Ticks Ticks => host.Services.GetRequiredService<Ticks>();

    public static async Task<EngineHost> StartAsync(string connectionString, int concurrency, CancellationToken cancellationToken, params string[] definitions)
    {
        var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
        _ = builder.Logging.SetMinimumLevel(LogLevel.Warning).AddSimpleConsole(o => o.SingleLine = true);
        _ = builder.Services.Configure<Microsoft.Extensions.Logging.Console.ConsoleLoggerOptions>(o => o.LogToStandardErrorThreshold = LogLevel.Trace);
        _ = builder.Services.AddSingleton<Ticks>().AddRunbooksStorage(o => (o.ConnectionString, o.WorkerName) = (connectionString, "bench"));
        var built = builder.Build();
        await built.StartAsync(cancellationToken);
        var started = new EngineHost(built, concurrency);
        var problems = await started.catalog.LoadAsync([.. definitions.Select((json, i) => ($"bench-{i}.json", json))], cancellationToken);
        return problems.Count == 0 ? started : throw new InvalidOperationException(string.Join("\n", problems));
    }

    /// <summary>Starts the worker.</summary>
    public void Work()
    {
        stop = new CancellationTokenSource();
        working = new Worker(engine, new RunExecutor(engine, catalog)).RunAsync(stop.Token);
    }

    public async Task RestAsync()
    {
        if (stop is not null)
        {
            await stop.CancelAsync();
            await working;
            stop.Dispose();
            stop = null;
        }
    }

    /// <summary>Starts runs, a few at a time, so that there is something to do.</summary>
    public async Task StartRunsAsync(string definition, int count, CancellationToken cancellationToken) => await Parallel.ForAsync(
        0,
        count,
        new ParallelOptions { MaxDegreeOfParallelism = 8, CancellationToken = cancellationToken },
        async (_, token) => await StartRunAsync(definition, token));

    public async Task<RunId> StartRunAsync(string definition, CancellationToken cancellationToken) =>
        await Starter.StartAsync(new StartRequest(definition, [], "bench"), cancellationToken) is StartAnswer.Accepted accepted
            ? accepted.RunId
            : throw new InvalidOperationException($"{definition} could not be started.");

    public async ValueTask DisposeAsync()
    {
        await RestAsync();
        await host.StopAsync();
        host.Dispose();
    }
}
