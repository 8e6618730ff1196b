using Microsoft.Extensions.Logging.Abstractions;
using Runbooks.Workflows.Secrets;

namespace Runbooks.Server.Logging;

/// <summary>The terminal of an operator: announcements, warnings and errors as one line each. Details are in the log file.</summary>
internal sealed class TerminalLoggerProvider(TimeProvider clock, TextWriter terminal, bool colours, SecretMask mask) : ILoggerProvider
{
    /// <summary>Their errors reach an operator through us, once and in our words; the file has them in theirs.</summary>
    private static readonly string[] Framework = ["Microsoft.", "Quartz", "MassTransit"];

    public ILogger CreateLogger(string categoryName) =>
        categoryName switch
        {
            Announcer.Category => new TerminalLogger(this, LogLevel.Information),
            _ when categoryName.StartsWith("Runbooks.", StringComparison.Ordinal) => new TerminalLogger(this, LogLevel.Warning),
            _ when Framework.Any(f => categoryName.StartsWith(f, StringComparison.Ordinal)) => NullLogger.Instance,
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
        var line = $"{clock.GetLocalNow():HH:mm:ss}  {mark}{mask.Mask(message).ReplaceLineEndings(" ")}";
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
