using Runbooks.Server.Elsa.Live;

namespace Runbooks.Server.Elsa.Instances;

internal static class ServiceCollectionExtensions
{
    /// <summary>Runs as Studio sees them, and its live view of them.</summary>
    public static IServiceCollection AddElsaInstances(this IServiceCollection services) => services
        .AddSingleton<InstanceReader>()
        .AddSingleton<StudioStarts>()
        .AddSingleton<AlterationPlans>()
        .AddSingleton<ActivityTester>()
        .AddSingleton<InstanceAudience>()
        .AddHostedService<InstancePusher>();
}
