using System.Diagnostics;

namespace Runbooks.Storage.Embedded;

/// <summary>What a command left behind.</summary>
internal sealed record CommandResult(int ExitCode, string Output)
{
    public bool Ok => ExitCode == 0;
}

/// <summary>Runs the few system commands that a private cluster needs; arguments never pass through a shell.</summary>
internal static class CommandLine
{
    /// <summary>PostgreSQL must not inherit PGDATA, PGPORT, a locale or a password from whoever started the server.</summary>
    private static readonly Dictionary<string, string> PlainEnvironment = new(StringComparer.Ordinal)
    {
        ["PATH"] = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        ["LC_ALL"] = "C",
        ["TZ"] = "UTC",
        ["DEBIAN_FRONTEND"] = "noninteractive",
    };

    public static async Task<CommandResult> RunAsync(IReadOnlyList<string> command, string workingFolder, CancellationToken cancellationToken)
    {
        var start = new ProcessStartInfo(command[0], command.Skip(1))
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = workingFolder,
        };
        start.Environment.Clear();
        foreach (var (name, value) in PlainEnvironment)
        {
            start.Environment[name] = value;
        }

        using var process = Process.Start(start) ?? throw new InvalidOperationException($"{command[0]} did not start.");
        process.StandardInput.Close();
        var output = process.StandardOutput.ReadToEndAsync(cancellationToken);
        var error = process.StandardError.ReadToEndAsync(cancellationToken);
        try
        {
            await process.WaitForExitAsync(cancellationToken);
            return new CommandResult(process.ExitCode, (await output + await error).Trim());
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            throw;
        }
    }
}
