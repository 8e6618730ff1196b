using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Diagnostics;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Npgsql;
using Runbooks.Fleet.History;
using Runbooks.Fleet.Migrations;
using Runbooks.Fleet.Migrations.Turns;
using Runbooks.Fleet.Reservations;
using Runbooks.Storage.Embedded;
using Runbooks.Storage.Fleet;
using Runbooks.Storage.Library;
using Runbooks.Storage.Migrations;
using Runbooks.Storage.Model;
using Runbooks.Storage.Retention;
using Runbooks.Storage.Runs;
using Runbooks.Storage.Startup;
using Runbooks.Workflows.Events;
using Runbooks.Workflows.Journal;
using Runbooks.Workflows.Library;
using Runbooks.Workflows.Runs;

namespace Runbooks.Storage;

public static class ServiceCollectionExtensions
{
    /// <summary>
    /// Adds PostgreSQL, private or given, as the keeper of runs, definitions, messages, reservations, modes and loads. The
    /// host's start makes it ready before any other service starts, and throws <see cref="StorageUnavailableException"/>
    /// when it cannot be used. The data source itself is registered too, for the scheduler's job store.
    /// </summary>
    public static IServiceCollection AddRunbooksStorage(this IServiceCollection services, Action<StorageOptions> configure)
    {
        services.AddOptions<StorageOptions>().Configure(configure).ValidateOnStart();
        services.AddSingleton<IValidateOptions<StorageOptions>, StorageOptions.Validator>();
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton(new TurnLimits());
        services.AddSingleton(EmbeddedIfWanted);
        services.AddSingleton(Connect);
        services.AddSingleton(provider => provider.GetRequiredService<ConnectionPools>().General);
        services.AddSingleton(provider => new Migrator(
            provider.GetRequiredService<NpgsqlDataSource>(), provider.GetRequiredService<ILoggerFactory>().CreateLogger("Runbooks.Storage.Migrations")));
        services.AddDbContextFactory<RunbooksContext>((provider, context) => Configure(context, provider.GetRequiredService<NpgsqlDataSource>()));

        services.AddSingleton<InboxLooks>();
        services.AddSingleton<IRunStore, PostgresRunStore>();
        services.AddSingleton<IRunReader, PostgresRunReader>();
        services.AddSingleton<IBookmarkReader, PostgresBookmarkReader>();
        services.AddSingleton<IEventStore, PostgresEventStore>();
        services.AddSingleton<IDefinitionStore, PostgresDefinitionStore>();
        services.AddSingleton<IRunbookLibrary, PostgresRunbookLibrary>();
        services.AddSingleton<IOutbox, PostgresOutbox>();
        services.AddSingleton<IReservationLedger, PostgresReservationLedger>();
        services.AddSingleton<IHostModes, PostgresHostModes>();
        services.AddSingleton<IMigrationTurns, PostgresMigrationTurns>();
        services.AddSingleton<IFleetHistory, PostgresFleetHistory>();
        services.AddSingleton<IMigrationHistory, PostgresMigrationHistory>();

        services.AddSingleton<IWorkerDirectory, PostgresWorkerDirectory>();
        services.AddSingleton<SharedWorkSignal>();
        services.AddSingleton<IWorkSignal>(provider => provider.GetRequiredService<SharedWorkSignal>());
        services.AddSingleton<WorkerNameLock>();
        services.AddSingleton<History>();
        services.AddSingleton<IHostedService>(provider => new StorageLifetime(
            provider.GetRequiredService<ConnectionPools>(),
            provider.GetRequiredService<Migrator>(),
            provider.GetRequiredService<History>(),
            provider.GetRequiredService<WorkerNameLock>(),
            provider.GetRequiredService<EmbeddedChoice>().Cluster));
        services.AddSingleton<IHostedService>(provider => provider.GetRequiredService<WorkerNameLock>());
        services.AddHostedService<RetentionService>();
        return services;
    }

    /// <summary>Read only. Each statement at "information" would bury what an operator looks for; an error still arrives as an exception.</summary>
    internal static void Configure(DbContextOptionsBuilder context, NpgsqlDataSource database) => context
        .UseNpgsql(database)
        .UseQueryTrackingBehavior(QueryTrackingBehavior.NoTracking)
        .ConfigureWarnings(w => w.Log((RelationalEventId.CommandExecuted, LogLevel.Debug)));

    private static EmbeddedChoice EmbeddedIfWanted(IServiceProvider provider)
    {
        var options = provider.GetRequiredService<IOptions<StorageOptions>>().Value;
        return new EmbeddedChoice(options.ConnectionString is null
            ? new EmbeddedPostgres(
                options.DataFolder,
                provider.GetRequiredService<TimeProvider>(),
                provider.GetRequiredService<ILoggerFactory>().CreateLogger<EmbeddedPostgres>())
            : null);
    }

    private static ConnectionPools Connect(IServiceProvider provider)
    {
        var options = provider.GetRequiredService<IOptions<StorageOptions>>().Value;
        return new ConnectionPools(
            options.ConnectionString ?? provider.GetRequiredService<EmbeddedChoice>().Cluster!.ConnectionString, options.MaxConnections);
    }

    /// <summary>The private cluster, or none. The container disposes of it, also when the start failed half way.</summary>
    private sealed record EmbeddedChoice(EmbeddedPostgres? Cluster) : IAsyncDisposable, IDisposable
    {
        public void Dispose() => Cluster?.DisposeAsync().AsTask().GetAwaiter().GetResult();

        public ValueTask DisposeAsync() => Cluster?.DisposeAsync() ?? ValueTask.CompletedTask;
    }
}
