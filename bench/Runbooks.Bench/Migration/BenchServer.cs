using System.Diagnostics;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Text;
using System.Text.Json.Nodes;

namespace Runbooks.Bench.Migration;

/// <summary>A run that has come to rest.</summary>
/// <param name="Status">How it ended, in the API's words.</param>
/// <param name="Reason">Why, if it did not complete.</param>
/// <param name="Time">From the request that started it until it had ended, by the server's journal.</param>
/// <param name="Detail">All that the API says of it.</param>
internal sealed record BenchRun(string Status, string? Reason, TimeSpan Time, JsonNode Detail)
{
    public bool Completed => Status == "finished";

    /// <summary>How long each step took, for people who look for the time that a run takes.</summary>
    public string Steps() => string.Join(", ", Detail["steps"]!.AsArray().Select(s =>
        $"{s!["name"]} {(s["completedAt"]?.GetValue<DateTimeOffset>() - s["startedAt"]?.GetValue<DateTimeOffset>())?.TotalMilliseconds:0} ms"));

    /// <summary>An output of the last step of an activity type; null when it has none.</summary>
    public JsonNode? Output(string activity, string name) =>
        Detail["steps"]!.AsArray().LastOrDefault(s => s!["type"]!.GetValue<string>() == activity)?["outputs"]?[name];
}

/// <summary>The built server as a process of its own against a lab, with a PostgreSQL of its own, as an operator would have it.</summary>
internal sealed class BenchServer : IAsyncDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(2);

    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("rb-bench-server-");
    private readonly HttpClient client = new() { Timeout = TimeSpan.FromSeconds(30) };
    private readonly StringBuilder said = new();
    private Process? process;

    private BenchServer()
    {
    }

    public static async Task<BenchServer> StartAsync(BenchLab lab, string program, string workflows, CancellationToken cancellationToken)
    {
        var server = new BenchServer();
        try
        {
            await server.LaunchAsync(lab, program, workflows, cancellationToken);
            return server;
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }
    }

    public async Task<JsonNode> GetAsync(string path, CancellationToken cancellationToken) =>
        await client.GetFromJsonAsync<JsonNode>(new Uri(path, UriKind.Relative), cancellationToken) ?? throw new BenchException($"{path} answered null.");

    /// <summary>Starts a run; its id.</summary>
    public async Task<string> StartRunAsync(string runbook, JsonObject input, CancellationToken cancellationToken)
    {
        using var answer = await client.PostAsJsonAsync(new Uri("/api/runs", UriKind.Relative), new JsonObject { ["runbook"] = runbook, ["input"] = input.DeepClone() }, cancellationToken);
        var text = await answer.Content.ReadAsStringAsync(cancellationToken);
        return answer.IsSuccessStatusCode ? JsonNode.Parse(text)!["id"]!.GetValue<string>() : throw new BenchException($"POST /api/runs: {answer.StatusCode} {text}");
    }

    /// <summary>Starts a run and waits until it is at rest. The server runs on this machine, so both ends are by one clock.</summary>
    public async Task<BenchRun> RunAsync(string runbook, JsonObject input, CancellationToken cancellationToken)
    {
        var posted = DateTimeOffset.UtcNow;
        return await EndOfAsync(await StartRunAsync(runbook, input, cancellationToken), posted, cancellationToken);
    }

    /// <summary>Waits until a run is at rest: it has ended, or needs a person.</summary>
    public async Task<BenchRun> EndOfAsync(string run, DateTimeOffset posted, CancellationToken cancellationToken)
    {
        JsonNode detail = null!;
        await BenchLab.UntilAsync($"run {run} has ended", async () =>
        {
            detail = await GetAsync($"/api/runs/{run}", cancellationToken);
            return detail["run"]!["ended"]!.GetValue<bool>() || detail["run"]!["status"]!.GetValue<string>() == "needsAttention";
        }, cancellationToken);
        var head = detail["run"]!;
        var ended = head["finishedAt"]?.GetValue<DateTimeOffset>() ?? DateTimeOffset.UtcNow;
        return new BenchRun(head["status"]!.GetValue<string>(), head["reason"]?.GetValue<string>(), ended - posted, detail);
    }

    public async ValueTask DisposeAsync()
    {
        client.Dispose();
        if (process is { HasExited: false })
        {
            using (var terminate = Process.Start("kill", ["-TERM", $"{process.Id}"]))
            {
                await terminate.WaitForExitAsync();
            }

            using var limit = new CancellationTokenSource(Limit);
            await process.WaitForExitAsync(limit.Token);
        }

        process?.Dispose();
        folder.Delete(recursive: true);
    }

    private async Task LaunchAsync(BenchLab lab, string program, string workflows, CancellationToken cancellationToken)
    {
        // PostgreSQL runs under an account of its own, and its folder lies in here.
        File.SetUnixFileMode(folder.FullName, (UnixFileMode)0b111_101_101);
        client.BaseAddress = new Uri($"http://127.0.0.1:{FreePort()}");
        string[] settings =
        [
            $"--Data={Path.Combine(folder.FullName, "data")}",
            $"--Server:Urls={client.BaseAddress}",
            $"--Workflows:Folder={workflows}",
            "--Fleet:Driver=libvirt",
            $"--Fleet:File={lab.FleetFile}",
            "--Schedules:0:enabled=false",
        ];
        process = Process.Start(new ProcessStartInfo("dotnet", [program, .. settings]) { UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true })!;
        process.OutputDataReceived += (_, line) => Keep(line.Data);
        process.ErrorDataReceived += (_, line) => Keep(line.Data);
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        EndWithUs(process.Id);
        await BenchLab.UntilAsync("the server is ready", async () =>
        {
            if (process.HasExited)
            {
                throw new BenchException($"The server has ended. {Words()}");
            }

            try
            {
                using var answer = await client.GetAsync(new Uri("/health/ready", UriKind.Relative), cancellationToken);
                return answer.IsSuccessStatusCode;
            }
            catch (HttpRequestException)
            {
                return false;
            }
        }, cancellationToken);
    }

    /// <summary>A bench that is killed leaves no server behind, which takes its PostgreSQL with it.</summary>
    private static void EndWithUs(int server)
    {
        const string Watch = "while kill -0 $1 && kill -0 $2; do sleep 1; done 2>/dev/null; kill -TERM $2 2>/dev/null";
        using var watch = Process.Start(new ProcessStartInfo("sh", ["-c", Watch, "sh", $"{Environment.ProcessId}", $"{server}"]) { UseShellExecute = false })!;
    }

    private void Keep(string? line)
    {
        lock (said)
        {
            _ = said.AppendLine(line);
        }
    }

    private string Words()
    {
        lock (said)
        {
            return $"It said:\n{said}";
        }
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(System.Net.IPAddress.Loopback, 0);
        listener.Start();
        return ((System.Net.IPEndPoint)listener.LocalEndpoint).Port;
    }
}
