using Runbooks.Workflows.Secrets;

namespace Runbooks.Server.Logging;

internal static class ServiceCollectionExtensions
{
    /// <summary>Two readers: the terminal for people, the file for everything.</summary>
    public static ILoggingBuilder AddRunbooksLogs(this ILoggingBuilder logging, string data, SecretMask mask)
    {
        _ = logging.ClearProviders()
            .SetMinimumLevel(LogLevel.Information)
            .AddFilter("Microsoft.AspNetCore", LogLevel.Warning)
            .AddFilter("Microsoft.EntityFrameworkCore", LogLevel.Warning)
            .AddFilter("Quartz", LogLevel.Warning)
            .AddFilter("MassTransit", LogLevel.Warning)
            .AddProvider(new TerminalLoggerProvider(TimeProvider.System, Console.Out, colours: !Console.IsOutputRedirected, mask))
            .AddProvider(new FileLoggerProvider(Path.Combine(data, "log"), TimeProvider.System, mask));
        _ = logging.Services.AddSingleton<Announcer>();
        return logging;
    }
}
