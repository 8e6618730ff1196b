using System.Diagnostics;
using System.Reflection;

namespace Runbooks.Bench.Migration;

/// <summary>
/// Real hosts that belong to one case: started in a folder of their own, ended with it, and with this process if nobody is
/// left to end them.
/// </summary>
internal sealed class BenchLab : IAsyncDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(5);
    private static readonly string Repository = Metadata("RepositoryRoot");

    private BenchServer? server;

    private BenchLab()
    {
    }

    public string Folder { get; } = Directory.CreateTempSubdirectory("rb-bench-").FullName;

    public string FleetFile => Path.Combine(Folder, "fleet.json");

    public static async Task<BenchLab> StartAsync(int hosts, CancellationToken cancellationToken)
    {
        var lab = new BenchLab();
        try
        {
            _ = await lab.CommandAsync(cancellationToken, "start", $"{hosts}");
            return lab;
        }
        catch
        {
            await lab.DisposeAsync();
            throw;
        }
    }

    /// <summary>The server that works on this lab, started when it is first asked for.</summary>
    public async Task<BenchServer> ServerAsync(CancellationToken cancellationToken) =>
        server ??= await BenchServer.StartAsync(this, Metadata("Server"), Path.Combine(Repository, "workflows"), cancellationToken);

    /// <summary>Defines and starts a guest and waits for its first beats.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="host">The host that it starts on.</param>
    /// <param name="memoryMiB">Its memory, MiB; a guest needs 96.</param>
    /// <param name="workingSetMiB">Memory that it writes over and over, MiB.</param>
    /// <param name="writeMiBs">How fast it writes, MiB/s.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    public async Task StartGuestAsync(string name, string host, int memoryMiB, int workingSetMiB, int writeMiBs, CancellationToken cancellationToken)
    {
        _ = await CommandAsync(cancellationToken, "guest-define", name, host, "--memory", $"{memoryMiB}", "--ws", $"{workingSetMiB}", "--rate", $"{writeMiBs}");
        _ = await CommandAsync(cancellationToken, "guest-start", name, host);
        await UntilAsync($"{name} answers", async () => (await TryAsync(Lab("enter", host, "virsh", "-q", "-c", "qemu:///system", "qemu-agent-command", name, """{"execute":"guest-ping"}"""), cancellationToken)).Code == 0, cancellationToken);
    }

    /// <summary>Ends a guest wherever it is and removes what is left of it.</summary>
    public async Task RemoveGuestAsync(string name, IEnumerable<string> hosts, CancellationToken cancellationToken)
    {
        foreach (var host in hosts)
        {
            _ = await TryAsync(Lab("enter", host, "virsh", "-q", "-c", "qemu:///system", "destroy", name), cancellationToken);
            _ = await TryAsync(Lab("enter", host, "virsh", "-q", "-c", "qemu:///system", "undefine", name), cancellationToken);
        }
    }

    /// <summary>Changes what a running guest does: <c>cpu=</c>, <c>ws=</c> and <c>rate=</c>.</summary>
    public Task LoadGuestAsync(string name, string host, int workingSetMiB, int writeMiBs, CancellationToken cancellationToken) =>
        CommandAsync(cancellationToken, "guest-load", name, host, "cpu=0", $"ws={workingSetMiB}", $"rate={writeMiBs}");

    /// <summary>virsh on a host over one new SSH connection, as an operator would type it.</summary>
    public async Task<TimeSpan> VirshAsync(string host, CancellationToken cancellationToken, params string[] words)
    {
        var clock = Stopwatch.StartNew();
        var (code, _, errors) = await TryAsync(["ssh", "-F", Path.Combine(Folder, "ssh", "config"), host, "virsh", "-q", "-c", "qemu:///system", .. words], cancellationToken);
        return code == 0 ? clock.Elapsed : throw new BenchException($"virsh {string.Join(' ', words)} on {host} ended with {code}: {errors}");
    }

    /// <summary>The lab's own command; its output.</summary>
    /// <exception cref="BenchException">It did not end well.</exception>
    public async Task<string> CommandAsync(CancellationToken cancellationToken, params string[] words)
    {
        var (code, output, errors) = await TryAsync(Lab(words), cancellationToken);
        return code == 0 ? output : throw new BenchException($"lab {string.Join(' ', words)} ended with {code}: {errors}{output}");
    }

    public static async Task UntilAsync(string what, Func<Task<bool>> holds, CancellationToken cancellationToken)
    {
        var clock = Stopwatch.StartNew();
        while (!await holds())
        {
            if (clock.Elapsed > Limit)
            {
                throw new BenchException($"Waited {Limit.TotalSeconds:0} s until {what}.");
            }

            await Task.Delay(50, cancellationToken);
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (server is not null)
        {
            await server.DisposeAsync();
        }

        _ = await TryAsync(Lab("stop"), CancellationToken.None);
        Directory.Delete(Folder, recursive: true);
    }

    private static string[] Lab(params string[] words) => [Path.Combine(Repository, "deploy", "lab", "lab"), .. words];

    private async Task<(int Code, string Output, string Errors)> TryAsync(string[] words, CancellationToken cancellationToken)
    {
        var start = new ProcessStartInfo(words[0], words[1..]) { UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment["RUNBOOKS_LAB"] = Folder;
        start.Environment["RUNBOOKS_LAB_OWNER"] = $"{Environment.ProcessId}";
        using var process = Process.Start(start)!;
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(Limit);
        var output = process.StandardOutput.ReadToEndAsync(limit.Token);
        var errors = process.StandardError.ReadToEndAsync(limit.Token);
        await process.WaitForExitAsync(limit.Token);
        return (process.ExitCode, await output, await errors);
    }

    private static string Metadata(string key) =>
        typeof(BenchLab).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().First(a => a.Key == key).Value!;
}
