using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Microsoft.Playwright;

namespace Runbooks.Browser;

public sealed class ConsoleTests(ConsoleUnderTest console) : IClassFixture<ConsoleUnderTest>
{
    [Theory]
    [InlineData(1280, 900, ColorScheme.Light)]
    [InlineData(1920, 1080, ColorScheme.Light)]
    [InlineData(1440, 1000, ColorScheme.Dark)]
    public async Task The_page_shows_every_host_and_vm_without_a_complaint_and_without_scrolling_sideways(int width, int height, ColorScheme scheme)
    {
        var (page, complaints) = await console.OpenAsync("/", width, height, scheme);

        await Assertions.Expect(page.GetByTestId("host")).ToHaveCountAsync(12);
        await Assertions.Expect(page.GetByTestId("vm")).ToHaveCountAsync(60);
        await Assertions.Expect(page.Locator("#live")).ToContainTextAsync("live");
        await ServerAndBrowser.KeepAsync(page, $"fleet-{width}-{scheme}");
        Assert.True(await page.EvaluateAsync<bool>("document.documentElement.scrollWidth <= innerWidth"), "The page is wider than the window.");
        Assert.Empty(complaints);
    }

    [Fact]
    public async Task A_vm_that_a_run_moves_is_seen_moving_and_arriving_without_a_reload()
    {
        var (page, complaints) = await console.OpenAsync("/", 1440, 1000);
        await Assertions.Expect(page.Locator("#live.on")).ToBeVisibleAsync();
        await page.EvaluateAsync("document.documentElement.dataset.same = 'page'");
        await Assertions.Expect(page.Locator("#host-host01 #vm-vm01")).ToBeVisibleAsync();

        _ = await console.StartAsync("migrate-vm", new JsonObject { ["Vm"] = "vm01", ["Destination"] = "host05" });

        await Assertions.Expect(page.GetByTestId("open-run").GetByText("Pre-copy", new LocatorGetByTextOptions { Exact = true })).ToBeVisibleAsync();
        await Assertions.Expect(page.Locator("#vm-vm01.moving")).ToContainTextAsync("host05");
        await ServerAndBrowser.KeepAsync(page, "migration");
        await Assertions.Expect(page.Locator("#host-host05 #vm-vm01")).ToBeVisibleAsync(Patient);
        await Assertions.Expect(page.GetByTestId("recent-run").First).ToContainTextAsync("finished", new LocatorAssertionsToContainTextOptions { Timeout = 30_000 });
        Assert.Equal("page", await page.EvaluateAsync<string>("document.documentElement.dataset.same"));
        Assert.Empty(complaints);
    }

    [Fact]
    public async Task A_run_opens_with_its_steps_and_closes_with_escape()
    {
        var run = await console.StartAsync("migrate-vm", new JsonObject { ["Vm"] = "vm02", ["Destination"] = "host06" });
        var (page, complaints) = await console.OpenAsync("/", 1440, 1000);
        await page.Locator($"#recent-{run} a").ClickAsync(new LocatorClickOptions { Timeout = 30_000 });

        var detail = page.GetByTestId("run-detail");
        await Assertions.Expect(detail.GetByTestId("run-status")).ToContainTextAsync("finished");
        await Assertions.Expect(detail.Locator(".steps li")).Not.ToHaveCountAsync(0);
        await Assertions.Expect(detail.Locator(".stages .done")).ToHaveCountAsync(10);
        await detail.Locator("summary").First.ClickAsync();
        await ServerAndBrowser.KeepAsync(page, "run");
        Assert.EndsWith($"/runs/{run}", page.Url, StringComparison.Ordinal);
        await page.Keyboard.PressAsync("Escape");
        await Assertions.Expect(detail).ToHaveCountAsync(0);
        Assert.Empty(complaints);
    }

    [Fact]
    public async Task A_run_that_failed_says_why()
    {
        var run = await console.StartAsync("migrate-vm", new JsonObject { ["Vm"] = "vm99", ["Destination"] = "host06" });
        var (page, _) = await console.OpenAsync($"/runs/{run}", 1440, 1000);

        await Assertions.Expect(page.GetByTestId("run-status")).ToContainTextAsync("compensated", new LocatorAssertionsToContainTextOptions { Timeout = 30_000 });
        await Assertions.Expect(page.GetByTestId("run-detail")).ToContainTextAsync("vm99 does not run");
        await ServerAndBrowser.KeepAsync(page, "run-compensated");
    }

    [Fact]
    public async Task A_consolidation_empties_a_host_before_the_eyes_of_the_operator()
    {
        var (page, complaints) = await console.OpenAsync("/", 1920, 1080);
        var on = page.GetByTestId("hosts-on");
        await Assertions.Expect(on).ToContainTextAsync("12");

        _ = await console.StartAsync("consolidate", []);

        await Assertions.Expect(page.Locator(".host.held")).ToContainTextAsync("emptying");
        await Assertions.Expect(page.Locator("[id^=child-]").First).ToBeVisibleAsync(Patient);
        await ServerAndBrowser.KeepAsync(page, "consolidation");
        await Assertions.Expect(on).ToContainTextAsync("11", new LocatorAssertionsToContainTextOptions { Timeout = 90_000 });
        await Assertions.Expect(page.GetByTestId("recent-run").First).ToContainTextAsync("consolidate");
        await ServerAndBrowser.KeepAsync(page, "consolidated");
        Assert.Empty(complaints);
    }

    [Fact]
    public async Task The_name_in_an_order_and_the_name_in_the_header_are_one()
    {
        const string Definition = """{ "definitionId": "signed", "name": "Signed", "root": { "id": "S", "type": "Elsa.Sequence", "activities": [ { "id": "w", "type": "Elsa.WriteLine" } ] } }""";
        await PostAsync("/api/runbooks:import", new JsonObject { ["files"] = new JsonArray(new JsonObject { ["name"] = "signed.json", ["json"] = Definition }) });
        await PostAsync("/api/runbooks/signed:publish", []);
        var (page, complaints) = await console.OpenAsync("/runbooks/signed/versions", 1440, 1000);
        var who = page.Locator("[data-who]");
        var dialog = page.Locator("#ask");
        await Assertions.Expect(who).ToHaveTextAsync("Who are you?");
        await Assertions.Expect(page.GetByRole(AriaRole.Radio)).ToHaveCountAsync(0);
        await Assertions.Expect(page.GetByRole(AriaRole.Button, new PageGetByRoleOptions { Name = "Compare" })).ToHaveCountAsync(0);
        await ServerAndBrowser.KeepAsync(page, "versions-single");

        // The name in the header is the name in the order.
        await who.ClickAsync();
        await page.Locator("#who input").FillAsync("Änne");
        await page.GetByText("That's me").ClickAsync();
        await Assertions.Expect(who).ToHaveTextAsync("Änne");
        await page.GetByRole(AriaRole.Button, new PageGetByRoleOptions { Name = "Retract" }).ClickAsync();
        await Assertions.Expect(dialog.Locator("[name=actor]")).ToHaveValueAsync("Änne");
        await ServerAndBrowser.KeepAsync(page, "order-dialog");

        // The name that an order was given in is the name in the header, also where that is asked for next.
        await dialog.Locator("[name=actor]").FillAsync("bert");
        await dialog.Locator("[name=reason]").FillAsync("a test");
        await dialog.GetByText("Do it").ClickAsync();
        await Assertions.Expect(page.GetByText("retracted").First).ToBeVisibleAsync();
        await Assertions.Expect(who).ToHaveTextAsync("bert");
        await ServerAndBrowser.KeepAsync(page, "order-given");
        _ = await page.GotoAsync($"{console.Url}/");
        await Assertions.Expect(who).ToHaveTextAsync("bert");
        await who.ClickAsync();
        await Assertions.Expect(page.Locator("#who input")).ToHaveValueAsync("bert");
        Assert.Empty(complaints);

        async Task PostAsync(string path, JsonObject body)
        {
            (body["actor"], body["reason"]) = ("anna", "a test");
            using var answer = await console.Http.PostAsJsonAsync(path, body);
            Assert.True(answer.IsSuccessStatusCode, await answer.Content.ReadAsStringAsync());
        }
    }

    private static LocatorAssertionsToBeVisibleOptions Patient => new() { Timeout = 30_000 };
}
