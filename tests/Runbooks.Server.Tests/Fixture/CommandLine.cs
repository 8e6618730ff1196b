using System.Diagnostics;

namespace Runbooks.Server.Tests.Fixture;

/// <summary>The command line as its own process.</summary>
internal static class CommandLine
{
    public static async Task<(int Code, string Output, string Error)> RunAsync(string server, params string[] arguments)
    {
        var start = new ProcessStartInfo("dotnet") { UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true };
        start.ArgumentList.Add(Place.Cli);
        foreach (var argument in arguments)
        {
            start.ArgumentList.Add(argument);
        }

        start.Environment["RUNBOOKS_SERVER"] = server;
        start.Environment["RUNBOOKS_ACTOR"] = "tester";
        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEndAsync();
        var error = process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        return (process.ExitCode, await output, await error);
    }
}
