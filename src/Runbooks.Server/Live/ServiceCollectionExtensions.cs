namespace Runbooks.Server.Live;

internal static class ServiceCollectionExtensions
{
    public static IServiceCollection AddLiveView(this IServiceCollection services)
    {
        _ = services.AddSignalR();
        return services.AddHostedService<LivePusher>();
    }
}
