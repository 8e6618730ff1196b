using System.Text.Json.Nodes;
using Microsoft.Playwright;
using static Runbooks.Browser.Studio.TestDefinitions;

namespace Runbooks.Browser.Studio;

/// <summary>Runbooks are edited in the real designer.</summary>
[Collection(StudioCollection.Name)]
public sealed class EditingTests(StudioUnderTest studio)
{
    private static TimeSpan Bound => TimeSpan.FromSeconds(20);

    [Fact]
    public async Task A_runbook_is_found_changed_saved_as_a_draft_and_published()
    {
        var anna = await studio.OpenAsync(StudioUnderTest.Anna, "/runbooks");
        await anna.Page.GetByRole(AriaRole.Cell, new PageGetByRoleOptions { Name = "Consolidate", Exact = true }).ClickAsync(new LocatorClickOptions { Timeout = 90_000 });
        await anna.Page.WaitForURLAsync("**/runbooks/consolidate");
        await anna.DrawnAsync();
        await anna.KeepAsync("editor");
        await anna.SelectAsync("cordon", "Reason");

        var saved = await anna.SavedAsync(() => anna.WriteAsync("Reason", "Emptied by the night shift."));

        Assert.True(saved.Ok, await saved.TextAsync());
        var draft = await studio.LatestAsync("consolidate");
        Assert.False(draft["isPublished"]!.GetValue<bool>());
        Assert.Equal("Emptied by the night shift.", Find(draft, "cordon")["reason"]!["expression"]!["value"]!.ToString());
        await anna.KeepAsync("draft");

        var published = await anna.SavedAsync(() => anna.Publish.ClickAsync());

        Assert.True(published.Ok, await published.TextAsync());
        await Assertions.Expect(anna.Toast.First).ToBeVisibleAsync();
        await anna.KeepAsync("published");
        var live = await studio.LatestAsync("consolidate");
        Assert.True(live["isPublished"]!.GetValue<bool>());
        Assert.Equal(draft["version"]!.GetValue<int>(), live["version"]!.GetValue<int>());
        _ = await anna.Page.GotoAsync($"{studio.Url}/runbooks/consolidate/versions");
        await Assertions.Expect(anna.Page.Locator("body")).ToContainTextAsync("anna");
        await anna.KeepAsync("versions");
        Assert.Empty(anna.Complaints);
    }

    [Fact]
    public async Task An_activity_of_the_fleet_is_dragged_in_connected_and_filled_from_lists()
    {
        await studio.ImportAsync(Line("drill", "Drill", Activity("start", "Elsa.Start"), Activity("say", "Elsa.WriteLine", "text", "ready")), publish: false);
        var anna = await studio.OpenAsync(StudioUnderTest.Anna, "/runbooks/drill");
        await anna.DrawnAsync();

        _ = await anna.SavedAsync(() => anna.DragInAsync("Runbooks: Hosts", "Cordon host", .55f, .75f));
        await anna.Field("Host").WaitForAsync();
        await anna.KeepAsync("dropped");
        var saved = await anna.SavedAsync(() => anna.ChooseAsync("Host", "host05"));
        Assert.True(saved.Ok, await saved.TextAsync());
        var dropped = Activities(await studio.LatestAsync("drill")).Single(a => a["type"]!.ToString() == "Runbooks.CordonHost")["id"]!.ToString();
        await anna.KeepAsync("filled");
        saved = await anna.SavedAsync(() => anna.ConnectAsync("say", "Done", dropped));

        Assert.True(saved.Ok, await saved.TextAsync());
        await anna.KeepAsync("dragged");
        var kept = await studio.LatestAsync("drill");
        Assert.Equal("host05", Find(kept, dropped)["host"]!["expression"]!["value"]!.ToString());
        Assert.Contains(kept["root"]!["connections"]!.AsArray(), c => c!["source"]!["activity"]!.ToString() == "say" && c["target"]!["activity"]!.ToString() == dropped);
        var published = await anna.SavedAsync(() => anna.Publish.ClickAsync());
        Assert.True(published.Ok, await published.TextAsync());
        Assert.Empty(anna.Complaints);
    }

    [Fact]
    public async Task Who_saves_what_another_has_changed_in_between_is_told_so_and_overwrites_nothing()
    {
        await studio.ImportAsync(Line("shared", "Shared", Activity("start", "Elsa.Start"), Activity("say", "Elsa.WriteLine", "text", "first")), publish: false);
        var anna = await studio.OpenAsync(StudioUnderTest.Anna, "/runbooks/shared");
        var ed = await studio.OpenAsync(StudioUnderTest.Ed, "/runbooks/shared");
        await anna.DrawnAsync();
        await ed.DrawnAsync();
        await ed.SelectAsync("say", "Text");
        Assert.True((await ed.SavedAsync(() => ed.WriteAsync("Text", "what ed says"))).Ok);
        await anna.SelectAsync("say", "Text");

        var refused = await anna.SavedAsync(() => anna.WriteAsync("Text", "what anna says"));

        Assert.Equal(400, refused.Status);
        await Assertions.Expect(anna.Toast.First).ToContainTextAsync("ed");
        await anna.KeepAsync("conflict");
        await Assertions.Expect(anna.Stopped).ToBeHiddenAsync();
        Assert.Equal("what ed says", Find(await studio.LatestAsync("shared"), "say")["text"]!["expression"]!["value"]!.ToString());
        Assert.Empty(ed.Complaints);
    }

    [Theory]
    [InlineData("hasty", false)]
    [InlineData("hasty-and-shared", true)]
    public async Task Who_types_faster_than_the_server_answers_is_in_their_own_way_never_and_overwrites_nobody(string runbook, bool edSavesInBetween)
    {
        await studio.ImportAsync(Line(runbook, runbook, Activity("start", "Elsa.Start"), Activity("say", "Elsa.WriteLine", "text", "first")), publish: false);
        var anna = await studio.OpenAsync(StudioUnderTest.Anna, $"/runbooks/{runbook}");
        await anna.DrawnAsync();
        await anna.SelectAsync("say", "Text");
        var sent = 0;
        var (first, second, statuses) = (new TaskCompletionSource(), new TaskCompletionSource(), new TaskCompletionSource<int>[] { new(), new() });
        await anna.Page.RouteAsync("**/elsa/api/workflow-definitions", async route =>
        {
            // The first save is done, and its answer takes until the second one was sent.
            var number = Interlocked.Increment(ref sent);
            if (number == 2)
            {
                second.SetResult();
            }

            var answer = await route.FetchAsync();
            if (number == 1)
            {
                if (edSavesInBetween)
                {
                    var mine = await studio.LatestAsync(runbook);
                    Find(mine, "say")["text"]!["expression"]!["value"] = "what ed says";
                    await studio.SaveAsync(StudioUnderTest.Ed, mine);
                }

                first.SetResult();
                _ = await Task.WhenAny(second.Task, Task.Delay(10_000));
            }

            await route.FulfillAsync(new RouteFulfillOptions { Response = answer });
            if (number <= statuses.Length)
            {
                statuses[number - 1].SetResult(answer.Status);
            }
        });

        await anna.WriteAsync("Text", "one");
        await first.Task.WaitAsync(Bound);
        await anna.WriteAsync("Text", "two");

        Assert.Equal(200, await statuses[0].Task.WaitAsync(Bound));
        Assert.Equal(edSavesInBetween ? 400 : 200, await statuses[1].Task.WaitAsync(Bound));
        await anna.KeepAsync(runbook);
        Assert.Equal(edSavesInBetween ? "what ed says" : "two", Find(await studio.LatestAsync(runbook), "say")["text"]!["expression"]!["value"]!.ToString());
    }

    [Fact]
    public async Task Who_may_only_read_can_change_nothing()
    {
        var rita = await studio.OpenAsync(StudioUnderTest.Rita, "/runbooks/migrate-vm");
        await rita.DrawnAsync();

        await rita.Node("reserve").ClickAsync();
        await rita.Field("VM").WaitForAsync();

        await rita.KeepAsync("read-only");
        await Assertions.Expect(rita.Page.Locator("#studio")).ToContainTextAsync("read-only");
        await Assertions.Expect(rita.Page.GetByRole(AriaRole.Textbox, new PageGetByRoleOptions { Name = "Name*" })).ToBeDisabledAsync();
        await Assertions.Expect(rita.Page.Locator(".mud-toolbar .mud-switch")).ToHaveCountAsync(0);
        Assert.Empty(rita.Complaints);
    }

    [Fact]
    public async Task What_the_product_does_not_know_is_shown_and_kept_when_the_rest_is_saved()
    {
        var strange = Activity("strange", "Acme.Frobnicate", "level", "11");
        await studio.ImportAsync(Line("foreign", "Foreign", Activity("start", "Elsa.Start"), strange, Activity("say", "Elsa.WriteLine", "text", "done")), publish: false);
        var anna = await studio.OpenAsync(StudioUnderTest.Anna, "/runbooks/foreign");
        await anna.DrawnAsync();

        await Assertions.Expect(anna.Node("strange")).ToContainTextAsync("Acme.Frobnicate");
        await anna.KeepAsync("unknown-activity");
        await anna.SelectAsync("say", "Text");
        Assert.True((await anna.SavedAsync(() => anna.WriteAsync("Text", "changed"))).Ok);

        var kept = await studio.ExportAsync("foreign");
        Assert.Equal("changed", Find(kept, "say")["text"]!["expression"]!["value"]!.ToString());
        Assert.Equal("Acme.Frobnicate", Find(kept, "strange")["type"]!.ToString());
        Assert.Equal("11", Find(kept, "strange")["level"]!["expression"]!["value"]!.ToString());
        Assert.Equal(2, kept["root"]!["connections"]!.AsArray().Count);
        Assert.Empty(anna.Complaints);
    }

    private static IEnumerable<JsonNode> Activities(JsonNode definition) => definition["root"]!["activities"]!.AsArray().Select(a => a!);

    private static JsonNode Find(JsonNode definition, string id) => Activities(definition).Single(a => a["id"]!.ToString() == id);
}
