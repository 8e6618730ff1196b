using Runbooks.Server;
using Runbooks.Server.Configuration;
using Runbooks.Server.Startup;

var builder = ServerHost.CreateBuilder(args);
var (settings, problems) = Settings.Read(builder.Configuration);
if (settings is null)
{
    return StartReport.RefuseConfiguration(problems);
}

await using var app = ServerHost.Build(builder, settings);
StartReport.Starting(settings);
try
{
    await app.StartAsync();
}
catch (Exception e)
{
    return StartReport.NotStarted(e, settings);
}

StartReport.Started(settings, app.Urls);
app.Lifetime.ApplicationStopping.Register(StartReport.Stopping);
try
{
    await app.WaitForShutdownAsync();
    return StartReport.Stopped();
}
catch (Exception e)
{
    return StartReport.NotStoppedCleanly(e, settings);
}
