using Runbooks.Server;
using Runbooks.Server.Configuration;
using Runbooks.Server.Startup;

var builder = ServerHost.CreateBuilder(args);
var (settings, problems) = Settings.Read(builder.Configuration);
if (settings is null)
{
    return StartReport.RefuseConfiguration(problems);
}

try
{
    await using var app = ServerHost.Build(builder, settings);
    app.Lifetime.ApplicationStarted.Register(() => StartReport.Started(settings, app.Urls));
    app.Lifetime.ApplicationStopping.Register(StartReport.Stopping);
    StartReport.Starting(settings);
    await app.RunAsync();
    return 0;
}
catch (Exception e)
{
    return StartReport.Failed(e, settings);
}
