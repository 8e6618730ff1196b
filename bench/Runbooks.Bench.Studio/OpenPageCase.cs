using System.Text.Json.Nodes;
using Microsoft.Playwright;

namespace Runbooks.Bench.Studio;

/// <summary>What a page costs that somebody leaves open while 20 runs go on.</summary>
internal static class OpenPageCase
{
    private const int Runs = 20;
    private const double MostPerSecond = 2;
    private static readonly TimeSpan Window = TimeSpan.FromSeconds(20);

    public static async Task RunAsync(StudioServer server, CancellationToken cancellationToken)
    {
        Output.Say($"open-page: requests in {Window.TotalSeconds} s while {Runs} runs are open");
        var runs = new List<string>();
        for (var i = 0; i < Runs; i++)
        {
            var started = await server.PostAsync("/api/runs", new JsonObject { ["runbook"] = "migrate-vm", ["input"] = new JsonObject { ["Vm"] = $"vm{i + 1:00}", ["Destination"] = $"host{(i % 11) + 2:00}", ["BandwidthMiBs"] = 1 } }, cancellationToken);
            runs.Add(started!["id"]!.ToString());
        }

        await MeasureAsync(server, "open-list-20-runs", "/instances", runs, cancellationToken);
        await MeasureAsync(server, "open-viewer-20-runs", $"/instances/{runs[^1]}", runs, cancellationToken);
    }

    private static async Task MeasureAsync(StudioServer server, string name, string path, List<string> runs, CancellationToken cancellationToken)
    {
        await using var context = await server.Browser.NewContextAsync();
        var page = await context.NewPageAsync();
        _ = await page.GotoAsync(server.Url + path);
        await page.Locator("#studio .mud-table, .x6-node").First.WaitForAsync(new LocatorWaitForOptions { Timeout = 90_000 });
        await page.WaitForLoadStateAsync(LoadState.NetworkIdle);
        var requests = 0;
        page.Request += (_, _) => requests++;
        await Task.Delay(Window, cancellationToken);
        var counted = requests;
        var open = 0;
        foreach (var run in runs)
        {
            var detail = JsonNode.Parse(await server.Http.GetStringAsync($"/api/runs/{run}", cancellationToken))!;
            open += detail["run"]!["finishedAt"] is null ? 1 : 0;
        }

        var rate = counted / Window.TotalSeconds;
        Output.Result(new { @case = name, requestsPerSecond = Output.Round(rate), wantedAtMost = MostPerSecond, runsStillOpen = open, ok = rate <= MostPerSecond });
    }
}
