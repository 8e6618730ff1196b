using Microsoft.Playwright;

namespace Runbooks.Bench.Studio;

/// <summary>Draws each shipped runbook as the designer shows it, for its page in the documentation.</summary>
internal static class Pictures
{
    private const int Width = 2500;
    private const int Height = 900;
    private const int Margin = 24;

    public static async Task TakeAsync(StudioServer server, string folder)
    {
        _ = Directory.CreateDirectory(folder);
        await using var context = await server.Browser.NewContextAsync(new BrowserNewContextOptions { ViewportSize = new ViewportSize { Width = Width, Height = Height }, DeviceScaleFactor = 2 });
        var page = await context.NewPageAsync();
        foreach (var runbook in new[] { "migrate-vm", "scale-vm", "convert-vm", "evacuate-host", "consolidate" })
        {
            _ = await page.GotoAsync($"{server.Url}/runbooks/{runbook}");
            await page.Locator(".x6-node").First.WaitForAsync(new LocatorWaitForOptions { Timeout = 90_000 });
            await page.WaitForLoadStateAsync(LoadState.NetworkIdle);
            await page.Locator(".mud-toolbar").Last.Locator("button").First.ClickAsync();
            await page.Mouse.MoveAsync(5, 5);
            await page.Locator(".mud-tooltip.mud-popover-open").First.WaitForAsync(new LocatorWaitForOptions { State = WaitForSelectorState.Hidden });
            var path = Path.Combine(folder, $"{runbook}.png");
            _ = await page.ScreenshotAsync(new PageScreenshotOptions { Path = path, Clip = await AroundAsync(page) });
            Output.Say($"{path}: {new FileInfo(path).Length / 1024} KiB");
        }
    }

    /// <summary>All nodes and lines, and some air.</summary>
    private static async Task<Clip> AroundAsync(IPage page)
    {
        var graph = (await page.Locator(".x6-graph").BoundingBoxAsync())!;
        var (top, bottom) = (graph.Y + graph.Height, graph.Y);
        foreach (var cell in await page.Locator(".x6-cell").AllAsync())
        {
            if (await cell.BoundingBoxAsync() is { } box)
            {
                top = Math.Min(top, box.Y);
                bottom = Math.Max(bottom, box.Y + box.Height);
            }
        }

        top = Math.Max(graph.Y, top - Margin);
        bottom = Math.Min(graph.Y + graph.Height, bottom + Margin);
        return new Clip { X = graph.X, Y = top, Width = graph.Width, Height = bottom - top };
    }
}
