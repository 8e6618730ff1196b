using Runbooks.Fleet.History;
using Runbooks.Fleet.Reservations;
using Runbooks.Server.Configuration;
using Runbooks.Workflows.Journal;
using Runbooks.Workflows.Journal.InMemory;

namespace Runbooks.Server.Storage;

internal static class ServiceCollectionExtensions
{
    /// <summary>Where runs, reservations and loads are kept: PostgreSQL, or the memory of this process.</summary>
    public static IServiceCollection AddStores(this IServiceCollection services, Settings settings) =>
        services.AddMemoryStores();

    private static IServiceCollection AddMemoryStores(this IServiceCollection services) => services
        .AddSingleton<InMemoryRunStore>()
        .AddSingleton<IRunStore>(p => p.GetRequiredService<InMemoryRunStore>())
        .AddSingleton(p => p.GetRequiredService<InMemoryRunStore>().Outbox)
        .AddSingleton<IDefinitionStore, InMemoryDefinitionStore>()
        .AddSingleton<IReservationLedger, InMemoryReservationLedger>()
        .AddSingleton<IHostModes, InMemoryHostModes>()
        .AddSingleton<IFleetHistory, InMemoryFleetHistory>();
}
