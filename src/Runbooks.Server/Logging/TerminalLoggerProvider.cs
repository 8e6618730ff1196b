using Microsoft.Extensions.Logging.Abstractions;

namespace Runbooks.Server.Logging;

/// <summary>The terminal of an operator: announcements, warnings and errors as one line each. Details are in the log file.</summary>
internal sealed class TerminalLoggerProvider(TimeProvider clock, TextWriter terminal, bool colours) : ILoggerProvider
{
    public ILogger CreateLogger(string categoryName) =>
        categoryName switch
        {
            Announcer.Category => new TerminalLogger(this, LogLevel.Information),
            _ when categoryName.StartsWith("Runbooks.", StringComparison.Ordinal) => new TerminalLogger(this, LogLevel.Warning),
            "Microsoft.AspNetCore.Server.Kestrel" or "Microsoft.Extensions.Hosting.Internal.Host" => new TerminalLogger(this, LogLevel.Critical),
            _ when categoryName.StartsWith("Microsoft.", StringComparison.Ordinal) => NullLogger.Instance,
            _ => new TerminalLogger(this, LogLevel.Error),
        };

    public void Dispose()
    {
        // The terminal is not ours to close.
    }

    private void Write(LogLevel level, string message)
    {
        var (mark, colour) = level switch
        {
            LogLevel.Warning => ("! ", "\u001b[33m"),
            >= LogLevel.Error => ("!! ", "\u001b[31m"),
            _ => ("", ""),
        };
        var line = $"{clock.GetLocalNow():HH:mm:ss}  {mark}{message.ReplaceLineEndings(" ")}";
        terminal.WriteLine(colours && colour.Length > 0 ? $"{colour}{line}\u001b[0m" : line);
    }

    private sealed class TerminalLogger(TerminalLoggerProvider owner, LogLevel lowest) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel >= lowest && logLevel != LogLevel.None;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (IsEnabled(logLevel))
            {
                owner.Write(logLevel, formatter(state, exception));
            }
        }
    }
}
