using System.Diagnostics;
using System.Reflection;

namespace Runbooks.Lab.Hosts;

/// <summary>Runs <c>deploy/lab/lab</c> for one lab folder.</summary>
public sealed class LabCommand(string folder)
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(5);

    public static string RepositoryRoot { get; } = typeof(LabCommand).Assembly
        .GetCustomAttributes<AssemblyMetadataAttribute>()
        .Single(a => a.Key == "RepositoryRoot")
        .Value!;

    /// <summary>Its output; fails the test with what it said when it does not end well.</summary>
    public async Task<string> RunAsync(params string[] words)
    {
        var (code, output, errors) = await TryAsync(words);
        Assert.True(code == 0, $"lab {string.Join(' ', words)} ended with {code}: {errors}{output}");
        return output;
    }

    public async Task<(int Code, string Output, string Errors)> TryAsync(params string[] words) =>
        await RunAsync(Environment.ProcessId, words);

    /// <summary>As <see cref="RunAsync(string[])"/>; a lab that is started so ends with that process.</summary>
    public async Task RunOwnedAsync(int owner, params string[] words)
    {
        var (code, output, errors) = await RunAsync(owner, words);
        Assert.True(code == 0, $"lab {string.Join(' ', words)} ended with {code}: {errors}{output}");
    }

    private async Task<(int Code, string Output, string Errors)> RunAsync(int owner, string[] words)
    {
        var start = new ProcessStartInfo(Path.Combine(RepositoryRoot, "deploy", "lab", "lab"), words)
        {
            UseShellExecute = false,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["RUNBOOKS_LAB"] = folder;

        // The lab ends when this process does, even if nobody is left to stop it.
        start.Environment["RUNBOOKS_LAB_OWNER"] = $"{owner}";
        using var process = Process.Start(start)!;
        using var limit = new CancellationTokenSource(Limit);
        var output = process.StandardOutput.ReadToEndAsync(limit.Token);
        var errors = process.StandardError.ReadToEndAsync(limit.Token);
        await process.WaitForExitAsync(limit.Token);
        return (process.ExitCode, await output, await errors);
    }
}
