using System.Data.Common;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Npgsql;
using Runbooks.Fleet.History;
using Runbooks.Fleet.Migrations;
using Runbooks.Fleet.Migrations.Turns;
using Runbooks.Fleet.Reservations;
using Runbooks.Messaging;
using Runbooks.Server.Configuration;
using Runbooks.Storage;
using Runbooks.Workflows.Events;
using Runbooks.Workflows.Journal;
using Runbooks.Workflows.Journal.InMemory;
using Runbooks.Workflows.Library;
using Runbooks.Workflows.Library.InMemory;

namespace Runbooks.Server.Stores;

internal static class ServiceCollectionExtensions
{
    /// <summary>Where runs, reservations and loads are kept: PostgreSQL, or the memory of this process.</summary>
    public static IServiceCollection AddStores(this IServiceCollection services, Settings settings) =>
        settings.Database.Kind == DatabaseKind.Memory
            ? services.AddMemoryStores()
            : services.AddRunbooksStorage(o =>
            {
                o.ConnectionString = settings.Database.ConnectionString;
                o.DataFolder = settings.Data;
                o.WorkerName = settings.Engine.Worker;
                o.WorkerNameIsFixed = settings.WorkerIsNamed;
                o.Named = name => settings.Engine.Worker = name;
                o.MaxConnections = settings.Database.MaxConnections;
                o.Retention = settings.Retention;
            });

    /// <summary>What starts runs by time and by event, and tells the world about them.</summary>
    public static IServiceCollection AddMessaging(this IServiceCollection services, Settings settings)
    {
        if (settings.Database.Kind == DatabaseKind.Postgres)
        {
            // The scheduler asks for the base class, because it knows no particular database.
            services.TryAddSingleton<DbDataSource>(p => p.GetRequiredService<NpgsqlDataSource>());
        }

        return services.AddRunbooksMessaging(settings.Messaging, settings.Database.Kind == DatabaseKind.Memory ? ScheduleStore.Memory : ScheduleStore.Postgres);
    }

    private static IServiceCollection AddMemoryStores(this IServiceCollection services) => services
        .AddSingleton<InMemoryRunStore>()
        .AddSingleton<IRunStore>(p => p.GetRequiredService<InMemoryRunStore>())
        .AddSingleton<IRunReader>(p => p.GetRequiredService<InMemoryRunStore>())
        .AddSingleton<IBookmarkReader>(p => p.GetRequiredService<InMemoryRunStore>())
        .AddSingleton<IEventStore>(p => p.GetRequiredService<InMemoryRunStore>())
        .AddSingleton(p => p.GetRequiredService<InMemoryRunStore>().Outbox)
        .AddSingleton<InMemoryDefinitionStore>()
        .AddSingleton<IDefinitionStore>(p => p.GetRequiredService<InMemoryDefinitionStore>())
        .AddSingleton<IRunbookLibrary, InMemoryRunbookLibrary>()
        .AddSingleton<IReservationLedger, InMemoryReservationLedger>()
        .AddSingleton<IHostModes, InMemoryHostModes>()
        .AddSingleton<IMigrationTurns, InMemoryMigrationTurns>()
        .AddSingleton<IFleetHistory, InMemoryFleetHistory>()
        .AddSingleton<IMigrationHistory, InMemoryMigrationHistory>();
}
