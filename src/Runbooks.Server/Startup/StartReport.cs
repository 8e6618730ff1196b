using Runbooks.Server.Configuration;
using Runbooks.Storage;

namespace Runbooks.Server.Startup;

/// <summary>What an operator reads when the server starts, stops, or does neither.</summary>
internal static class StartReport
{
    public const int BadConfiguration = 2;
    public const int Failed = 1;

    /// <summary>Some causes say it themselves; once is enough.</summary>
    private const string NotStartedSentence = "The server was not started.";

    public static int RefuseConfiguration(IReadOnlyList<string> problems)
    {
        Error.WriteLine($"The server was not started: its configuration has {(problems.Count == 1 ? "a problem" : $"{problems.Count} problems")}.");
        foreach (var problem in problems)
        {
            Error.WriteLine($"  - {problem}");
        }

        return BadConfiguration;
    }

    public static void Starting(Settings settings) =>
        Out.WriteLine($"Runbooks starts with a {settings.Fleet.Driver.ToString().ToLowerInvariant()} fleet; data in {settings.Data}");

    public static void Started(Settings settings, IEnumerable<string> urls)
    {
        var url = urls.FirstOrDefault() ?? settings.Server.Urls;
        Out.WriteLine();
        Out.WriteLine($"  Console   {url}/");
        Out.WriteLine($"  API       {url}/openapi/v1.json");
        Out.WriteLine($"  Log       {Path.Combine(settings.Data, "log")}");
        Out.WriteLine("  Stop      Ctrl-C");
        Out.WriteLine();
    }

    public static void Stopping() => Out.WriteLine("Stopping; runs in flight go on at the next start.");

    public static int Stopped()
    {
        Out.WriteLine("Stopped.");
        return 0;
    }

    /// <summary>One clear message; the stack only when nobody foresaw the cause.</summary>
    public static int NotStarted(Exception exception, Settings settings)
    {
        var cause = CauseOf(exception);
        var advice = cause is IOException && cause.Message.Contains("address already in use", StringComparison.OrdinalIgnoreCase)
            ? " Another program listens there, perhaps another server; stop it, or choose another address: --Server:Urls=http://127.0.0.1:5081"
            : "";
        Error.WriteLine($"The server was not started. {cause.Message.Replace(NotStartedSentence, "", StringComparison.Ordinal).TrimEnd()}{advice}");
        TellUnexpected(cause, settings);
        return Failed;
    }

    /// <summary>Nothing is lost: what was committed goes on at the next start.</summary>
    public static int NotStoppedCleanly(Exception exception, Settings settings)
    {
        var cause = CauseOf(exception);
        Error.WriteLine($"The server has stopped, but not cleanly: {cause.Message} The next start puts in order what was left.");
        TellUnexpected(cause, settings);
        return Failed;
    }

    private static TextWriter Out => Console.Out;

    private static TextWriter Error => Console.Error;

    private static Exception CauseOf(Exception exception) => exception is AggregateException { InnerExceptions: [var only] } ? only : exception;

    private static void TellUnexpected(Exception cause, Settings settings)
    {
        if (cause is IOException or UnauthorizedAccessException or System.Data.Common.DbException or InvalidDataException or StorageUnavailableException)
        {
            return;
        }

        Error.WriteLine($"This was not foreseen ({cause.GetType().Name}); the log in {Path.Combine(settings.Data, "log")} may tell more.");
        Error.WriteLine(cause.StackTrace);
    }
}
