using System.Diagnostics;
using Microsoft.Playwright;

namespace Runbooks.Bench.Studio;

/// <summary>Bytes that come over the wire when the editor is opened, the first time and again.</summary>
internal static class WireCase
{
    private const double MostColdMB = 9.5;
    private const double MostAgainMB = 0.5;
    private const int StartWithinMs = 90_000;

    public static async Task RunAsync(StudioServer server)
    {
        await using var context = await server.Browser.NewContextAsync();
        await OpenAsync(server, context, "editor-cold", MostColdMB);
        await OpenAsync(server, context, "editor-second-visit", MostAgainMB);
    }

    private static async Task OpenAsync(StudioServer server, IBrowserContext context, string name, double wanted)
    {
        Output.Say($"{name}: bytes on the wire until the drawing is there and nothing more comes");
        var page = await context.NewPageAsync();
        var protocol = await context.NewCDPSessionAsync(page);
        _ = await protocol.SendAsync("Network.enable");
        var bytes = 0.0;
        var requests = 0;
        protocol.Event("Network.loadingFinished").OnEvent += (_, e) =>
        {
            var length = e!.Value.GetProperty("encodedDataLength").GetDouble();
            bytes += length;
            requests += length > 0 ? 1 : 0;
        };
        var clock = Stopwatch.StartNew();
        _ = await page.GotoAsync($"{server.Url}/runbooks/consolidate");
        await page.Locator(".x6-node").First.WaitForAsync(new LocatorWaitForOptions { Timeout = StartWithinMs });
        var drawn = clock.Elapsed;
        await page.WaitForLoadStateAsync(LoadState.NetworkIdle);
        Output.Result(new { @case = name, megabytes = Output.Round(bytes / 1e6), wantedAtMost = wanted, requests, secondsUntilDrawn = Output.Round(drawn.TotalSeconds, 1), ok = bytes / 1e6 <= wanted });
        await page.CloseAsync();
    }
}
