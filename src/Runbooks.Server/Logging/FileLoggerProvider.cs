using System.Globalization;
using System.Threading.Channels;
using Runbooks.Workflows.Secrets;

namespace Runbooks.Server.Logging;

/// <summary>
/// The full log, one file per day in <c>&lt;data&gt;/log</c>; the files of the last two weeks are kept. Lines are written by
/// one background task: a slow disk delays the log, not the work. What does not fit into the queue is dropped and counted.
/// </summary>
internal sealed class FileLoggerProvider : ILoggerProvider
{
    private const int DaysKept = 14;
    private const int QueuedLines = 20_000;

    private readonly Channel<string> lines = Channel.CreateBounded<string>(new BoundedChannelOptions(QueuedLines) { SingleReader = true, FullMode = BoundedChannelFullMode.DropWrite });
    private readonly TimeProvider clock;
    private readonly SecretMask mask;
    private readonly string folder;
    private readonly Task writer;

    public FileLoggerProvider(string folder, TimeProvider clock, SecretMask mask)
    {
        this.mask = mask;
        this.folder = folder;
        this.clock = clock;
        _ = Directory.CreateDirectory(folder);
        writer = Task.Run(WriteAsync);
    }

    public ILogger CreateLogger(string categoryName) => new FileLogger(this, categoryName);

    public void Dispose()
    {
        _ = lines.Writer.TryComplete();
        _ = writer.Wait(TimeSpan.FromSeconds(2));
    }

    private async Task WriteAsync()
    {
        var day = DateOnly.MinValue;
        StreamWriter? file = null;
        try
        {
            while (await lines.Reader.WaitToReadAsync())
            {
                var today = DateOnly.FromDateTime(clock.GetUtcNow().UtcDateTime);
                if (file is null || day != today)
                {
                    day = today;
                    if (file is not null)
                    {
                        await file.DisposeAsync();
                    }

                    file = new StreamWriter(Path.Combine(folder, string.Create(CultureInfo.InvariantCulture, $"runbooks-{today:yyyyMMdd}.log")), append: true);
                    RemoveOld(today);
                }

                while (lines.Reader.TryRead(out var line))
                {
                    await file.WriteLineAsync(line);
                }

                await file.FlushAsync();
            }
        }
        catch (IOException e)
        {
            await Console.Error.WriteLineAsync($"The log in '{folder}' can't be written any more: {e.Message}");
        }
        finally
        {
            if (file is not null)
            {
                await file.DisposeAsync();
            }
        }
    }

    private void RemoveOld(DateOnly today)
    {
        var oldest = string.Create(CultureInfo.InvariantCulture, $"runbooks-{today.AddDays(-DaysKept):yyyyMMdd}.log");
        foreach (var path in Directory.EnumerateFiles(folder, "runbooks-*.log").Where(p => string.CompareOrdinal(Path.GetFileName(p), oldest) < 0))
        {
            File.Delete(path);
        }
    }

    private sealed class FileLogger(FileLoggerProvider owner, string category) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel != LogLevel.None;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            var text = string.Create(CultureInfo.InvariantCulture, $"{owner.clock.GetUtcNow():O} {logLevel,-11} {category}: {formatter(state, exception)}");
            _ = owner.lines.Writer.TryWrite(owner.mask.Mask(exception is null ? text : $"{text}{Environment.NewLine}{exception}"));
        }
    }
}
