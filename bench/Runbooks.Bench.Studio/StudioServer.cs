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
    private readonly Process process;
    private readonly IPlaywright playwright;

    private StudioServer(Process process, IPlaywright playwright, IBrowser browser, HttpClient http, DirectoryInfo folder)
    {
        this.process = process;
        this.playwright = playwright;
        this.folder = folder;
        Browser = browser;
        Http = http;
    }

    public IBrowser Browser { get; }

    public HttpClient Http { get; }

    public string Url => Http.BaseAddress!.ToString().TrimEnd('/');

    public static async Task<StudioServer> StartAsync(CancellationToken cancellationToken)
    {
        var folder = Directory.CreateTempSubdirectory("runbooks-bench-studio-");
        var url = $"http://127.0.0.1:{FreePort()}";
        var start = new ProcessStartInfo("dotnet") { WorkingDirectory = Metadata("RepositoryRoot"), UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true };
        string[] arguments = [Metadata("Server"), $"--Server:Urls={url}", $"--Data={folder.FullName}", "--Database:Kind=memory", "--Simulation:Speed=0", "--Simulation:LinkMiBs=20", "--Schedules:0:enabled=false"];
        foreach (var argument in arguments)
        {
            start.ArgumentList.Add(argument);
        }

        var process = Process.Start(start)!;
        process.OutputDataReceived += static (_, _) => { };
        process.ErrorDataReceived += static (_, _) => { };
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        var http = new HttpClient { BaseAddress = new Uri(url) };
        await ReadyAsync(http, process, cancellationToken);
        var playwright = await Playwright.CreateAsync();
        var browser = await playwright.Chromium.LaunchAsync(new BrowserTypeLaunchOptions
        {
            ExecutablePath = Environment.GetEnvironmentVariable("RUNBOOKS_TEST_CHROMIUM") ?? "/usr/bin/chromium",
            Args = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
        });
        return new StudioServer(process, playwright, browser, http, folder);
    }

    public async Task<JsonNode?> PostAsync(string path, JsonObject body, CancellationToken cancellationToken = default)
    {
        using var answer = await Http.PostAsJsonAsync(path, body, cancellationToken);
        var text = await answer.Content.ReadAsStringAsync(cancellationToken);
        return answer.IsSuccessStatusCode ? JsonNode.Parse(text.Length > 0 ? text : "null") : throw new InvalidOperationException($"{path}: {answer.StatusCode} {text}");
    }

    public async ValueTask DisposeAsync()
    {
        await Browser.CloseAsync();
        playwright.Dispose();
        Http.Dispose();
        process.Kill();
        await process.WaitForExitAsync();
        process.Dispose();
        folder.Delete(recursive: true);
    }

    private static async Task ReadyAsync(HttpClient http, Process process, CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(TimeSpan.FromSeconds(StartWithinSeconds));
        while (true)
        {
            try
            {
                if ((await http.GetFromJsonAsync<JsonNode>("/api/fleet", limit.Token))?["totals"]?["averageLoad"] is not null)
                {
                    return;
                }
            }
            catch (HttpRequestException) when (!process.HasExited)
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
