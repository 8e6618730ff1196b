using Runbooks.Activities.Migration;
using Runbooks.Activities.Migration.Checks;
using Runbooks.Fleet.Migrations;
using Runbooks.Fleet.Simulation;
using Runbooks.Hypervisors.Configuration;
using Runbooks.Hypervisors.Contract;
using Runbooks.Hypervisors.Observation;
using Runbooks.Hypervisors.Simulated;
using Runbooks.Server.Configuration;

namespace Runbooks.Server.Fleet;

internal static class ServiceCollectionExtensions
{
    /// <summary>The hosts, the eye that looks at them, and the policy that the planners follow.</summary>
    public static IServiceCollection AddFleet(this IServiceCollection services, Settings settings)
    {
        _ = settings.Fleet.Driver == FleetDriver.Simulated
            ? services.AddSingleton(p => Simulated(settings, p.GetRequiredService<TimeProvider>()))
                .AddSingleton(p => p.GetRequiredService<SimulatedFleet>().Directory)
            : services.AddSingleton<IHypervisorDirectory>(p => new RemoteDirectory(settings.Hosts!, p.GetRequiredService<TimeProvider>()));
        return services
            .AddSingleton(settings.Policy.Consolidation)
            .AddSingleton(settings.Fleet.Driver == FleetDriver.Simulated ? settings.Migrations with { UsualMiBs = settings.Simulation.LinkMiBs } : settings.Migrations)
            .AddSingleton(new ObserverSettings { Thresholds = settings.Policy.Thresholds })
            .AddSingleton<FleetObserver>()
            .AddSingleton<FleetBoard>()
            .AddSingleton<ModeBoard>()
            .AddSingleton<ShadowDesk>()
            .AddSingleton<CheckQueue>()
            .AddSingleton<MigrationForecaster>()
            .AddSingleton<IMigrationForecaster>(p => p.GetRequiredService<MigrationForecaster>())
            .AddSingleton<MigrationRecorder>()
            .AddHostedService<MigrationLearner>()
            .AddSingleton<StrayReservations>()
            .AddSingleton<ICrossingSink, BusCrossingSink>()
            .AddHostedService<FleetSampler>();
    }

    /// <summary>The world stands for machines that outlive the server: it is kept, and goes on where it was.</summary>
    private static SimulatedFleet Simulated(Settings settings, TimeProvider clock)
    {
        var file = Path.Combine(settings.Data, "simulation", "world.json");
        return SimulatedFleet.LoadOrCreate(file, clock, () => SimulatedFleet.OfDay(
            new DayGenerator(settings.Simulation.Seed),
            new SimulationSettings { DaySpeed = settings.Simulation.Speed, LinkMiBs = settings.Simulation.LinkMiBs },
            clock,
            file));
    }
}
