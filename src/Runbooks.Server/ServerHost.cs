using Radzen;
using Runbooks.Server.Access;
using Runbooks.Server.Api;
using Runbooks.Server.Configuration;
using Runbooks.Server.Elsa;
using Runbooks.Server.Elsa.Descriptors;
using Runbooks.Server.Elsa.Instances;
using Runbooks.Server.Fleet;
using Runbooks.Server.Live;
using Runbooks.Server.Logging;
using Runbooks.Server.Pages;
using Runbooks.Server.Runs;
using Runbooks.Server.Startup;
using Runbooks.Server.Stores;
using Runbooks.Server.StudioHost;
using Runbooks.Workflows.Secrets;

namespace Runbooks.Server;

/// <summary>Puts the server together: one line per concern, in the order in which hosted services start. They stop in the reverse order.</summary>
public static class ServerHost
{
    /// <summary>A larger request is a mistake: the largest is a definition.</summary>
    private const int LargestRequest = 4 * 1024 * 1024;

    /// <summary>Beside the drain of the worker, for everything else that has to end. The unit file's TimeoutStopSec is longer than both.</summary>
    private static readonly TimeSpan TimeForTheRest = TimeSpan.FromSeconds(10);

    /// <summary>The configuration of a server: appsettings.json beside the program, environment, command line; later wins.</summary>
    public static WebApplicationBuilder CreateBuilder(string[] args) => WebApplication.CreateBuilder(new WebApplicationOptions
    {
        Args = args,
        ApplicationName = typeof(ServerHost).Assembly.GetName().Name,
        ContentRootPath = AppContext.BaseDirectory,
    });

    public static WebApplication Build(WebApplicationBuilder builder, Settings settings)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentNullException.ThrowIfNull(settings);
        _ = builder.WebHost.UseUrls([.. settings.Server.UrlList]).UseStaticWebAssets().ConfigureKestrel(k =>
        {
            k.AddServerHeader = false;
            k.Limits.MaxRequestBodySize = LargestRequest;
        });
        var mask = new SecretMask();
        _ = builder.Logging.AddRunbooksLogs(settings.Data, mask);
        _ = builder.Services
            .AddSingleton(mask)
            .AddSingleton(settings)
            .AddSingleton(TimeProvider.System)
            .AddSingleton<ServiceHealth>()
            .Configure<HostOptions>(host => host.ShutdownTimeout = settings.Engine.DrainFor + TimeForTheRest)
            .AddStores(settings)
            .AddAccess(settings)
            .AddEngine(settings)
            .AddMessaging(settings)
            .AddFleet(settings)
            .AddWorker()
            .AddRunBoard()
            .AddLiveView()
            .AddElsaInstances()
            .AddFleetApi(settings)
            .AddElsaDescriptors()
            .AddSingleton(StudioPackage.Open(Path.Combine(AppContext.BaseDirectory, "studio")))
            .AddRadzenComponents()
            .AddRazorComponents();

        var app = builder.Build();
        _ = app.UseExceptionHandler();
        app.UseBrowserGuard();
        app.MapFleetApi();
        app.MapElsa();
        _ = app.MapHub<FleetHub>("/hubs/fleet");
        _ = app.MapStaticAssets();
        app.MapStudio();
        app.MapConsole();
        return app;
    }
}
