using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Microsoft.Playwright;

namespace Runbooks.Browser;

public sealed class MigrationsPageTests(ConsoleUnderTest console) : IClassFixture<ConsoleUnderTest>
{
    [Theory]
    [InlineData("vm03", "host07", 1280, ColorScheme.Light)]
    [InlineData("vm04", "host07", 1920, ColorScheme.Dark)]
    public async Task A_migration_that_has_ended_is_seen_with_what_was_foretold(string vm, string destination, int width, ColorScheme scheme)
    {
        var run = await console.StartAsync("migrate-vm", new JsonObject { ["Vm"] = vm, ["Destination"] = destination });
        await KeptAsync(run);

        var (page, complaints) = await console.OpenAsync("/migrations", width, 1000, scheme);

        var row = page.GetByTestId("last-migrations").Locator("tbody tr").Filter(new LocatorFilterOptions { Has = page.Locator($"a[href='/runs/{run}']") });
        await Assertions.Expect(row).ToContainTextAsync(vm);
        await Assertions.Expect(row).ToContainTextAsync(destination);
        await Assertions.Expect(row.Locator(".status.good")).ToHaveTextAsync("moved");
        await Assertions.Expect(row.Locator("td").Nth(7)).ToContainTextAsync(".");
        await Assertions.Expect(page.Locator(".migration-chart circle")).Not.ToHaveCountAsync(0);
        await ServerAndBrowser.KeepAsync(page, $"migrations-{width}-{scheme}");
        Assert.True(await page.EvaluateAsync<bool>("document.documentElement.scrollWidth <= innerWidth"), "The page is wider than the window.");
        await row.Locator("a").ClickAsync();
        await Assertions.Expect(page.GetByTestId("run-status")).ToContainTextAsync("finished");
        Assert.Empty(complaints);
    }

    /// <summary>The record is written beside the run, so it may come a little later than the run's end.</summary>
    private async Task KeptAsync(string run)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(90));
        while (true)
        {
            var records = await console.Http.GetFromJsonAsync<JsonArray>("/api/migrations?count=100", limit.Token);
            if (records!.Any(r => string.Equals(r!["run"]!.ToString(), run, StringComparison.Ordinal)))
            {
                return;
            }

            await Task.Delay(200, limit.Token);
        }
    }
}
