using System.Diagnostics;
using System.Net;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Reflection;
using System.Text.Json.Nodes;
using Microsoft.Playwright;

namespace Runbooks.Bench.Studio;

/// <summary>A server of its own with stores in memory, and the system's Chromium.</summary>
internal sealed class StudioServer : IAsyncDisposable
{
    private const int StartWithinSeconds = 60;

    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("runbooks-bench-studio-");
    private Process? process;
    private IPlaywright? playwright;

    private StudioServer()
    {
    }

    public IBrowser Browser { get; private set; } = null!;

    public HttpClient Http { get; } = new();

    public string Url => Http.BaseAddress!.ToString().TrimEnd('/');

    public static async Task<StudioServer> StartAsync(CancellationToken cancellationToken)
    {
        var server = new StudioServer();
        try
        {
            await server.OpenAsync(cancellationToken);
            return server;
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }
    }

    public async Task<JsonNode?> PostAsync(string path, JsonObject body, CancellationToken cancellationToken = default)
    {
        using var answer = await Http.PostAsJsonAsync(path, body, cancellationToken);
        var text = await answer.Content.ReadAsStringAsync(cancellationToken);
        return answer.IsSuccessStatusCode ? JsonNode.Parse(text.Length > 0 ? text : "null") : throw new InvalidOperationException($"{path}: {answer.StatusCode} {text}");
    }

    public async ValueTask DisposeAsync()
    {
        if (Browser is not null)
        {
            await Browser.CloseAsync();
        }

        playwright?.Dispose();
        Http.Dispose();
        if (process is not null)
        {
            process.Kill();
            await process.WaitForExitAsync();
            process.Dispose();
        }

        folder.Delete(recursive: true);
    }

    private async Task OpenAsync(CancellationToken cancellationToken)
    {
        Http.BaseAddress = new Uri($"http://127.0.0.1:{FreePort()}");
        var start = new ProcessStartInfo("dotnet") { WorkingDirectory = Metadata("RepositoryRoot"), UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true };
        string[] arguments = [Metadata("Server"), $"--Server:Urls={Url}", $"--Data={folder.FullName}", "--Database:Kind=memory", "--Simulation:Speed=0", "--Simulation:LinkMiBs=20", "--Schedules:0:enabled=false"];
        foreach (var argument in arguments)
        {
            start.ArgumentList.Add(argument);
        }

        process = Process.Start(start)!;
        process.OutputDataReceived += static (_, _) => { };
        process.ErrorDataReceived += static (_, _) => { };
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        await ReadyAsync(process, cancellationToken);
        playwright = await Playwright.CreateAsync();
        Browser = await playwright.Chromium.LaunchAsync(new BrowserTypeLaunchOptions
        {
            ExecutablePath = Environment.GetEnvironmentVariable("RUNBOOKS_TEST_CHROMIUM") ?? "/usr/bin/chromium",
            Args = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
        });
    }

    private async Task ReadyAsync(Process started, CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(TimeSpan.FromSeconds(StartWithinSeconds));
        while (true)
        {
            try
            {
                if ((await Http.GetFromJsonAsync<JsonNode>("/api/fleet", limit.Token))?["totals"]?["averageLoad"] is not null)
                {
                    return;
                }
            }
            catch (HttpRequestException) when (!started.HasExited)
            {
                // It does not listen yet.
            }

            await Task.Delay(100, limit.Token);
        }
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    private static string Metadata(string key) =>
        typeof(StudioServer).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().First(a => a.Key == key).Value!;
}
