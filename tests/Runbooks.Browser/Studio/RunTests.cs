using System.Text.Json.Nodes;
using Microsoft.Playwright;
using static Runbooks.Browser.Studio.TestDefinitions;

namespace Runbooks.Browser.Studio;

/// <summary>Runs are started from the real designer and looked at in its viewer.</summary>
[Collection(StudioCollection.Name)]
public sealed class RunTests(StudioUnderTest studio)
{
    private static readonly LocatorAssertionsToBeVisibleOptions Patient = new() { Timeout = 60_000 };

    [Fact]
    public async Task A_run_that_is_started_in_the_editor_is_watched_in_the_viewer_without_a_reload()
    {
        var anna = await studio.OpenAsync(StudioUnderTest.Anna, "/runbooks/consolidate");
        await anna.DrawnAsync();
        var started = await anna.Page.RunAndWaitForResponseAsync(() => anna.Run.ClickAsync(), r => r.Url.EndsWith("/execute", StringComparison.Ordinal));
        Assert.True(started.Ok, $"{started.Status} {started.StatusText}");
        var run = started.Headers["x-elsa-workflow-instance-id"];
        await anna.KeepAsync("started");

        await anna.Page.WaitForURLAsync($"**/instances/{run}");
        await anna.DrawnAsync();
        await anna.Page.EvaluateAsync("document.documentElement.dataset.same = 'page'");

        await Assertions.Expect(anna.Badge("cordon")).ToBeVisibleAsync(Patient);
        await anna.KeepAsync("running");
        await Assertions.Expect(anna.Badge("uncordon")).ToBeVisibleAsync(Patient);
        await Assertions.Expect(anna.Page.Locator("#studio")).ToContainTextAsync("Finished", new LocatorAssertionsToContainTextOptions { Timeout = 60_000 });
        await anna.KeepAsync("finished");
        Assert.Equal("page", await anna.Page.EvaluateAsync<string>("document.documentElement.dataset.same"));
        Assert.Empty(anna.Complaints);
    }

    [Fact]
    public async Task A_run_that_was_undone_shows_where_it_failed_and_leads_to_the_way_back()
    {
        await studio.ImportAsync(Line("undone", "Undone", Activity("start", "Elsa.Start"), Activity("cordon", "Runbooks.CordonHost", "host", "host09"), Activity("fail", "Elsa.Fault", "message", "It was not meant to be.")), publish: true);
        var run = await studio.StartAsync("undone", []);
        _ = await studio.RunAsync(run, r => r["status"]!.ToString() == "compensated");

        var anna = await studio.OpenAsync(StudioUnderTest.Anna, $"/instances/{run}");
        await anna.DrawnAsync();

        await Assertions.Expect(anna.Badge("fail")).ToBeVisibleAsync();
        await Assertions.Expect(anna.Badge("cordon")).ToBeVisibleAsync();
        await anna.Page.GetByText("Incidents", new PageGetByTextOptions { Exact = true }).First.ClickAsync();
        await Assertions.Expect(anna.Page.Locator("#studio")).ToContainTextAsync("It was not meant to be.");
        await anna.KeepAsync("compensated");
        await anna.Page.GetByText("Steps, orders and the way back").ClickAsync();
        await Assertions.Expect(anna.Page.GetByTestId("undo")).ToContainTextAsync("cordon");
        await anna.Page.GetByText("In the designer").ClickAsync();
        await anna.Page.WaitForURLAsync($"**/instances/{run}");
        Assert.Empty(anna.Complaints);
    }

    [Fact]
    public async Task A_run_that_an_error_stopped_shows_the_error()
    {
        await studio.ImportAsync(Line("mistaken", "Mistaken", Activity("start", "Elsa.Start"), Script("wrong", "nothing.at.all")), publish: true);
        var run = await studio.StartAsync("mistaken", []);
        _ = await studio.RunAsync(run, r => r["status"]!.ToString() is "faulted" or "compensated");

        var anna = await studio.OpenAsync(StudioUnderTest.Anna, $"/instances/{run}");
        await anna.DrawnAsync();

        await Assertions.Expect(anna.Badge("wrong")).ToBeVisibleAsync();
        await Assertions.Expect(anna.Page.Locator("#studio")).ToContainTextAsync("Faulted");
        await anna.KeepAsync("faulted");
        Assert.Empty(anna.Complaints);
    }

    [Fact]
    public async Task The_list_of_runs_leads_to_the_viewer()
    {
        var run = await studio.StartAsync("migrate-vm", new JsonObject { ["Vm"] = "vm98", ["Destination"] = "host03" });
        var anna = await studio.OpenAsync(StudioUnderTest.Anna, "/instances");

        await anna.Page.GetByText(run).ClickAsync(new LocatorClickOptions { Timeout = 60_000 });

        await anna.Page.WaitForURLAsync($"**/instances/{run}");
        await anna.DrawnAsync();
        Assert.Empty(anna.Complaints);
    }

    [Fact]
    public async Task An_order_of_somebody_who_may_not_give_it_is_refused_in_the_question_with_the_role()
    {
        var run = await studio.StartAsync("migrate-vm", new JsonObject { ["Vm"] = "vm98", ["Destination"] = "host03" });
        _ = await studio.RunAsync(run, r => r["status"]!.ToString() is "faulted" or "compensated");
        var rita = (await studio.OpenAsync(StudioUnderTest.Rita, $"/runs/{run}")).Page;

        await rita.GetByTestId("orders").GetByText("Start again").ClickAsync();
        var question = rita.Locator("#ask");
        await Assertions.Expect(question.Locator("[name=actor]")).ToHaveValueAsync(StudioUnderTest.Rita);
        await question.Locator("[name=reason]").FillAsync("to try");
        await question.GetByText("Do it").ClickAsync();

        await Assertions.Expect(question.Locator("output")).ToHaveTextAsync("rita may not do this: it takes the role 'operator' or 'publisher' (setting Access:People:rita).");
        await ServerAndBrowser.KeepAsync(rita, "order-refused");
    }

    private static JsonObject Script(string id, string code)
    {
        var activity = Activity(id, "Elsa.SetName", "value", code);
        activity["value"]!["expression"]!["type"] = "JavaScript";
        return activity;
    }
}
