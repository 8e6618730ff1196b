using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Runbooks.Cluster.Worker;
using Runbooks.Server.Access;
using Runbooks.Server.Configuration;
using Runbooks.Server.Logging;
using Runbooks.Server.Runs;
using Runbooks.Server.Startup;
using Runbooks.Server.Stores;
using Runbooks.Workflows.Activities;
using Runbooks.Workflows.Definitions;
using Runbooks.Workflows.Secrets;

// Composed as the server is, but without pages and fleet. Beside the server's settings: World, the connection string of the
// world that the activities change; Product, the version that it says it is; Newest, whether it knows the newest activity;
// Executes, whether it executes runs or only starts them.
var builder = new HostApplicationBuilder(new HostApplicationBuilderSettings { DisableDefaults = true });
builder.Configuration.AddCommandLine(args);
var (settings, problems) = Settings.Read(builder.Configuration);
if (settings is null)
{
    Console.Error.WriteLine(string.Join(Environment.NewLine, problems));
    return 2;
}

var registry = ActivityRegistry.WithElsaActivities().Add<Make>().Add<Look>();
if (builder.Configuration.GetValue<bool>("Newest"))
{
    _ = registry.Add<MakeNewest>();
}

var mask = new SecretMask();
builder.Logging.AddRunbooksLogs(settings.Data, mask);
builder.Services
    .AddSingleton(mask)
    .AddSingleton(settings)
    .AddSingleton(TimeProvider.System)
    .AddSingleton<ServiceHealth>()
    .Configure<HostOptions>(host => host.ShutdownTimeout = settings.Engine.DrainFor + TimeSpan.FromSeconds(10))
    .AddStores(settings)
    .AddAccess(settings)
    .AddEngine(settings)
    .AddMessaging(settings)
    .AddSingleton(new World(builder.Configuration["World"]!))
    .AddHostedService<Commands>()
    .Replace(ServiceDescriptor.Singleton(registry))
    .Replace(ServiceDescriptor.Singleton(new ProductVersion(Version.Parse(builder.Configuration["Product"] ?? "1.0.0"))));
if (builder.Configuration.GetValue("Executes", true))
{
    builder.Services.AddWorker();
}

using var host = builder.Build();
try
{
    await host.StartAsync();
}
catch (Exception e)
{
    Commands.Say($"refused {e.Message}");
    return 1;
}

Commands.Say($"ready {settings.Engine.Worker}");
await host.WaitForShutdownAsync();
return 0;
