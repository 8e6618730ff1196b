using Microsoft.Playwright;

namespace Runbooks.Browser.Studio;

/// <summary>A page with Elsa Studio on it, in the words of somebody who uses it.</summary>
/// <param name="page">The page.</param>
/// <param name="complaints">What the browser complained of.</param>
public sealed class StudioPage(IPage page, List<string> complaints)
{
    /// <summary>
    /// What Studio itself says when all is well: a connection has little room and is drawn another way; news of a step came
    /// that is inside of another, and not on the drawing.
    /// </summary>
    private static readonly string[] Usual = ["manhattan algorithm", "Could not find node with ID", "Could not find wrapper element with ID"];

    private const int StartWithinMs = 90_000;

    public IPage Page => page;

    public ILocator Save => Tool(3);

    public ILocator Publish => Tool(5);

    public ILocator Run => page.Locator(".mud-toolbar").Last.Locator("button").Last;

    public IEnumerable<string> Complaints => complaints.Where(c => !Array.Exists(Usual, u => c.Contains(u, StringComparison.Ordinal)));

    public ILocator Stopped => page.Locator("#blazor-error-ui");

    public ILocator Toast => page.Locator(".mud-snackbar");

    public ILocator Node(string id) => page.Locator($".x6-node[data-cell-id='{id}']");

    public ILocator Badge(string id) => Node(id).Locator(".mud-badge");

    /// <summary>Waits until the drawing is there, and shows all of it.</summary>
    public async Task DrawnAsync()
    {
        await page.Locator(".x6-node").First.WaitForAsync(new LocatorWaitForOptions { Timeout = StartWithinMs });
        await Assertions.Expect(page.Locator(".x6-edge").First).ToBeAttachedAsync();
        await FitAsync();
    }

    public async Task FitAsync()
    {
        await Tool(0).ClickAsync();
        await page.Mouse.MoveAsync(5, 5);
    }

    /// <summary>Selects a node and waits for its inputs.</summary>
    public async Task SelectAsync(string id, string input)
    {
        // Beside the ports, which start a connection.
        await Node(id).ClickAsync();
        await Field(input).WaitForAsync();
    }

    /// <summary>The field of an input or property with this label.</summary>
    public ILocator Field(string label) => page.Locator($".mud-input-control:has(label:text-is(\"{label}\"))").First;

    public async Task WriteAsync(string label, string text)
    {
        var field = Field(label).Locator("input, textarea").First;
        await field.FillAsync(text);
        await field.PressAsync("Tab");
    }

    /// <summary>Chooses from a list; the item is the one that contains the text.</summary>
    public async Task ChooseAsync(string label, string text)
    {
        await Field(label).ClickAsync();
        await page.Locator(".mud-popover-open .mud-list-item-extended", new PageLocatorOptions { HasText = text }).First.ClickAsync();
    }

    /// <summary>Does something that makes Studio save, and waits for the server's answer.</summary>
    public async Task<IResponse> SavedAsync(Func<Task> change) =>
        await page.RunAndWaitForResponseAsync(change, r => r.Request.Method == "POST" && new Uri(r.Url).AbsolutePath.EndsWith("/workflow-definitions", StringComparison.Ordinal));

    /// <summary>Drags an activity from the toolbox; the place is a share of the drawing's width and height.</summary>
    public async Task DragInAsync(string category, string activity, float x, float y)
    {
        await page.Locator(".mud-expand-panel-text", new PageLocatorOptions { HasText = category }).ClickAsync();
        var graph = (await page.Locator(".x6-graph").BoundingBoxAsync())!;
        await page.Locator("[draggable=true]", new PageLocatorOptions { HasText = activity }).First
            .DragToAsync(page.Locator(".x6-graph"), new LocatorDragToOptions { TargetPosition = new TargetPosition { X = graph.Width * x, Y = graph.Height * y } });
    }

    /// <summary>Draws a connection with the mouse.</summary>
    public async Task ConnectAsync(string from, string outcome, string to)
    {
        var source = await Node(from).Locator($"[port='{outcome}']").BoundingBoxAsync();
        var target = await Node(to).Locator("[port-group='in']").BoundingBoxAsync();
        await page.Mouse.MoveAsync(source!.X + (source.Width / 2), source.Y + (source.Height / 2));
        await page.Mouse.DownAsync();
        await page.Mouse.MoveAsync(target!.X - 30, target.Y - 10, new MouseMoveOptions { Steps = 8 });
        await page.Mouse.MoveAsync(target.X + (target.Width / 2), target.Y + (target.Height / 2), new MouseMoveOptions { Steps = 8 });
        await page.Mouse.UpAsync();
    }

    public Task KeepAsync(string name) => ServerAndBrowser.KeepAsync(page, $"studio-{name}");

    private ILocator Tool(int place) => page.Locator(".mud-toolbar").Last.Locator("button").Nth(place);
}
