using System.Diagnostics;
using System.Net;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Reflection;
using System.Text.Json.Nodes;
using Microsoft.Playwright;

namespace Runbooks.Browser;

/// <summary>
/// The server as a process of its own, as an operator starts it, and the system's Chromium. The fleet's day stands still
/// at night, stores are in memory, and no schedule starts anything: what happens is what a test does.
/// </summary>
public abstract class ServerAndBrowser : IAsyncLifetime
{
    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("runbooks-console-");
    private Process? server;
    private IPlaywright? playwright;

    public string Url { get; private set; } = "";

    public IBrowser Browser { get; private set; } = null!;

    public HttpClient Http { get; } = new();

    /// <summary>Of the server, beside those that every test has.</summary>
    protected virtual IEnumerable<string> Settings => [];

    /// <summary>Who starts runs where roles matter; null: nobody in particular.</summary>
    protected virtual string? Operator => null;

    protected static string Repository => Metadata("RepositoryRoot");

    public virtual async Task InitializeAsync()
    {
        Url = $"http://127.0.0.1:{FreePort()}";
        var start = new ProcessStartInfo("dotnet") { WorkingDirectory = Repository, UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true };
        string[] usual = [Metadata("Server"), $"--Server:Urls={Url}", $"--Data={folder.FullName}", "--Database:Kind=memory", "--Simulation:Speed=0", "--Schedules:0:enabled=false"];
        foreach (var argument in usual.Concat(Settings))
        {
            start.ArgumentList.Add(argument);
        }

        server = Process.Start(start)!;
        server.OutputDataReceived += static (_, _) => { };
        server.ErrorDataReceived += static (_, _) => { };
        server.BeginOutputReadLine();
        server.BeginErrorReadLine();
        Http.BaseAddress = new Uri(Url);
        await ReadyAsync();
        Assertions.SetDefaultExpectTimeout(20_000);
        playwright = await Playwright.CreateAsync();
        Browser = await playwright.Chromium.LaunchAsync(new BrowserTypeLaunchOptions
        {
            ExecutablePath = Environment.GetEnvironmentVariable("RUNBOOKS_TEST_CHROMIUM") ?? "/usr/bin/chromium",
            Args = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
        });
    }

    public virtual async Task DisposeAsync()
    {
        if (Browser is not null)
        {
            await Browser.CloseAsync();
        }

        playwright?.Dispose();
        Http.Dispose();
        if (server is not null)
        {
            server.Kill();
            await server.WaitForExitAsync();
            server.Dispose();
        }

        folder.Delete(recursive: true);
    }

    /// <summary>A page, and everything that it asked for or complained of.</summary>
    public async Task<(IPage Page, List<string> Complaints)> OpenAsync(string path, int width, int height, ColorScheme scheme = ColorScheme.Light)
    {
        var page = await Browser.NewPageAsync(new BrowserNewPageOptions { ViewportSize = new ViewportSize { Width = width, Height = height }, ColorScheme = scheme });
        var complaints = Listen(page);
        _ = await page.GotoAsync(Url + path);
        return (page, complaints);
    }

    /// <summary>What a page complains of from now on, and what it asks of others than the server.</summary>
    protected List<string> Listen(IPage page)
    {
        ArgumentNullException.ThrowIfNull(page);
        var complaints = new List<string>();
        page.PageError += (_, error) => complaints.Add(error);
        page.Console += (_, message) =>
        {
            if (message.Type is "error" or "warning")
            {
                complaints.Add(message.Text);
            }
        };
        page.Request += (_, request) =>
        {
            if (!request.Url.StartsWith(Url, StringComparison.Ordinal) && !request.Url.StartsWith("data:", StringComparison.Ordinal) && !request.Url.StartsWith("blob:", StringComparison.Ordinal))
            {
                complaints.Add($"asked for {request.Url}");
            }
        };
        return complaints;
    }

    public async Task<string> StartAsync(string runbook, JsonObject input)
    {
        using var answer = await Http.PostAsJsonAsync("/api/runs", new JsonObject { ["runbook"] = runbook, ["input"] = input, ["actor"] = Operator });
        var run = await answer.Content.ReadFromJsonAsync<JsonNode>();
        Assert.True(answer.IsSuccessStatusCode, run?.ToJsonString());
        return run!["id"]!.ToString();
    }

    /// <summary>Keeps a picture for people to look at.</summary>
    public static async Task KeepAsync(IPage page, string name)
    {
        ArgumentNullException.ThrowIfNull(page);
        _ = await page.ScreenshotAsync(new PageScreenshotOptions { Path = Path.Combine(Repository, "artifacts", "screenshots", name + ".png") });
    }

    private async Task ReadyAsync()
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        while (true)
        {
            try
            {
                var fleet = await Http.GetFromJsonAsync<JsonNode>("/api/fleet", limit.Token);
                if (fleet?["totals"]?["averageLoad"] is not null)
                {
                    return;
                }
            }
            catch (HttpRequestException)
            {
                Assert.False(server!.HasExited, "The server has ended before it answered.");
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
        typeof(ServerAndBrowser).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().First(a => a.Key == key).Value!;
}

public sealed class ConsoleUnderTest : ServerAndBrowser;
