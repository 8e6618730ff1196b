using System.Collections.Concurrent;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Runbooks.Messaging.Settings;
using Runbooks.Storage;
using Runbooks.Workflows.Activities;
using Runbooks.Workflows.Definitions;
using Runbooks.Workflows.Events;
using Runbooks.Workflows.Execution;
using Runbooks.Workflows.Journal;
using Runbooks.Workflows.Runs;

namespace Runbooks.Messaging.Tests.Fixture;

/// <summary>A server as far as messaging goes: real storage, real scheduler, a bus; and a starter that stores runs and knows all runbooks but one.</summary>
internal sealed class TestServer : IAsyncDisposable
{
    public const string UnknownRunbook = "nobody-knows-me";

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly IHost host;

    private TestServer(IHost host, CollectedLog log) => (this.host, Log) = (host, log);

    public CollectedLog Log { get; }

    public IServiceProvider Services => host.Services;

    public IRunStore Runs => host.Services.GetRequiredService<IRunStore>();

    public static async Task<TestServer> StartAsync(
        string database, Dictionary<string, string?> configuration, RabbitMqAddress? broker = null, Action<IServiceCollection>? more = null, ScheduleStore schedules = ScheduleStore.Postgres, string? definition = null)
    {
        var (settings, problems) = MessagingSettings.Read(new ConfigurationBuilder().AddInMemoryCollection(configuration).Build());
        Assert.Empty(problems);
        var log = new CollectedLog();
        var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
        builder.Logging.AddProvider(log);
        builder.Services.AddRunbooksStorage(o => (o.ConnectionString, o.WorkerName) = (database, $"w-{Guid.NewGuid():n}"));
        builder.Services.AddSingleton<IRunStarter, StoringStarter>();
        builder.Services.AddSingleton(ActivityRegistry.WithElsaActivities()).AddSingleton<DefinitionReader>().AddSingleton<DefinitionCatalog>()
            .AddSingleton<IIdSource, TimeOrderedIds>().AddSingleton<RunFactory>().AddSingleton(new EngineOptions()).AddSingleton<IWorkSignal, WorkSignal>()
            .AddSingleton<IEventPublisher, EventPublisher>().AddSingleton<TaskDesk>();
        if (definition is not null)
        {
            builder.Services.AddHostedService(p => new Loader(p.GetRequiredService<DefinitionCatalog>(), definition));
        }

        builder.Services.AddRunbooksMessaging(settings! with { RabbitMq = broker }, schedules);
        more?.Invoke(builder.Services);
        var server = new TestServer(builder.Build(), log);
        await server.host.StartAsync();
        return server;
    }

    public DefinitionCatalog Catalog => host.Services.GetRequiredService<DefinitionCatalog>();

    /// <summary>Publishes a definition to this server; with it the triggers change.</summary>
    public async Task LoadAsync(string definition) => Assert.Empty(await Catalog.LoadAsync([("w.json", definition)], CancellationToken.None));

    public async Task<IReadOnlyList<Run>> RunsAsync() => await Runs.ListAsync(new RunFilter { Limit = RunFilter.HighestLimit }, CancellationToken.None);

    /// <summary>Waits until something is so; says what was waited for when it never is.</summary>
    public static async Task UntilAsync(string what, Func<Task<bool>> isSo, TimeSpan? longest = null)
    {
        var deadline = DateTimeOffset.UtcNow + (longest ?? Patience);
        while (!await isSo())
        {
            Assert.True(DateTimeOffset.UtcNow < deadline, $"Waited in vain until {what}.");
            await Task.Delay(50);
        }
    }

    public Task UntilLoggedAsync(int eventId) => UntilAsync($"event {eventId} was logged; there were: {Log}", () => Task.FromResult(Log.Has(eventId)));

    public async ValueTask DisposeAsync()
    {
        await host.StopAsync();
        host.Dispose();
    }

    /// <summary>Definitions are there before schedules are made, as in the server.</summary>
    private sealed class Loader(DefinitionCatalog catalog, string definition) : IHostedService
    {
        public async Task StartAsync(CancellationToken cancellationToken) => Assert.Empty(await catalog.LoadAsync([("w.json", definition)], cancellationToken));

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }

    private sealed class StoringStarter(IRunStore runs) : IRunStarter
    {
        public async Task<StartAnswer> StartAsync(StartRequest request, CancellationToken cancellationToken)
        {
            if (request.DefinitionId == UnknownRunbook)
            {
                return new StartAnswer.UnknownRunbook(request.DefinitionId, []);
            }

            var created = await runs.CreateAsync(
                new Run
                {
                    Id = new RunId(Guid.NewGuid()),
                    DefinitionId = request.DefinitionId,
                    DefinitionVersion = 1,
                    CreatedAt = DateTimeOffset.UtcNow,
                    StartedBy = request.StartedBy,
                    IdempotencyKey = request.IdempotencyKey,
                    CorrelationId = request.CorrelationId,
                    Input = request.Input,
                },
                cancellationToken);
            return new StartAnswer.Accepted(created.Id, created.AlreadyThere);
        }
    }
}

/// <summary>What was logged, for tests that wait for it or count it.</summary>
internal sealed class CollectedLog : ILoggerProvider
{
    private readonly ConcurrentQueue<(LogLevel Level, int Id, string Category, string Message)> entries = new();

    public bool Has(int id) => Count(id) > 0;

    public int Count(int id) => entries.Count(e => e.Id == id && e.Category.StartsWith("Runbooks", StringComparison.Ordinal));

    public string Message(int id) => entries.First(e => e.Id == id).Message;

    /// <summary>Lines that an operator would see as trouble, by whomever.</summary>
    public IReadOnlyList<string> Troubles() => [.. entries.Where(e => e.Level >= LogLevel.Warning).Select(e => $"{e.Category}: {e.Message}")];

    public ILogger CreateLogger(string categoryName) => new Collector(this, categoryName);

    public void Dispose()
    {
    }

    public override string ToString() => string.Join(" | ", entries.Where(e => e.Category.StartsWith("Runbooks", StringComparison.Ordinal)).TakeLast(20).Select(e => $"{e.Id} {e.Message}"));

    private sealed class Collector(CollectedLog log, string category) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            log.entries.Enqueue((logLevel, eventId.Id, category, formatter(state, exception)));
    }
}
