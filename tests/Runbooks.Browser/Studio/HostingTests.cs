using System.Net;
using Microsoft.Playwright;

namespace Runbooks.Browser.Studio;

[CollectionDefinition(Name)]
public sealed class StudioCollection : ICollectionFixture<StudioUnderTest>
{
    public const string Name = "one designer";
}

/// <summary>How the designer comes to the browser.</summary>
[Collection(StudioCollection.Name)]
public sealed class HostingTests(StudioUnderTest studio)
{
    private const string Loader = "/studio/3.8.2/_framework/dotnet.js";

    [Theory]
    [InlineData("gzip, deflate, br", "br")]
    [InlineData("gzip, deflate", "gzip")]
    [InlineData("br;q=0, gzip;q=0.5", "gzip")]
    [InlineData("", null)]
    public async Task A_file_is_sent_in_the_smallest_form_that_is_understood(string accepted, string? encoding)
    {
        using var answer = await GetAsync(Loader, r => r.Headers.TryAddWithoutValidation("Accept-Encoding", accepted));

        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.Equal(encoding, answer.Content.Headers.ContentEncoding.SingleOrDefault());
        Assert.Contains("Accept-Encoding", answer.Headers.Vary);
        Assert.Equal("text/javascript", answer.Content.Headers.ContentType!.MediaType);
        Assert.Contains("immutable", answer.Headers.CacheControl!.ToString(), StringComparison.Ordinal);
        Assert.Equal(TimeSpan.FromDays(365), answer.Headers.CacheControl.MaxAge);
    }

    [Fact]
    public async Task Who_has_a_file_is_not_sent_it_again_and_forms_do_not_pass_for_each_other()
    {
        using var packed = await GetAsync(Loader, r => r.Headers.AcceptEncoding.ParseAdd("br"));
        using var again = await GetAsync(Loader, r =>
        {
            r.Headers.AcceptEncoding.ParseAdd("br");
            r.Headers.IfNoneMatch.Add(packed.Headers.ETag!);
        });
        using var other = await GetAsync(Loader, r => r.Headers.IfNoneMatch.Add(packed.Headers.ETag!));

        Assert.False(packed.Headers.ETag!.IsWeak);
        Assert.Equal(HttpStatusCode.NotModified, again.StatusCode);
        Assert.Equal(HttpStatusCode.OK, other.StatusCode);
    }

    [Theory]
    [InlineData("/studio/3.8.2/../../appsettings.json")]
    [InlineData("/studio/3.8.2/..%2f..%2fappsettings.json")]
    [InlineData("/studio/3.8.2/package.json.br")]
    [InlineData("/studio/3.8.2/_framework/dotnet.js.br")]
    [InlineData("/studio/0.0.0/_framework/dotnet.js")]
    [InlineData("/_framework/nothing.js")]
    public async Task Nothing_else_can_be_asked_for(string path)
    {
        using var answer = await GetAsync(path, static _ => { });

        Assert.Equal(HttpStatusCode.NotFound, answer.StatusCode);
    }

    [Theory]
    [InlineData("/workflows/definitions/consolidate/edit", "/runbooks/consolidate")]
    [InlineData("/workflows/instances/abc/view", "/instances/abc")]
    [InlineData("/workflows/definitions", "/runbooks")]
    [InlineData("/diagnostics/structured-logs?workflowInstanceId=abc", "/runs/abc")]
    [InlineData("/studio", "/runbooks")]
    [InlineData("/_content/Elsa.Studio.DomInterop/dom.entry.js", "/studio/3.8.2/_content/Elsa.Studio.DomInterop/dom.entry.js")]
    public async Task Where_the_designer_goes_by_itself_is_a_page_of_ours(string path, string page)
    {
        using var answer = await GetAsync(path, static _ => { });

        Assert.Equal(page, answer.Headers.Location?.ToString());
    }

    [Fact]
    public async Task Scripts_are_made_from_text_nowhere_and_webassembly_is_compiled_on_its_pages_only()
    {
        using var designer = await GetAsync("/runbooks", static _ => { });
        using var console = await GetAsync("/", static _ => { });

        var policy = designer.Headers.GetValues("Content-Security-Policy").Single();
        Assert.DoesNotContain("'unsafe-eval'", policy, StringComparison.Ordinal);
        Assert.DoesNotContain("'unsafe-inline'", policy.Split(';').Single(p => p.Trim().StartsWith("script-src", StringComparison.Ordinal)), StringComparison.Ordinal);
        Assert.DoesNotContain("wasm", console.Headers.GetValues("Content-Security-Policy").Single(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Who_says_their_name_is_known_by_it_afterwards()
    {
        var (page, complaints) = await studio.OpenAsync("/", 1280, 900);
        await page.GetByText("Who are you?").First.ClickAsync();
        await page.Locator("#who input").FillAsync("Zoë Smith");

        await page.Locator("#who .good").ClickAsync();

        await Assertions.Expect(page.Locator(".who")).ToHaveTextAsync("Zoë Smith");
        Assert.Empty(complaints);
    }

    private async Task<HttpResponseMessage> GetAsync(string path, Action<HttpRequestMessage> with)
    {
        using var plain = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false });
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(studio.Url + path, new UriCreationOptions { DangerousDisablePathAndQueryCanonicalization = true }));
        with(request);
        var answer = await plain.SendAsync(request);
        await answer.Content.LoadIntoBufferAsync();
        return answer;
    }
}
