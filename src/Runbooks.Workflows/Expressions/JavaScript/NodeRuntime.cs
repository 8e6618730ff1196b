using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;

namespace Runbooks.Workflows.Expressions.JavaScript;

/// <summary>The Node.js of this machine.</summary>
/// <param name="Path">Its executable.</param>
/// <param name="Major">Its version, such as 20.</param>
internal sealed record NodeRuntime(string Path, int Major)
{
    public const int OldestMajor = 20;

    private const string Advice = "Install Node.js 20 or newer (https://nodejs.org) so that 'node' is on the PATH of the server, and try again.";

    /// <summary>Takes away what the process does not need: files other than its own, child processes, native code.</summary>
    public string PermissionOption => Major >= 24 ? "--permission" : "--experimental-permission";

    /// <summary>Looks for <c>node</c> in the folders of <paramref name="searchPath"/>, and asks it for its version.</summary>
    /// <exception cref="ExpressionException">It is missing, too old, or does not start. The message says what to install.</exception>
    public static NodeRuntime Find(string? searchPath)
    {
        string[] folders = [.. (searchPath ?? "").Split(System.IO.Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries)];
        var path = folders.Where(System.IO.Path.IsPathRooted).Select(f => System.IO.Path.Combine(f, "node")).FirstOrDefault(File.Exists)
            ?? throw new ExpressionException($"JavaScript can't run: Node.js was not found. {Advice}");
        var version = VersionOf(path);
        return int.TryParse(version.TrimStart('v').Split('.')[0], CultureInfo.InvariantCulture, out var major) && major >= OldestMajor
            ? new(path, major)
            : throw new ExpressionException($"JavaScript can't run: {path} is Node.js '{version}'. {Advice}");
    }

    private static string VersionOf(string path)
    {
        try
        {
            using var process = Process.Start(new ProcessStartInfo(path, ["--version"]) { UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardInput = true })!;
            using var late = new Timer(_ => process.Kill(), null, TimeSpan.FromSeconds(20), Timeout.InfiniteTimeSpan);
            var version = process.StandardOutput.ReadToEnd().Trim();
            process.WaitForExit();
            return version;
        }
        catch (Win32Exception e)
        {
            throw new ExpressionException($"JavaScript can't run: {path} does not start: {e.Message}. {Advice}", e);
        }
    }
}
